"""Runs a processing job: inputs in, the program, outputs out."""

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from local.aws.runtime.container import ContainerSpec, reroot
from local.aws.runtime.continuous import ContinuousUpload
from local.aws.runtime.images import Image
from local.aws.runtime.transfer import S3Uri, upload_tree
from local.aws.services.sagemaker.records import ProcessingJob, now
from local.aws.services.sagemaker.run import (
    JobFailedError,
    JobRun,
    TimeIsUpError,
    resource_config,
    write_json,
)

DEFAULT_MAX_SECONDS = 86_400


class ProcessingRun(JobRun):
    """A `CreateProcessingJob` request being carried out."""

    log_group = "/aws/sagemaker/ProcessingJobs"
    job: ProcessingJob

    def __init__(self, job: ProcessingJob, request: Mapping[str, Any]) -> None:
        super().__init__(job, request)
        cluster = request["ProcessingResources"]["ClusterConfig"]
        self.instance_type = cluster["InstanceType"]
        self.hosts = [f"algo-{n + 1}" for n in range(cluster["InstanceCount"])]
        self.outputs = [
            (output["S3Output"], S3Uri.parse(output["S3Output"]["S3Uri"]))
            for output in (request.get("ProcessingOutputConfig") or {}).get("Outputs", [])
            if "S3Output" in output
        ]

    def run(self) -> None:
        """The steps of the job, in order."""
        image, venv = self.prepare_image(self.request["AppSpecification"]["ImageUri"])
        for index, host in enumerate(self.hosts):
            self._fill(host, index)
        self._check()
        self.job.update(ProcessingStartTime=now())
        specs = {host: self._spec(host, image, venv) for host in self.hosts}
        continuous = self._continuous()
        deadline = time.monotonic() + self._limit()
        try:
            codes = self.run_containers(
                specs,
                lambda _: None,
                continuous,
                lambda: TimeIsUpError() if time.monotonic() > deadline else None,
            )
        finally:
            refused = self.finish_uploads(continuous)
        self._raise_failure(codes)
        self._upload()
        if refused:
            raise refused
        self._check()
        self._finish("Completed", **self._exit_message())

    def stopped(self) -> None:
        """Records that somebody ended it."""
        self._finish("Stopped")

    def timed_out(self) -> None:
        """Records that it ran too long."""
        self._finish(
            "Stopped", ExitMessage="MaxRuntimeExceeded: the job ran longer than MaxRuntimeInSeconds."
        )

    def failed(self, reason: str) -> None:
        """Records why it failed."""
        self._finish("Failed", FailureReason=reason[:1024], **self._exit_message())

    def _finish(self, status: str, **changes: Any) -> None:
        self.job.move(status, ProcessingEndTime=now(), **changes)

    def _exit_message(self) -> dict[str, str]:
        """What the program left in `/opt/ml/output/message`."""
        file = self._base(self.hosts[0]) / "output" / "message"
        if not file.is_file():
            return {}
        with file.open(errors="replace") as text:
            return {"ExitMessage": text.read(1024)}

    def _limit(self) -> float:
        condition = self.request.get("StoppingCondition") or {}
        return float(condition.get("MaxRuntimeInSeconds", DEFAULT_MAX_SECONDS))

    def _base(self, host: str) -> Path:
        return self.root / host / "opt" / "ml"

    def _fill(self, host: str, index: int) -> None:
        base = self._base(host)
        described = {k: v for k, v in self.job.description.items() if not k.endswith(("Time", "Status"))}
        write_json(base / "config" / "processingjobconfig.json", described)
        write_json(
            base / "config" / "resourceconfig.json", resource_config(host, self.hosts, self.instance_type)
        )
        (base / "output").mkdir(parents=True, exist_ok=True)
        for item in self.request.get("ProcessingInputs") or []:
            if "S3Input" in item and not item.get("AppManaged"):
                self._check()
                source = item["S3Input"]
                self.download(source, Path(reroot(source["LocalPath"], base)), index)
        for output, _ in self.outputs:
            Path(reroot(output["LocalPath"], base)).mkdir(parents=True, exist_ok=True)

    def _spec(self, host: str, image: Image, venv: Path) -> ContainerSpec:
        application = self.request["AppSpecification"]
        command = list(application.get("ContainerEntrypoint") or [])
        if not command:
            program = image.program("process")
            if program is None:
                reason = f"image {image.name} has no entry point of its own: give ContainerEntrypoint."
                raise JobFailedError(f"ClientError: {reason}")
            command = ["python", str(program)]
        environment = self.environment()
        environment |= {"PROCESSING_JOB_NAME": self.job.name, "PROCESSING_JOB_ARN": self.job.arn}
        arguments = application.get("ContainerArguments") or []
        return ContainerSpec(image, venv, self.root / host, [*command, *arguments], environment)

    def _continuous(self) -> list[ContinuousUpload]:
        client = self.context.s3(self.job.region)
        return [
            ContinuousUpload(
                client, [Path(reroot(output["LocalPath"], self._base(host))) for host in self.hosts], uri
            )
            for output, uri in self.outputs
            if output.get("S3UploadMode") == "Continuous"
        ]

    def _raise_failure(self, codes: dict[str, int]) -> None:
        """The host that failed first took the others with it: it has the reason."""
        for host, code in codes.items():
            if code != 0:
                reason = self.last_words(host, self._base(host) / "output" / "message")
                raise JobFailedError(f"AlgorithmError: {reason}, exit code: {code}")

    def _upload(self) -> None:
        client = self.context.s3(self.job.region)
        for output, uri in self.outputs:
            if output.get("S3UploadMode") != "Continuous":
                for host in self.hosts:
                    upload_tree(client, Path(reroot(output["LocalPath"], self._base(host))), uri)
