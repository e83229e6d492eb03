"""SageMaker requests, from the few things that differ between jobs and the settings that do not.

Shapes: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateProcessingJob.html
and API_CreateTrainingJob.html, API_CreateHyperParameterTuningJob.html, API_CreateTransformJob.html beside it.
The name of the job is not set here; it belongs to the launch.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

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


@dataclass(frozen=True)
class Interval:
    """Values from ``low`` to ``high``, both included; whole numbers where both ends are ``int``."""

    low: float
    high: float
    scaling: Literal["Auto", "Linear", "Logarithmic", "ReverseLogarithmic"] = "Auto"


@dataclass(frozen=True)
class TuningJob:
    """A search for the hyperparameters with which a training job does best.

    ``training`` is what every training job has; its hyperparameters are those that stay. ``ranges`` maps each
    of the others to an `Interval` or to the values it may have. ``objective`` is one of the training job's
    metrics. A seed makes the search repeatable.
    """

    training: TrainingJob
    ranges: Mapping[str, Interval | Sequence[Any]]
    objective: str
    max_jobs: int
    max_parallel_jobs: int = 1
    goal: Literal["Minimize", "Maximize"] = "Minimize"
    strategy: Literal["Bayesian", "Random", "Grid"] = "Bayesian"
    seed: int | None = None

    def __post_init__(self) -> None:
        """Raises ValueError for what every search would fail with."""
        if self.objective not in self.training.metric_definitions:
            known = ", ".join(self.training.metric_definitions) or "none"
            raise ValueError(f"objective {self.objective!r} is not a metric of the training job: {known}")
        if both := sorted(set(self.ranges) & set(self.training.hyperparameters)):
            raise ValueError(f"both fixed and searched: {', '.join(both)}; remove one of the two")

    def request(self, run: Run) -> Request:
        """The ``CreateHyperParameterTuningJob`` request, without its name."""
        definition = self.training.request(run)
        definition["StaticHyperParameters"] = definition.pop("HyperParameters")
        config: Request = {
            "Strategy": self.strategy,
            "HyperParameterTuningJobObjective": {"Type": self.goal, "MetricName": self.objective},
            "ResourceLimits": {
                "MaxNumberOfTrainingJobs": self.max_jobs,
                "MaxParallelTrainingJobs": self.max_parallel_jobs,
            },
            "ParameterRanges": self._ranges(),
            "TrainingJobEarlyStoppingType": "Off",
        }
        if self.seed is not None:
            config["RandomSeed"] = self.seed
        return {"HyperParameterTuningJobConfig": config, "TrainingJobDefinition": definition}

    def bundles(self) -> Sequence[Bundle]:
        """What has to be in S3 before the job starts."""
        return self.training.bundles()

    def metrics_uri(self) -> None:
        """The best training job and its metric are in the description."""

    def _ranges(self) -> Request:
        ranges: dict[str, list[Request]] = {
            "IntegerParameterRanges": [],
            "ContinuousParameterRanges": [],
            "CategoricalParameterRanges": [],
        }
        for name, given in self.ranges.items():
            if isinstance(given, Interval):
                whole = isinstance(given.low, int) and isinstance(given.high, int)
                kind = "IntegerParameterRanges" if whole else "ContinuousParameterRanges"
                ranges[kind].append(_interval(name, given))
            else:
                # Script mode reads every value as JSON, so a text needs its quotation marks.
                texts = [json.dumps(value) if self.training.code else str(value) for value in given]
                ranges["CategoricalParameterRanges"].append({"Name": name, "Values": texts})
        return ranges


@dataclass(frozen=True)
class TransformJob:
    """A model's answers to every object below an S3 prefix, one ``<key>.out`` each.

    ``model`` is the name of a SageMaker model. Split by ``Line``, requests hold as many lines as fit in
    ``max_payload_mb``; otherwise an object is sent whole.
    """

    model: str
    input: str
    output: str
    instances: Instances
    content_type: str = "text/csv"
    accept: str | None = None
    split: Literal["Line", "None"] = "Line"
    max_payload_mb: int = 6
    environment: Mapping[str, str] = field(default_factory=dict)

    def request(self, run: Run) -> Request:
        """The ``CreateTransformJob`` request, without its name. Role and network are those of the model."""
        source = {"S3DataType": "S3Prefix", "S3Uri": self.input}
        request: Request = {
            "ModelName": self.model,
            "BatchStrategy": "MultiRecord",
            "MaxPayloadInMB": self.max_payload_mb,
            "TransformInput": {
                "DataSource": {"S3DataSource": source},
                "ContentType": self.content_type,
                "SplitType": self.split,
            },
            "TransformOutput": {"S3OutputPath": self.output, "AssembleWith": self.split},
            "TransformResources": {
                "InstanceType": self.instances.type,
                "InstanceCount": self.instances.count,
            },
            "Environment": dict(self.environment),
        }
        if self.accept:
            request["TransformOutput"]["Accept"] = self.accept
        if run.settings.output_kms_key:
            request["TransformOutput"]["KmsKeyId"] = run.settings.output_kms_key
        if run.settings.volume_kms_key:
            request["TransformResources"]["VolumeKmsKeyId"] = run.settings.volume_kms_key
        return request

    def bundles(self) -> Sequence[Bundle]:
        """A model is all that it needs."""
        return []

    def metrics_uri(self) -> None:
        """A transform job leaves no metrics."""


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


def _interval(name: str, interval: Interval) -> Request:
    ends = {"MinValue": str(interval.low), "MaxValue": str(interval.high)}
    return {"Name": name, **ends, "ScalingType": interval.scaling}


def _channel(name: str, uri: str, content_type: str) -> Request:
    source = {"S3DataType": "S3Prefix", "S3Uri": uri, "S3DataDistributionType": "FullyReplicated"}
    return {"ChannelName": name, "ContentType": content_type, "DataSource": {"S3DataSource": source}}
