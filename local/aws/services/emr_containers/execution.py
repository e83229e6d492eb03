"""One job run being carried out: the image, the driver's process, its end in a sentence."""

import json
import logging
import shlex
import shutil
import threading
from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from local.aws.runtime.container import Container, ContainerSpec
from local.aws.runtime.images import ImageBuildFailed, UnknownImageError
from local.aws.services.emr_containers import context, driver
from local.aws.services.emr_containers.job_logs import JobLogs
from local.aws.services.emr_containers.records import MAX_DETAILS, JobRun, now

log = logging.getLogger(__name__)

POLL_SECONDS = 0.05
IMAGE_PROPERTIES = ("spark.kubernetes.driver.container.image", "spark.kubernetes.container.image")
DEFAULT_IMAGE = "spark"
MINUTE = 60


class CancelledError(Exception):
    """Somebody asked for the end."""


class AbandonedError(Exception):
    """The server is going away; the next start says what became of the job run."""


class FailedError(Exception):
    """The job run is over; the message leads its ``stateDetails``."""

    def __init__(self, message: str, reason: str = "USER_ERROR") -> None:
        super().__init__(message)
        self.reason = reason


class Execution:
    """Executes `job`."""

    def __init__(self, job: JobRun) -> None:
        self.job = job
        self.clients = context.current().acting_for(job.arn)
        self.root = context.current().scratch / job.id
        self._ended = threading.Event()
        self._cancelled = threading.Event()
        self._abandoned = threading.Event()

    def stop(self) -> None:
        """Ends it as Kubernetes does: SIGTERM, some time, SIGKILL."""
        self._cancelled.set()

    def abandon(self) -> None:
        """Ends the processes at once and leaves the state alone."""
        self._abandoned.set()

    def execute(self) -> None:
        """Runs it to its end. Every outcome is a state; nothing is raised."""
        try:
            self._check()
            self._run()
        except AbandonedError:
            log.info("%s was running when the local AWS stopped.", self.job.arn)
        except CancelledError:
            self.job.end("CANCELLED", "JobRun CANCELLED successfully.")
        except FailedError as error:
            self.job.end("FAILED", str(error), failureReason=error.reason)
        except Exception as error:
            if not self._abandoned.is_set():  # What a dying server refuses is no failure of the job run.
                log.exception("%s failed", self.job.arn)
                details = f"The local AWS failed, not the job: {type(error).__name__}: {error}"
                self.job.end("FAILED", details, failureReason="INTERNAL_ERROR")
        finally:
            shutil.rmtree(self.root, ignore_errors=True)

    def _run(self) -> None:
        self.job.move("SUBMITTED")
        spec = self._spec()
        self._check()
        started = now()
        self.job.move("RUNNING")
        for attempt in range(1, self.job.max_attempts + 1):
            self._note(attempt)
            code = self._attempt(spec)
            if code == 0:
                break
            if attempt == self.job.max_attempts:
                raise FailedError(self._details(spec, code))
        seconds = round((now() - started).total_seconds())
        self.job.end("COMPLETED", f"JobRun completed successfully. It ran for {_duration(seconds)}")

    def _note(self, attempt: int) -> None:
        if self.job.request.get("retryPolicyConfiguration"):
            self.job.update(retryPolicyExecution={"currentAttemptCount": attempt})
        if attempt > 1:
            self.job.announce("EMR Job Run New Driver Attempt", currentAttemptCount=attempt)

    def _attempt(self, spec: ContainerSpec) -> int:
        """The exit code of the driver."""
        spec.base.joinpath("output").mkdir(parents=True, exist_ok=True)
        driver.message(spec.base).unlink(missing_ok=True)
        logs = JobLogs(self.job, self.clients, self.root)
        try:
            return self._watch(Container(spec, logs.take))
        finally:
            try:
                logs.close()
            except (ClientError, BotoCoreError, OSError) as error:
                log.warning("The logs of %s are not in S3: %s", self.job.arn, error)

    def _watch(self, container: Container) -> int:
        asked = False
        try:
            while container.running:
                self._abandoned.wait(POLL_SECONDS)
                if self._abandoned.is_set():
                    raise AbandonedError
                if self._cancelled.is_set() and not asked:
                    asked = True
                    container.stop()
        finally:
            container.kill()
            code = container.wait()
        self._check()
        return code

    def _check(self) -> None:
        if self._abandoned.is_set():
            raise AbandonedError
        if self._cancelled.is_set():
            raise CancelledError

    def _spec(self) -> ContainerSpec:
        images = context.current().images
        try:
            image = images.resolve(self._image())
            environment = images.ensure(image)
        except UnknownImageError as error:
            raise FailedError(str(error), "VALIDATION_ERROR") from error
        except ImageBuildFailed as error:
            raise FailedError(str(error), "INTERNAL_ERROR") from error
        self.root.mkdir(parents=True, exist_ok=True)
        request = self.root / "request.json"
        request.write_text(json.dumps({"command": self._command(), "configuration": self._configuration()}))
        return ContainerSpec(
            image,
            environment,
            self.root / "driver",
            ["python", driver.__file__, str(request)],
            self.clients.container_environment(self.job.region),
        )

    def _command(self) -> list[str]:
        submit = self.job.request["jobDriver"]["sparkSubmitJobDriver"]
        return [*self._parameters(), submit["entryPoint"], *(submit.get("entryPointArguments") or [])]

    def _parameters(self) -> list[str]:
        submit = self.job.request["jobDriver"]["sparkSubmitJobDriver"]
        return shlex.split(submit.get("sparkSubmitParameters") or "")

    def _configuration(self) -> list[dict[str, Any]]:
        return [_capitalised(entry) for entry in self.job.overrides.get("applicationConfiguration") or []]

    def _image(self) -> str:
        properties = dict(self._properties())
        return next((properties[name] for name in IMAGE_PROPERTIES if name in properties), DEFAULT_IMAGE)

    def _properties(self) -> Iterator[tuple[str, str]]:
        """Spark's properties in the request, those that count last."""
        for entry in self._configuration():
            if entry["Classification"] == "spark-defaults":
                yield from entry["Properties"].items()
        words = self._parameters()
        for option, value in pairwise(words):
            if option == "--conf":
                name, _, setting = value.partition("=")
                yield name, setting

    def _details(self, spec: ContainerSpec, code: int) -> str:
        """The job's own sentence first, whole if there is room for it."""
        file = driver.message(spec.base)
        said = file.read_text(errors="replace").strip() if file.is_file() else ""
        where = f" (the main Spark container terminated with exit code {code}; see its logs)"
        return f"{said[: MAX_DETAILS - len(where)]}{where}".strip()


def _capitalised(entry: Mapping[str, Any]) -> dict[str, Any]:
    """A classification as EMR on EC2 and SageMaker spell it, which the Spark image reads."""
    return {
        "Classification": entry["classification"],
        "Properties": dict(entry.get("properties") or {}),
        "Configurations": [_capitalised(nested) for nested in entry.get("configurations") or []],
    }


def _duration(seconds: int) -> str:
    minutes, rest = divmod(seconds, MINUTE)
    return f"{minutes} Minutes {rest} Seconds" if minutes else f"{rest} Seconds"
