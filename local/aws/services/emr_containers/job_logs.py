"""What a driver prints: CloudWatch Logs line by line, S3 when it has ended, in EMR's layout of both.

https://docs.aws.amazon.com/emr/latest/EMR-on-EKS-DevelopmentGuide/emr-eks-jobs-CLI.html#emr-eks-jobs-parameters
"""

import gzip
import shutil
from pathlib import Path

from local.aws.clients import Clients
from local.aws.runtime.logs import LogStream
from local.aws.runtime.transfer import S3Uri
from local.aws.services.emr_containers.driver import STREAMS
from local.aws.services.emr_containers.records import JobRun


class JobLogs:
    """The two streams of a job run; files of its folder until they are sent to S3."""

    def __init__(self, job: JobRun, clients: Clients, folder: Path) -> None:
        self._job, self._clients = job, clients
        self._part = "stderr"
        self._files = {name: (folder / name).open("a", errors="replace") for name in STREAMS}
        self._streams = self._open_streams()
        self._paths = {name: folder / name for name in STREAMS}

    def take(self, line: str) -> None:
        """One line as the driver program prints it: marked with its stream, or the rest of a long one."""
        for name, mark in STREAMS.items():
            if line.startswith(mark):
                self._part, line = name, line.removeprefix(mark)
        self._files[self._part].write(f"{line}\n")
        if self._streams:
            self._streams[self._part].write(line)

    def close(self) -> None:
        """Sends what is left. Raises `ClientError` for what S3 refuses."""
        for file in self._files.values():
            file.close()
        for stream in self._streams.values():
            stream.close()
        if place := self._job.monitoring.get("s3MonitoringConfiguration"):
            self._upload(S3Uri.parse(place["logUri"]))

    def _open_streams(self) -> dict[str, LogStream]:
        place = self._job.monitoring.get("cloudWatchMonitoringConfiguration")
        if not place:
            return {}
        prefix = place.get("logStreamNamePrefix")
        folder = f"{prefix}/{self._folder}" if prefix else self._folder
        client = self._clients.logs(self._job.region)
        return {name: LogStream(client, place["logGroupName"], f"{folder}/{name}") for name in STREAMS}

    @property
    def _folder(self) -> str:
        application = f"spark-{self._job.id}"
        containers = f"{self._job.cluster}/jobs/{self._job.id}/containers"
        return f"{containers}/{application}/{application}-driver"

    def _upload(self, place: S3Uri) -> None:
        client = self._clients.s3(self._job.region)
        for name, path in self._paths.items():
            packed = path.with_suffix(".gz")
            with path.open("rb") as source, gzip.open(packed, "wb") as target:
                shutil.copyfileobj(source, target)
            uri = place.child(f"{self._folder}/{name}.gz")
            client.upload_file(str(packed), uri.bucket, uri.key)
