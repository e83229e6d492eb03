"""One execution of a job: folders, containers, time limit, stop, and what went wrong in a sentence."""

import json
import logging
import os
import shutil
import tarfile
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from local.aws.runtime.container import Container, ContainerSpec
from local.aws.runtime.continuous import ContinuousUpload
from local.aws.runtime.images import Image, ImageBuildFailed, UnknownImageError
from local.aws.runtime.logs import LogStream
from local.aws.runtime.transfer import NothingToDownloadError, S3Uri, UploadError, download
from local.aws.services.sagemaker import context
from local.aws.services.sagemaker.records import Job

log = logging.getLogger(__name__)

POLL_SECONDS = 0.05
SYNC_SECONDS = 2.0


class JobFailedError(Exception):
    """The job is over; the message is its `FailureReason`."""


class JobStoppedError(Exception):
    """Somebody asked for the end."""


class TimeIsUpError(Exception):
    """The job ran longer than its stopping condition allows."""


class AbandonedError(Exception):
    """The server is going away; the job is neither stopped nor failed until the next start says so."""


class JobRun:
    """Executes `job`. Subclasses say what a job of their kind consists of.

    Args:
        job: the record that is kept up to date.
        request: the create request.
    """

    log_group: str
    hosts: list[str]
    """The names that the job's hosts have for each other, ``algo-1`` and on."""

    def __init__(self, job: Job, request: Mapping[str, Any]) -> None:
        self.job, self.request = job, request
        self.context = context.current().acting_for(job.arn)
        self.root = self.context.job_root(job.kind, job.name)
        self._stop = threading.Event()
        self._abandon = threading.Event()
        self._epoch = int(time.time())
        self._streams: dict[str, LogStream] = {}
        self.on_end: Callable[[], None] | None = None
        """Called when the job has ended and nothing of it runs any more."""
        self._last_lines: dict[str, str] = {}

    def stop(self) -> None:
        """Ends the job as AWS does: SIGTERM, time to save, SIGKILL."""
        self._stop.set()

    def abandon(self) -> None:
        """Ends the processes at once and leaves the job's status alone."""
        self._abandon.set()

    def execute(self) -> None:
        """Runs the job to its end. Every outcome is a status; nothing is raised."""
        try:
            self._check()
            remove(self.root)
            self.run()
        except AbandonedError:
            log.info("%s was running when the local AWS stopped.", self.job.arn)
        except JobStoppedError:
            self.stopped()
        except TimeIsUpError:
            self.timed_out()
        except JobFailedError as error:
            self.failed(str(error))
        except Exception as error:
            self._fail_with(error)
        finally:
            for stream in self._streams.values():
                stream.close()
            remove(self.root)
            self.context.addresses.give_back(self.job.arn)
            if self.on_end is not None:
                self.on_end()

    def run(self) -> None:
        """The steps of the job, in order."""
        raise NotImplementedError

    def stopped(self) -> None:
        """Records that somebody ended it."""
        raise NotImplementedError

    def timed_out(self) -> None:
        """Records that it ran too long."""
        raise NotImplementedError

    def failed(self, reason: str) -> None:
        """Records why it failed."""
        raise NotImplementedError

    def _fail_with(self, error: Exception) -> None:
        if self._abandon.is_set():
            return
        if isinstance(
            error, NothingToDownloadError | UploadError | UnknownImageError | ImageBuildFailed | ClientError
        ):
            self.failed(f"ClientError: {error}")
        elif isinstance(error, ValueError | OSError | tarfile.TarError):
            log.warning("%s failed", self.job.arn, exc_info=True)
            self.failed(f"ClientError: {type(error).__name__}: {error}")
        else:
            log.exception("%s failed", self.job.arn)
            self.failed(f"InternalServerError: {type(error).__name__}: {error}")

    def _check(self) -> None:
        if self._abandon.is_set():
            raise AbandonedError
        if self._stop.is_set():
            raise JobStoppedError

    # Steps that both kinds of job have.

    def prepare_image(self, uri: str) -> tuple[Image, Path]:
        """The image and its environment; the progress of an installation is in the job's log."""
        image = self.context.images.resolve(uri)

        def progress(line: str) -> None:
            log.info("%s", line)
            self.stream("algo-1").write(line)

        environment = self.context.images.ensure(image, progress)
        self._check()
        return image, environment

    def stream(self, host: str, part: str = "") -> LogStream:
        """The log stream of a host, or of a part of what it does: ``/data-log``."""
        key = f"{host}{part}"
        if key not in self._streams:
            name = f"{self.job.name}/{host}-{self._epoch}{part}"
            self._streams[key] = LogStream(self.context.logs(self.job.region), self.log_group, name)
        return self._streams[key]

    def new_streams(self) -> None:
        """New hosts write new log streams."""
        self._streams.clear()
        self._last_lines.clear()
        self._epoch = max(self._epoch + 1, int(time.time()))

    def download(self, source: Mapping[str, Any], folder: Path, index: int) -> None:
        """Copies an S3 data source to the host of this index: all of it, or its shard.

        Raises:
            JobFailedError: there is nothing at the address.
        """
        sharded = source.get("S3DataDistributionType") == "ShardedByS3Key"
        try:
            download(
                self.context.s3(self.job.region),
                S3Uri.parse(source["S3Uri"]),
                folder,
                data_type=source["S3DataType"],
                shard=(index, len(self.hosts)) if sharded else (0, 1),
            )
        except LookupError as error:
            raise JobFailedError(f"ClientError: Data download failed:{error}") from error

    def environment(self) -> dict[str, str]:
        """AWS's variables, then the request's own, then where the hosts are: their names do not resolve."""
        own = {str(k): str(v) for k, v in (self.request.get("Environment") or {}).items()}
        addresses = self.context.addresses.lend(self.job.arn, self.hosts)
        where = {"MILLRACE_HOST_ADDRESSES": json.dumps(addresses)}
        return self.context.container_environment(self.job.region) | own | where

    def run_containers(
        self,
        specs: Mapping[str, ContainerSpec],
        on_line: Callable[[str], None],
        uploads: list[ContinuousUpload],
        end: Callable[[], Exception | None],
    ) -> dict[str, int]:
        """Runs one container per host; exit codes by host, that which ended first coming first.

        Args:
            specs: by host.
            on_line: takes every line of every host.
            uploads: are synchronized from time to time; what S3 refuses is tried again.
            end: says whether all has to end now, and why.

        Raises:
            JobStoppedError, AbandonedError: after every process has ended. So is what `end` gives.
        """

        def sink(host: str) -> Callable[[str], None]:
            stream = self.stream(host)

            def take(line: str) -> None:
                stream.write(line)
                if line.strip():
                    self._last_lines[host] = line
                on_line(line)

            return take

        containers: dict[str, Container] = {}
        try:
            for host, spec in specs.items():
                containers[host] = Container(spec, sink(host))
            ended_by = self._watch(list(containers.values()), uploads, end)
        finally:
            for container in containers.values():
                container.kill()
            codes = {host: container.wait() for host, container in containers.items()}
            for stream in self._streams.values():
                stream.close()
        if ended_by:
            raise ended_by
        return {host: codes[host] for host in sorted(codes, key=lambda host: containers[host].ended_at)}

    def _watch(
        self,
        containers: list[Container],
        uploads: list[ContinuousUpload],
        end: Callable[[], Exception | None],
    ) -> Exception | None:
        """Waits for all containers; one that fails takes the others with it. They are asked once to end."""
        next_sync = time.monotonic() + SYNC_SECONDS
        ended_by: Exception | None = None
        asked = False
        while any(container.running for container in containers):
            self._abandon.wait(POLL_SECONDS)
            if self._abandon.is_set():
                return AbandonedError()
            lost = any(not c.running and c.wait() != 0 for c in containers)
            if not asked and (lost or (ended_by := JobStoppedError() if self._stop.is_set() else end())):
                asked = True
                for container in containers:
                    container.stop()
            if time.monotonic() > next_sync:
                self._sync(uploads, final=False)
                next_sync = time.monotonic() + SYNC_SECONDS
        return ended_by

    def finish_uploads(self, uploads: list[ContinuousUpload]) -> Exception | None:
        """Sends what is left of each; gives the first refusal, when all were tried.

        Of programs that were killed because the server stops, files may be half written: they are left out.
        """
        refused = self._sync(uploads, final=not self._abandon.is_set())
        if refused:
            log.warning("%s: %s", self.job.arn, refused)
        return refused

    def _sync(self, uploads: list[ContinuousUpload], *, final: bool) -> Exception | None:
        refused: Exception | None = None
        for upload in uploads:
            try:
                upload.sync(final=final)
            except (UploadError, ClientError) as error:
                refused = refused or error
        return refused

    def last_words(self, host: str, file: Path) -> str:
        """The reason that a host left in `file`, or its last line; with its name, if there are several."""
        return f"{host}: {self._words(host, file)}" if len(self.hosts) > 1 else self._words(host, file)

    def _words(self, host: str, file: Path) -> str:
        if file.is_file():
            with file.open(errors="replace") as text:
                if reason := text.read(1024).strip():
                    return reason
        return self._last_lines.get(host, "the container printed nothing").strip()[:1024]


def remove(folder: Path) -> None:
    """Deletes a job's folder, if it is there, with what is read-only in it."""
    for parent, _, _ in os.walk(folder):
        with suppress(OSError):
            Path(parent).chmod(0o700)
    shutil.rmtree(folder, ignore_errors=True)


def write_json(path: Path, content: Any) -> None:
    """A configuration file of the container contract."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content, indent=1))


def resource_config(host: str, hosts: list[str], instance_type: str) -> dict[str, Any]:
    """`resourceconfig.json`: who takes part in the job. All hosts are processes of this machine."""
    group = {"instance_group_name": "homogeneousCluster", "instance_type": instance_type, "hosts": hosts}
    return {
        "current_host": host,
        "hosts": hosts,
        "current_instance_type": instance_type,
        "current_group_name": "homogeneousCluster",
        "instance_groups": [group],
        "network_interface_name": "lo",
    }
