"""Runs a training job: channels in, one program per host, model and output out."""

import threading
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

from local.aws.runtime.container import ContainerSpec
from local.aws.runtime.continuous import ContinuousUpload
from local.aws.runtime.images import Image
from local.aws.runtime.logs import MetricScraper
from local.aws.runtime.pipes import PipeFeeder
from local.aws.runtime.transfer import S3Uri
from local.aws.services.sagemaker import artifacts, channels, checkpoints, tensorboard
from local.aws.services.sagemaker.delivery import FAILED, Delivery
from local.aws.services.sagemaker.objective import OBJECTIVE_METRIC
from local.aws.services.sagemaker.records import TrainingJob, now
from local.aws.services.sagemaker.run import (
    JobFailedError,
    JobRun,
    JobStoppedError,
    TimeIsUpError,
    remove,
    resource_config,
    write_json,
)
from local.aws.services.sagemaker.spot import Allowance

if TYPE_CHECKING:
    from datetime import datetime

PREPARING = "Preparing the instances for training"


class SpotInterruptedError(Exception):
    """The instances were taken away."""


class WaitIsOverError(TimeIsUpError):
    """A spot job waited and ran longer than its stopping condition allows."""


class TrainingRun(JobRun):
    """A `CreateTrainingJob` request being carried out, in AWS's order of secondary statuses.

    A spot job that is interrupted starts again, on new hosts that have its last checkpoints:
    https://docs.aws.amazon.com/sagemaker/latest/dg/model-managed-spot-training-status.html
    """

    log_group = "/aws/sagemaker/TrainingJobs"
    job: TrainingJob

    def __init__(self, job: TrainingJob, request: Mapping[str, Any]) -> None:
        super().__init__(job, request)
        resources = request["ResourceConfig"]
        self.instance_type = resources.get("InstanceType", "ml.m5.large")
        self.hosts = [f"algo-{n + 1}" for n in range(resources.get("InstanceCount", 1))]
        self.output = S3Uri.parse(request["OutputDataConfig"]["S3OutputPath"].rstrip("/")).child(
            f"{job.name}/output"
        )
        self._is_spot = bool(request.get("EnableManagedSpotTraining"))
        self._allowance = Allowance(request.get("StoppingCondition") or {})
        definitions = request["AlgorithmSpecification"].get("MetricDefinitions") or []
        objective = (request.get("HyperParameters") or {}).get(OBJECTIVE_METRIC)
        self._metrics = MetricScraper(definitions, followed=objective)
        job.objective_values = self._metrics.series
        self._delivery = Delivery(self.context, job.region, request)
        self._interruption = threading.Event()
        self._attempts = 0
        self._seconds_of_attempts = 0.0
        self._began: datetime | None = None
        self._over = TimeIsUpError()

    def interrupt(self) -> None:
        """Takes the instances of a spot job away, if its program runs; it starts again on others."""
        self._interruption.set()

    def run(self) -> None:
        """The steps of the job, in order."""
        image, venv = self.prepare_image(self.request["AlgorithmSpecification"]["TrainingImage"])
        try:
            while True:
                try:
                    self._attempt(image, venv)
                    break
                except SpotInterruptedError:
                    self._start_again()
        except TimeIsUpError as error:
            self._over = error
            raise
        self._check()
        self._finish("Completed", "Completed", "Training job completed")

    def stopped(self) -> None:
        """Records that somebody ended it."""
        self._finish("Stopped", "Stopped", "Training job stopped")

    def timed_out(self) -> None:
        """Records that it ran, or waited, too long, and which pipe it was that nobody read."""
        limit, secondary = "MaxRuntimeInSeconds", "MaxRuntimeExceeded"
        if isinstance(self._over, WaitIsOverError):
            limit, secondary = "MaxWaitTimeInSeconds", "MaxWaitTimeExceeded"
            self.job.step("Stopping", "Stopping the training job", "Stopping")
        message = f"Training job runtime exceeded {limit} provided"
        self._finish("Stopped", secondary, ". ".join(filter(None, [message, str(self._over)])))

    def failed(self, reason: str) -> None:
        """Records why it failed."""
        self._finish("Failed", "Failed", "Training job failed", FailureReason=reason[:1024])

    def _attempt(self, image: Image, venv: Path) -> None:
        """One start of the program, on every host, up to its model in S3.

        Raises:
            SpotInterruptedError: the checkpoints are in S3, and all else is gone.
            UploadError, ClientError: S3 refuses the checkpoints of a program that ended well.
        """
        self._check_time()
        self._began = now()
        start = self.job.description.get("TrainingStartTime", self._began)
        self.job.step("Downloading", "Downloading input data", TrainingStartTime=start)
        for index, host in enumerate(self.hosts):
            self._fill(host, index)
        client, bases = self.context.s3(self.job.region), [self._base(host) for host in self.hosts]
        saved = checkpoints.restore(client, self.request.get("CheckpointConfig"), bases)
        board = self.request.get("TensorBoardOutputConfig")
        saved += tensorboard.uploads(client, board, self.job.name, bases)
        ended: Exception | None = None
        try:
            self._raise_failure(self._train(image, venv, saved))
        except (JobStoppedError, TimeIsUpError) as error:
            # What a stopped job has saved so far is kept, as on AWS.
            ended = error
        finally:
            self.job.update(FinalMetricDataList=self._metrics.final())
            refused = self.finish_uploads(saved)
        if ended is None:
            self.job.step("Uploading", "Uploading generated training model")
        self._upload(even_nothing=ended is None)
        if outcome := ended or refused:
            raise outcome

    def _train(self, image: Image, venv: Path, saved: list[ContinuousUpload]) -> dict[str, int]:
        """Exit codes of the hosts' programs, that which ended first coming first."""
        specs = {host: self._spec(host, image, venv) for host in self.hosts}
        with ExitStack() as stack:
            stack.callback(self._check_read_only)
            pipes = self._pipes()
            for pipe in pipes:
                stack.callback(pipe.close)
                pipe.start()
            self._interruption.clear()
            self._check()
            self.job.step("Training", "Training image download completed. Training in progress.")
            self._allowance.start()
            stack.callback(self._allowance.pause)
            codes = self.run_containers(specs, self._metrics.read, saved, lambda: self._end(pipes))
        # A program may have taken a channel that broke off for one that has ended.
        if broken := _broken(pipes):
            raise broken
        return codes

    def _end(self, pipes: list[PipeFeeder]) -> Exception | None:
        """What ends the programs now, other than themselves and a request to stop."""
        if broken := _broken(pipes):
            return broken
        if self._allowance.has_waited:
            return WaitIsOverError(_held_up(pipes))
        if self._allowance.has_run:
            return TimeIsUpError(_held_up(pipes))
        return SpotInterruptedError() if self._is_interrupted() else None

    def _check_read_only(self) -> None:
        """A body of S3 that was written into stays so: however the program ended, the job failed."""
        if changed := self._delivery.changed():
            channel, uri = changed
            raise JobFailedError(
                f"AlgorithmError: Channel {channel} is read-only, and the program changed {uri}"
            )

    def _is_interrupted(self) -> bool:
        due = self.context.market.interruptions[self._attempts : self._attempts + 1]
        return self._is_spot and (
            self._interruption.is_set() or any(self._allowance.elapsed > s for s in due)
        )

    def _start_again(self) -> None:
        """After an interruption: nothing of the old hosts is left, and new ones are there at once."""
        self._seconds_of_attempts += self._seconds_since_began()
        self._began = None
        self._attempts += 1
        self.job.step("Interrupted", "The spot instances of the training job were interrupted")
        self.new_streams()
        remove(self.root)
        self._check()
        self.job.step("Starting", PREPARING)

    def _check_time(self) -> None:
        self._check()
        if self._allowance.has_waited:
            raise WaitIsOverError
        if self._allowance.has_run:
            raise TimeIsUpError

    def _finish(self, status: str, secondary: str, message: str, **changes: Any) -> None:
        """Billable seconds are those of one instance, as on AWS: the reader multiplies by `InstanceCount`."""
        end = now()
        if "TrainingStartTime" in self.job.description:
            seconds = max(1, round(self._seconds_of_attempts + self._seconds_since_began()))
            billable = self.context.market.billable(seconds) if self._is_spot else seconds
            changes |= {"TrainingTimeInSeconds": seconds, "BillableTimeInSeconds": billable}
        self.job.step(secondary, message, status, TrainingEndTime=end, **changes)

    def _seconds_since_began(self) -> float:
        """Of this attempt; 0 between two."""
        return 0.0 if self._began is None else (now() - self._began).total_seconds()

    def _base(self, host: str) -> Path:
        return self.root / host / "opt" / "ml"

    def _fill(self, host: str, index: int) -> None:
        """Writes the configuration and brings the channels of one host."""
        base = self._base(host)
        config = base / "input" / "config"
        data = {
            channel["ChannelName"]: channels.config_of(self.request, channel)
            for channel in self.request.get("InputDataConfig") or []
        }
        write_json(config / "hyperparameters.json", self.request.get("HyperParameters") or {})
        write_json(config / "inputdataconfig.json", data)
        write_json(config / "resourceconfig.json", resource_config(host, self.hosts, self.instance_type))
        for folder in ("model", "output/data", "checkpoints"):
            (base / folder).mkdir(parents=True, exist_ok=True)
        try:
            self._delivery.bring(base / "input" / "data", index, self._check)
        except LookupError as error:
            raise JobFailedError(f"{FAILED}{error}") from error

    def _pipes(self) -> list[PipeFeeder]:
        try:
            return [
                pipe
                for index, host in enumerate(self.hosts)
                for pipe in self._delivery.pipes(
                    self._base(host) / "input" / "data", index, self._writer(host)
                )
            ]
        except LookupError as error:
            raise JobFailedError(f"{FAILED}{error}") from error

    def _writer(self, host: str) -> Callable[[str], None]:
        return lambda line: self.stream(host).write(line)

    def _spec(self, host: str, image: Image, venv: Path) -> ContainerSpec:
        algorithm = self.request["AlgorithmSpecification"]
        command = list(algorithm.get("ContainerEntrypoint") or [])
        if not command:
            program = image.program("train")
            if program is None:
                raise JobFailedError(
                    f"ClientError: Image {image.name} has no train program: it is not for training."
                )
            command = ["python", str(program)]
        environment = self.environment()
        environment |= {"TRAINING_JOB_NAME": self.job.name, "TRAINING_JOB_ARN": self.job.arn}
        return ContainerSpec(
            image,
            venv,
            self.root / host,
            [*command, *(algorithm.get("ContainerArguments") or [])],
            environment,
            keeps_read_only=self._delivery.has_read_only_files,
        )

    def _upload(self, *, even_nothing: bool) -> None:
        artifacts.upload(
            self.context.s3(self.job.region),
            self.output,
            {
                "model": [self._base(host) / "model" for host in self.hosts],
                "output": [self._base(host) / "output" / "data" for host in self.hosts],
            },
            scratch=None if self.request["OutputDataConfig"].get("CompressionType") == "NONE" else self.root,
            even_nothing=even_nothing,
        )

    def _raise_failure(self, codes: dict[str, int]) -> None:
        """The host that failed first took the others with it: it has the reason."""
        for host, code in codes.items():
            if code != 0:
                reason = self.last_words(host, self._base(host) / "output" / "failure")
                raise JobFailedError(f"AlgorithmError: {reason}, exit code: {code}")


def _broken(pipes: list[PipeFeeder]) -> JobFailedError | None:
    """What ended a channel before its end."""
    error = next((pipe.error for pipe in pipes if pipe.error), None)
    return None if error is None else JobFailedError(f"{FAILED}{error}")


def _held_up(pipes: list[PipeFeeder]) -> str:
    """Sentences on the readers that a job may have waited for."""
    return " ".join(filter(None, (pipe.standing() for pipe in pipes)))
