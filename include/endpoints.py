"""Models and endpoint configurations, as SageMaker hosting takes them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from include.autoscaling import Autoscaling
from include.gates import Verdict
from include.run import Run
from include.sagemaker import Instances, Request, vpc_config

VARIANT = "main"
"""The one variant of every endpoint; it keeps its name, and so what is registered for it, for ever."""


@dataclass(frozen=True)
class Endpoint:
    """A model behind a real-time endpoint.

    ``artifact`` is the ``model.tar.gz``; ``environment`` is that of the container,
    e.g. ``SAGEMAKER_PROGRAM`` and ``SAGEMAKER_SUBMIT_DIRECTORY`` for script mode.
    With ``autoscaling``, ``instances`` is only the count that the endpoint begins with.
    """

    image: str
    artifact: str
    instances: Instances
    environment: Mapping[str, str] = field(default_factory=dict)
    autoscaling: Autoscaling | None = None

    def model_request(self, run: Run, name: str) -> Request:
        """The ``CreateModel`` request."""
        request: Request = {
            "ModelName": name,
            "PrimaryContainer": {
                "Image": run.settings.image_uri(self.image),
                "ModelDataUrl": self.artifact,
                "Environment": dict(self.environment),
            },
            "ExecutionRoleArn": run.settings.role_arn,
            "EnableNetworkIsolation": run.settings.network_isolation,
        }
        if vpc := vpc_config(run):
            request["VpcConfig"] = vpc
        return request

    def config_request(self, run: Run, name: str) -> Request:
        """The ``CreateEndpointConfig`` request for the model of the same name."""
        variant: dict[str, Any] = {
            "VariantName": VARIANT,
            "ModelName": name,
            "InstanceType": self.instances.type,
            "InitialInstanceCount": self.instances.count,
        }
        request: Request = {"EndpointConfigName": name, "ProductionVariants": [variant]}
        if run.settings.volume_kms_key:
            request["KmsKeyId"] = run.settings.volume_kms_key
        return request


@dataclass(frozen=True)
class Question:
    """A request in JSON that a live endpoint has to answer in JSON, and who judges the answer."""

    document: Mapping[str, Any]
    judge: Callable[[Any], Verdict]
