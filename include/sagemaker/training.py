"""Requests of training jobs.

https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateTrainingJob.html
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from include.bundles import Bundle
from include.run import Run
from include.sagemaker.instances import Instances, Request, vpc_config

TENSORBOARD = "/opt/ml/output/tensorboard"


@dataclass(frozen=True)
class Channel:
    """One input of a training job, which arrives as the folder ``/opt/ml/input/data/<name>``.

    In mode ``File`` all of it is copied before the program starts, in ``FastFile`` a file's bytes come when
    they are read, and in ``Pipe`` the channel is one named pipe for each epoch, ``<name>_0`` and on. With a
    ``shuffle_seed`` the order of the objects differs from epoch to epoch. ``sharded`` gives each instance
    its share of the objects instead of all. ``uri`` is a prefix, or with ``manifest`` a list of objects.
    """

    uri: str
    content_type: str = "text/csv"
    mode: Literal["File", "FastFile", "Pipe"] = "File"
    shuffle_seed: int | None = None
    sharded: bool = False
    manifest: bool = False

    def request(self, name: str) -> Request:
        """An entry of ``InputDataConfig``."""
        source = {
            "S3DataType": "ManifestFile" if self.manifest else "S3Prefix",
            "S3Uri": self.uri,
            "S3DataDistributionType": "ShardedByS3Key" if self.sharded else "FullyReplicated",
        }
        request: Request = {
            "ChannelName": name,
            "ContentType": self.content_type,
            "InputMode": self.mode,
            "DataSource": {"S3DataSource": source},
        }
        if self.shuffle_seed is not None:
            request["ShuffleConfig"] = {"Seed": self.shuffle_seed}
        return request


@dataclass(frozen=True)
class Spot:
    """Spare capacity at a fraction of the price, which AWS may take back at any time.

    The job then starts again from its last checkpoint. ``max_wait_seconds`` bounds the whole, waiting for
    capacity included.
    """

    max_wait_seconds: int

    def condition(self, run: Run) -> Request:
        """Its part of ``StoppingCondition``."""
        longest = run.settings.max_runtime_seconds
        if self.max_wait_seconds < longest:
            raise ValueError(
                f"max_wait_seconds is {self.max_wait_seconds}, less than the {longest} that the job may run "
                "(MILLRACE_MAX_RUNTIME_SECONDS): give at least that"
            )
        return {"MaxWaitTimeInSeconds": self.max_wait_seconds}


def spot_savings(training_seconds: float, billable_seconds: float) -> float:
    """Percent of the price that spare capacity saved: ``(1 - billable / training) * 100``."""
    return round((1 - billable_seconds / training_seconds) * 100, 1) if training_seconds else 0.0


@dataclass(frozen=True)
class TrainingJob:
    """A container that turns channels into a model.

    With ``code``, of ours or the S3 URI of a ``sourcedir.tar.gz``, the image runs
    ``program`` from it (script mode); without, its built-in algorithm. ``version`` is
    the image's, the environment's own if there is none. ``metric_definitions`` maps a
    metric to the regular expression that finds it in the log. What the program saves
    below ``/opt/ml/checkpoints`` goes to the prefix ``checkpoints`` while the job runs,
    and is there again when it starts anew. What it writes below
    ``/opt/ml/output/tensorboard`` goes to the prefix ``tensorboard``.
    """

    image: str
    instances: Instances
    channels: Mapping[str, Channel]
    output: str
    version: str | None = None
    hyperparameters: Mapping[str, Any] = field(default_factory=dict)
    metric_definitions: Mapping[str, str] = field(default_factory=dict)
    code: Bundle | str | None = None
    program: str = "train.py"
    checkpoints: str | None = None
    tensorboard: str | None = None
    spot: Spot | None = None

    def request(self, run: Run) -> Request:
        """The ``CreateTrainingJob`` request, without its name.

        Raises:
            ValueError: a spot job may wait for less time than it may run.
        """
        request: Request = {
            "AlgorithmSpecification": {
                "TrainingImage": run.settings.image_uri(self.image, self.version),
                "TrainingInputMode": "File",
                "MetricDefinitions": [
                    {"Name": name, "Regex": regex} for name, regex in self.metric_definitions.items()
                ],
            },
            "HyperParameters": self._hyperparameters(run),
            "InputDataConfig": [channel.request(name) for name, channel in self.channels.items()],
            "OutputDataConfig": {"S3OutputPath": self.output},
            "ResourceConfig": {
                "InstanceType": self.instances.type,
                "InstanceCount": self.instances.count,
                "VolumeSizeInGB": self.instances.volume_gb,
            },
            "StoppingCondition": {"MaxRuntimeInSeconds": run.settings.max_runtime_seconds},
            "EnableManagedSpotTraining": self.spot is not None,
            "EnableNetworkIsolation": run.settings.network_isolation,
            "RoleArn": run.settings.role_arn,
        }
        if self.spot:
            request["StoppingCondition"] |= self.spot.condition(run)
        if self.checkpoints:
            request["CheckpointConfig"] = {"S3Uri": self.checkpoints}
        if self.tensorboard:
            request["TensorBoardOutputConfig"] = {"S3OutputPath": self.tensorboard, "LocalPath": TENSORBOARD}
        if run.settings.volume_kms_key:
            request["ResourceConfig"]["VolumeKmsKeyId"] = run.settings.volume_kms_key
        if run.settings.output_kms_key:
            request["OutputDataConfig"]["KmsKeyId"] = run.settings.output_kms_key
        if vpc := vpc_config(run):
            request["VpcConfig"] = vpc
        return request

    def bundles(self) -> Sequence[Bundle]:
        """What has to be in S3 before the job starts."""
        return [self.code] if isinstance(self.code, Bundle) else []

    def metrics_uri(self) -> None:
        """A training job's metrics are in its description."""

    def _hyperparameters(self, run: Run) -> dict[str, str]:
        if self.code is None:
            return {name: str(value) for name, value in self.hyperparameters.items()}
        source = self.code
        if isinstance(source, Bundle):
            source = f"{run.code_uri(source.digest)}/sourcedir.tar.gz"
        script_mode = {"sagemaker_program": self.program, "sagemaker_submit_directory": source}
        # Script mode passes every value as JSON, as SageMaker's own training toolkit expects.
        return {name: json.dumps(value) for name, value in {**self.hyperparameters, **script_mode}.items()}
