"""Requests of processing jobs.

https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateProcessingJob.html
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from include.bundles import Bundle
from include.run import Run
from include.sagemaker.instances import Instances, Request, vpc_config

INPUT = "/opt/ml/processing/input"
OUTPUT = "/opt/ml/processing/output"


@dataclass(frozen=True)
class ProcessingJob:
    """A container that turns S3 prefixes into S3 prefixes.

    ``inputs`` and ``outputs`` map a name to an S3 URI; in the container the name
    is a folder below ``/opt/ml/processing/input`` or ``/opt/ml/processing/output``.
    An input named in ``manifests`` is not a prefix but the list of its objects.
    ``files`` are shipped with the job and arrive as inputs of their own, the scripts
    as ``code``. ``metrics`` names the output that holds ``metrics.json``, flat numbers
    that become part of the task's result.
    """

    image: str
    command: Sequence[str]
    instances: Instances
    arguments: Sequence[str] = ()
    inputs: Mapping[str, str] = field(default_factory=dict)
    manifests: Collection[str] = ()
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
            "ProcessingInputs": [
                _processing_input(name, uri, is_manifest=name in self.manifests)
                for name, uri in inputs.items()
            ],
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


def _network(run: Run) -> Request:
    network: Request = {"EnableNetworkIsolation": run.settings.network_isolation}
    if vpc := vpc_config(run):
        network["VpcConfig"] = vpc
    return network


def _processing_input(name: str, uri: str, *, is_manifest: bool) -> Request:
    return {
        "InputName": name,
        "S3Input": {
            "S3Uri": uri,
            "LocalPath": f"{INPUT}/{name}",
            "S3DataType": "ManifestFile" if is_manifest else "S3Prefix",
            "S3InputMode": "File",
            "S3DataDistributionType": "FullyReplicated",
        },
    }


def _processing_output(name: str, path: str, uri: str, mode: str = "EndOfJob") -> Request:
    return {"OutputName": name, "S3Output": {"S3Uri": uri, "LocalPath": path, "S3UploadMode": mode}}
