"""SageMaker requests, from the few things that differ between jobs and the settings that do not.

Shapes: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateProcessingJob.html
and API_CreateTrainingJob.html. The name of the job is not set here; it belongs to the launch.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from include.bundles import Bundle
from include.run import Run

INPUT = "/opt/ml/processing/input"
OUTPUT = "/opt/ml/processing/output"

Request = dict[str, Any]


@dataclass(frozen=True)
class Instances:
    """What a job runs on."""

    type: str
    count: int = 1
    volume_gb: int = 30


@dataclass(frozen=True)
class ProcessingJob:
    """A container that turns S3 prefixes into S3 prefixes.

    ``inputs`` and ``outputs`` map a name to an S3 URI; in the container the name
    is a folder below ``/opt/ml/processing/input`` or ``/opt/ml/processing/output``.
    ``files`` are shipped with the job and arrive as inputs of their own, the scripts
    as ``code``. ``metrics`` names the output that holds ``metrics.json``, flat numbers
    that become part of the task's result.
    """

    image: str
    command: Sequence[str]
    instances: Instances
    arguments: Sequence[str] = ()
    inputs: Mapping[str, str] = field(default_factory=dict)
    outputs: Mapping[str, str] = field(default_factory=dict)
    continuous_outputs: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    """Name -> (path in the container, S3 URI), uploaded while the job runs."""
    environment: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, Bundle] = field(default_factory=dict)
    metrics: str | None = None

    def request(self, run: Run) -> Request:
        """The ``CreateProcessingJob`` request, without its name."""
        shipped = {name: run.code_uri(bundle.digest) for name, bundle in self.files.items()}
        inputs = {**self.inputs, **{name: f"{uri}/files/" for name, uri in shipped.items()}}
        request: Request = {
            "AppSpecification": {
                "ImageUri": run.settings.image_uri(self.image),
                "ContainerEntrypoint": list(self.command),
            },
            "ProcessingInputs": [_processing_input(name, uri) for name, uri in inputs.items()],
            "ProcessingOutputConfig": {"Outputs": self._outputs()},
            "ProcessingResources": {"ClusterConfig": self._cluster(run)},
            "Environment": dict(self.environment),
            "StoppingCondition": {"MaxRuntimeInSeconds": run.settings.max_runtime_seconds},
            "NetworkConfig": _network(run),
            "RoleArn": run.settings.role_arn,
        }
        if self.arguments:
            request["AppSpecification"]["ContainerArguments"] = list(self.arguments)
        if run.settings.output_kms_key:
            request["ProcessingOutputConfig"]["KmsKeyId"] = run.settings.output_kms_key
        return request

    def bundles(self) -> Sequence[Bundle]:
        """What has to be in S3 before the job starts."""
        return list(self.files.values())

    def metrics_uri(self) -> str | None:
        """Where the job leaves its ``metrics.json``, if it does."""
        return f"{self.outputs[self.metrics]}/metrics.json" if self.metrics else None

    def _outputs(self) -> list[Request]:
        at_end = [_processing_output(name, f"{OUTPUT}/{name}", uri) for name, uri in self.outputs.items()]
        during = [
            _processing_output(name, path, uri, mode="Continuous")
            for name, (path, uri) in self.continuous_outputs.items()
        ]
        return at_end + during

    def _cluster(self, run: Run) -> Request:
        cluster: Request = {
            "InstanceType": self.instances.type,
            "InstanceCount": self.instances.count,
            "VolumeSizeInGB": self.instances.volume_gb,
        }
        if run.settings.volume_kms_key:
            cluster["VolumeKmsKeyId"] = run.settings.volume_kms_key
        return cluster


@dataclass(frozen=True)
class TrainingJob:
    """A container that turns channels into a model.

    With ``code`` the image runs ``program`` from it (script mode); without, its
    built-in algorithm. ``metric_definitions`` maps a metric to the regular
    expression that finds it in the log.
    """

    image: str
    instances: Instances
    channels: Mapping[str, str]
    output: str
    content_type: str = "text/csv"
    hyperparameters: Mapping[str, Any] = field(default_factory=dict)
    metric_definitions: Mapping[str, str] = field(default_factory=dict)
    code: Bundle | None = None
    program: str = "train.py"

    def request(self, run: Run) -> Request:
        """The ``CreateTrainingJob`` request, without its name."""
        request: Request = {
            "AlgorithmSpecification": {
                "TrainingImage": run.settings.image_uri(self.image),
                "TrainingInputMode": "File",
                "MetricDefinitions": [
                    {"Name": name, "Regex": regex} for name, regex in self.metric_definitions.items()
                ],
            },
            "HyperParameters": self._hyperparameters(run),
            "InputDataConfig": [
                _channel(name, uri, self.content_type) for name, uri in self.channels.items()
            ],
            "OutputDataConfig": {"S3OutputPath": self.output},
            "ResourceConfig": {
                "InstanceType": self.instances.type,
                "InstanceCount": self.instances.count,
                "VolumeSizeInGB": self.instances.volume_gb,
            },
            "StoppingCondition": {"MaxRuntimeInSeconds": run.settings.max_runtime_seconds},
            "EnableNetworkIsolation": run.settings.network_isolation,
            "RoleArn": run.settings.role_arn,
        }
        if run.settings.volume_kms_key:
            request["ResourceConfig"]["VolumeKmsKeyId"] = run.settings.volume_kms_key
        if run.settings.output_kms_key:
            request["OutputDataConfig"]["KmsKeyId"] = run.settings.output_kms_key
        if vpc := vpc_config(run):
            request["VpcConfig"] = vpc
        return request

    def bundles(self) -> Sequence[Bundle]:
        """What has to be in S3 before the job starts."""
        return [self.code] if self.code else []

    def metrics_uri(self) -> None:
        """A training job's metrics are in its description."""

    def _hyperparameters(self, run: Run) -> dict[str, str]:
        if not self.code:
            return {name: str(value) for name, value in self.hyperparameters.items()}
        script_mode = {
            "sagemaker_program": self.program,
            "sagemaker_submit_directory": f"{run.code_uri(self.code.digest)}/sourcedir.tar.gz",
        }
        # Script mode passes every value as JSON, as SageMaker's own training toolkit expects.
        return {name: json.dumps(value) for name, value in {**self.hyperparameters, **script_mode}.items()}


def vpc_config(run: Run) -> Request:
    """Subnets and security groups of the settings, or nothing where there are none."""
    if not run.settings.subnets:
        return {}
    return {"Subnets": list(run.settings.subnets), "SecurityGroupIds": list(run.settings.security_groups)}


def _network(run: Run) -> Request:
    network: Request = {"EnableNetworkIsolation": run.settings.network_isolation}
    if vpc := vpc_config(run):
        network["VpcConfig"] = vpc
    return network


def _processing_input(name: str, uri: str) -> Request:
    return {
        "InputName": name,
        "S3Input": {
            "S3Uri": uri,
            "LocalPath": f"{INPUT}/{name}",
            "S3DataType": "S3Prefix",
            "S3InputMode": "File",
            "S3DataDistributionType": "FullyReplicated",
        },
    }


def _processing_output(name: str, path: str, uri: str, mode: str = "EndOfJob") -> Request:
    return {"OutputName": name, "S3Output": {"S3Uri": uri, "LocalPath": path, "S3UploadMode": mode}}


def _channel(name: str, uri: str, content_type: str) -> Request:
    source = {"S3DataType": "S3Prefix", "S3Uri": uri, "S3DataDistributionType": "FullyReplicated"}
    return {"ChannelName": name, "ContentType": content_type, "DataSource": {"S3DataSource": source}}
