"""Runs a training job: channels in, one program per host, model and output out."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from local.aws.runtime.container import ContainerSpec, reroot
from local.aws.runtime.images import Image
from local.aws.runtime.logs import MetricScraper
from local.aws.runtime.transfer import ContinuousUpload, S3Uri, download, pack, upload_file, upload_tree
from local.aws.services.sagemaker.records import TrainingJob, now
from local.aws.services.sagemaker.run import (
    JobFailedError,
    JobRun,
    JobStoppedError,
    TimeIsUpError,
    resource_config,
    write_json,
)

DEFAULT_MAX_SECONDS = 86_400


class TrainingRun(JobRun):
    """A `CreateTrainingJob` request being carried out, in AWS's order of secondary statuses."""

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

    def run(self) -> None:
        """The steps of the job, in order."""
        algorithm = self.request["AlgorithmSpecification"]
        image, venv = self.prepare_image(algorithm["TrainingImage"])
        self.job.step("Downloading", "Downloading input data", TrainingStartTime=now())
        for index, host in enumerate(self.hosts):
            self._fill(host, index)
        metrics = MetricScraper(algorithm.get("MetricDefinitions") or [])
        specs = {host: self._spec(host, image, venv) for host in self.hosts}
        checkpoints = self._checkpoints()
        self._check()
        self.job.step("Training", "Training image download completed. Training in progress.")
        ended: Exception | None = None
        try:
            codes = self.run_containers(specs, metrics.read, self._limit(), checkpoints)
            self._raise_failure(codes)
        except (JobStoppedError, TimeIsUpError) as error:
            # What a stopped job has saved so far is kept, as on AWS.
            ended = error
        finally:
            self.job.update(FinalMetricDataList=metrics.final())
            for checkpoint in checkpoints:
                checkpoint.sync(final=True)
        self._upload(announced=ended is None)
        if ended:
            raise ended
        self._check()
        self._finish("Completed", "Completed", "Training job completed")

    def stopped(self) -> None:
        """Records that somebody ended it."""
        self._finish("Stopped", "Stopped", "Training job stopped")

    def timed_out(self) -> None:
        """Records that it ran too long."""
        message = "Training job runtime exceeded MaxRuntimeInSeconds provided"
        self._finish("Stopped", "MaxRuntimeExceeded", message)

    def failed(self, reason: str) -> None:
        """Records why it failed."""
        self._finish("Failed", "Failed", "Training job failed", FailureReason=reason[:1024])

    def _finish(self, status: str, secondary: str, message: str, **changes: Any) -> None:
        end = now()
        start = self.job.description.get("TrainingStartTime")
        if start is not None:
            seconds = max(1, round((end - start).total_seconds()))
            changes |= {"TrainingTimeInSeconds": seconds, "BillableTimeInSeconds": seconds * len(self.hosts)}
        self.job.step(secondary, message, status, TrainingEndTime=end, **changes)

    def _limit(self) -> float:
        condition = self.request.get("StoppingCondition") or {}
        return float(condition.get("MaxRuntimeInSeconds", DEFAULT_MAX_SECONDS))

    def _base(self, host: str) -> Path:
        return self.root / host / "opt" / "ml"

    def _fill(self, host: str, index: int) -> None:
        """Writes the configuration and copies the channels of one host."""
        base = self._base(host)
        config = base / "input" / "config"
        channels = self.request.get("InputDataConfig") or []
        write_json(config / "hyperparameters.json", self.request.get("HyperParameters") or {})
        write_json(config / "inputdataconfig.json", {c["ChannelName"]: _channel_config(c) for c in channels})
        write_json(config / "resourceconfig.json", resource_config(host, self.hosts, self.instance_type))
        for folder in ("model", "output/data", "checkpoints"):
            (base / folder).mkdir(parents=True, exist_ok=True)
        for channel in channels:
            self._check()
            folder = base / "input" / "data" / channel["ChannelName"]
            self.download(channel["DataSource"]["S3DataSource"], folder, index)

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
        arguments = algorithm.get("ContainerArguments") or []
        return ContainerSpec(image, venv, self.root / host, [*command, *arguments], environment)

    def _checkpoints(self) -> list[ContinuousUpload]:
        """Restores checkpoints of an earlier job and keeps them in S3 from now on."""
        config = self.request.get("CheckpointConfig")
        if not config:
            return []
        client, uri = self.context.s3(self.job.region), S3Uri.parse(config["S3Uri"])
        base = self._base(self.hosts[0])
        folder = Path(reroot(config.get("LocalPath", "/opt/ml/checkpoints"), base))
        try:
            download(client, S3Uri(uri.bucket, uri.key.rstrip("/") + "/"), folder)
        except LookupError:
            folder.mkdir(parents=True, exist_ok=True)
        return [ContinuousUpload(client, folder, uri)]

    def _raise_failure(self, codes: dict[str, int]) -> None:
        for host, code in codes.items():
            if code != 0:
                reason = self.last_words(self._base(host) / "output" / "failure")
                raise JobFailedError(f"AlgorithmError: {reason}, exit code: {code}")

    def _upload(self, announced: bool) -> None:
        models = [self._base(host) / "model" for host in self.hosts]
        outputs = [self._base(host) / "output" / "data" for host in self.hosts]
        if announced:
            self.job.step("Uploading", "Uploading generated training model")
        client = self.context.s3(self.job.region)
        if self.request["OutputDataConfig"].get("CompressionType") == "NONE":
            for folder in reversed(models):
                upload_tree(client, folder, self.output.child("model"))
            for folder in reversed(outputs):
                upload_tree(client, folder, self.output.child("data"))
            return
        for name, folders in (("model.tar.gz", models), ("output.tar.gz", outputs)):
            # A job that was stopped before it saved anything has no artifact.
            if announced or any(any(folder.iterdir()) for folder in folders):
                pack(folders, self.root / name)
                upload_file(client, self.root / name, self.output.child(name))


def _channel_config(channel: Mapping[str, Any]) -> dict[str, str]:
    source = channel["DataSource"]["S3DataSource"]
    config = {
        "TrainingInputMode": channel.get("InputMode", "File"),
        "S3DistributionType": source.get("S3DataDistributionType", "FullyReplicated"),
        "RecordWrapperType": channel.get("RecordWrapperType", "None"),
    }
    if channel.get("ContentType"):
        config["ContentType"] = channel["ContentType"]
    return config
