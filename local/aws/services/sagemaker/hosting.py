"""Models, endpoint configurations and endpoints."""

import logging
import threading
from collections.abc import Mapping
from typing import Any

from botocore.exceptions import ClientError
from moto.applicationautoscaling.models import (
    ApplicationAutoscalingBackend,
    applicationautoscaling_backends,
)
from moto.sagemaker.models import SageMakerModelBackend

from local.aws.runtime.transfer import S3Uri
from local.aws.services.sagemaker import capacities, context, validation
from local.aws.services.sagemaker.endpoint import Endpoint
from local.aws.services.sagemaker.invocations import invocations
from local.aws.services.sagemaker.jobs import check_image
from local.aws.services.sagemaker.listing import page, select
from local.aws.services.sagemaker.records import now
from local.aws.services.sagemaker.server import ModelServer
from local.aws.services.sagemaker.validation import ValidationError

log = logging.getLogger(__name__)
Request = Mapping[str, Any]


class Described:
    """A resource that never changes: its describe answer, ARN and tags."""

    def __init__(self, arn: str, description: dict[str, Any], tags: list[dict[str, str]]) -> None:
        self.arn, self.description, self.tags = arn, description, tags

    @property
    def response_object(self) -> dict[str, Any]:
        """What moto's search looks into."""
        return self.description


class HostingOperations(SageMakerModelBackend):
    """The part of the backend that serves models."""

    def new_model(self, request: Request) -> dict[str, Any]:
        """CreateModel. The image and the model data must be there."""
        validation.check_request("CreateModel", request)
        name = request["ModelName"]
        arn = self._resource_arn("model", name)
        if name in self._models:
            raise ValidationError(f'Cannot create already existing model "{arn}".')
        if not request.get("ExecutionRoleArn"):
            raise ValidationError(
                "ExecutionRoleArn is required: give the role that the model's container has."
            )
        validation.check_role(request["ExecutionRoleArn"], self.account_id, self.region_name)
        self._check_container(self._container(request))
        fields = ("ModelName", "PrimaryContainer", "Containers", "ExecutionRoleArn", "VpcConfig")
        description = {field: request[field] for field in fields if request.get(field)}
        flags = {"EnableNetworkIsolation": bool(request.get("EnableNetworkIsolation"))}
        description |= flags | {"ModelArn": arn, "CreationTime": now()}
        self._models[name] = Described(arn, description, request.get("Tags") or [])  # type: ignore[assignment]
        return {"ModelArn": arn}

    def delete_model(self, model_name: str) -> None:
        """DeleteModel. Endpoints that serve it go on."""
        self.model(model_name)
        del self._models[model_name]

    def new_endpoint_config(self, request: Request) -> dict[str, Any]:
        """CreateEndpointConfig."""
        validation.check_request("CreateEndpointConfig", request)
        name = request["EndpointConfigName"]
        arn = self._resource_arn("endpoint-config", name)
        if name in self.endpoint_configs:
            raise ValidationError(f'Cannot create already existing endpoint configuration "{arn}".')
        for variant in request["ProductionVariants"]:
            if variant.get("ModelName") not in self._models:
                raise ValidationError(
                    f'Could not find model "{self._resource_arn("model", variant.get("ModelName", ""))}".'
                )
            if not variant.get("InstanceType") and not variant.get("ServerlessConfig"):
                raise ValidationError(
                    f"Variant {variant['VariantName']} needs InstanceType or ServerlessConfig."
                )
        variants = [{"InitialVariantWeight": 1.0, **variant} for variant in request["ProductionVariants"]]
        description = {k: v for k, v in request.items() if k != "Tags" and v is not None}
        description |= {"ProductionVariants": variants, "EndpointConfigArn": arn, "CreationTime": now()}
        described = Described(arn, description, request.get("Tags") or [])
        self.endpoint_configs[name] = described  # type: ignore[assignment]
        return {"EndpointConfigArn": arn}

    def start_endpoint(self, request: Request) -> dict[str, Any]:
        """CreateEndpoint: `Creating` now, `InService` when the model answers."""
        validation.check_request("CreateEndpoint", request)
        name = request["EndpointName"]
        arn = self._resource_arn("endpoint", name)
        if name in self.endpoints:
            raise ValidationError(f'Cannot create already existing endpoint "{arn}".')
        config = self.endpoint_config(request["EndpointConfigName"])
        endpoint = Endpoint(
            name, arn, self.region_name, request["EndpointConfigName"], request.get("Tags") or []
        )
        self.endpoints[name] = endpoint  # type: ignore[assignment]
        endpoint.move("Creating", ProductionVariants=[], PendingDeploymentSummary=_pending(request))
        self._deploy(endpoint, request["EndpointConfigName"], config)
        return {"EndpointArn": arn}

    def change_endpoint(self, request: Request) -> dict[str, Any]:
        """UpdateEndpoint: the old configuration serves until the new one answers."""
        validation.check_request("UpdateEndpoint", request)
        endpoint = self.endpoint(request["EndpointName"])
        config = self.endpoint_config(request["EndpointConfigName"])
        if endpoint.status not in ("InService", "Failed"):
            raise ValidationError(f'Cannot update in-progress endpoint "{endpoint.arn}".')
        serving = endpoint.description.get("ProductionVariants", [])
        before = self.endpoint_configs.get(endpoint.description["EndpointConfigName"])
        if before:
            variants = before.description["ProductionVariants"]  # type: ignore[attr-defined]  # a `Described`
            scaled = set(self._scaled(endpoint))
            capacities.check_scalable(variants, config["ProductionVariants"], scaled)
        variants = capacities.retained(config["ProductionVariants"], serving, request)
        endpoint.move("Updating", PendingDeploymentSummary=_pending(request))
        self._deploy(endpoint, request["EndpointConfigName"], {**config, "ProductionVariants": variants})
        return {"EndpointArn": endpoint.arn}

    def change_capacities(self, request: Request) -> dict[str, Any]:
        """UpdateEndpointWeightsAndCapacities."""
        return capacities.change(self.endpoint(request["EndpointName"]), request)

    def remove_endpoint(self, name: str) -> None:
        """DeleteEndpoint."""
        endpoint = self.endpoint(name)
        for variant in self._scaled(endpoint):
            self._autoscaling.deregister_scalable_target(
                "sagemaker", capacities.resource_id(name, variant), capacities.DIMENSION
            )
        endpoint.move("Deleting")
        del self.endpoints[name]
        invocations().forget(endpoint.arn)
        threading.Thread(
            target=context.current().fleet.close, args=(endpoint.arn,), name=f"delete {name}", daemon=True
        ).start()

    def endpoint(self, name: str) -> Endpoint:
        """Raises the error of DescribeEndpoint for an unknown name."""
        endpoint: Any = self.endpoints.get(name)
        if not isinstance(endpoint, Endpoint):
            raise ValidationError(f'Could not find endpoint "{self._resource_arn("endpoint", name)}".')
        return endpoint

    def endpoint_config(self, name: str) -> dict[str, Any]:
        """The description. Raises the error of DescribeEndpointConfig for an unknown name."""
        return _described(
            self.endpoint_configs,
            name,
            f'endpoint configuration "{self._resource_arn("endpoint-config", name)}"',
        )

    def model(self, name: str) -> dict[str, Any]:
        """The description. Raises the error of DescribeModel for an unknown name."""
        return _described(self._models, name, f'model "{self._resource_arn("model", name)}"')

    @property
    def models(self) -> dict[str, Any]:
        """Models by name."""
        return self._models

    def list_described(
        self, items: Mapping[str, Any], request: Request, prefix: str, key: str
    ) -> dict[str, Any]:
        """ListModels, ListEndpointConfigs and ListEndpoints; newest first by default."""
        name = f"{prefix}Name"
        chosen = select(
            list(items.values()),
            request,
            name=lambda i: i.description[name],
            description=lambda i: i.description,
        )
        if status := request.get("StatusEquals"):
            chosen = [item for item in chosen if item.description["EndpointStatus"] == status]
        field = {"Name": name, "Status": "EndpointStatus"}.get(request.get("SortBy", ""), "CreationTime")
        newest_first = request.get("SortOrder", "Descending") == "Descending"
        found, token = page(sorted(chosen, key=lambda i: i.description[field], reverse=newest_first), request)
        summary = (name, f"{prefix}Arn", "CreationTime", "LastModifiedTime", "EndpointStatus")
        entries = [{k: item.description[k] for k in summary if k in item.description} for item in found]
        return {key: entries} | ({"NextToken": token} if token else {})

    def resume_endpoints(self) -> None:
        """After a restart: what served, serves again; what was being made is made."""
        endpoints: list[Any] = list(self.endpoints.values())
        for endpoint in endpoints:
            if not isinstance(endpoint, Endpoint) or endpoint.status == "Failed":
                continue
            if endpoint.status == "Updating":
                reason = "The local AWS stopped while the endpoint was updated. The old configuration serves."
                endpoint.move("InService", FailureReason=reason)
            name = endpoint.description["EndpointConfigName"]
            try:
                self._deploy(endpoint, name, self.endpoint_config(name))
            except ValidationError as error:
                endpoint.move("Failed", FailureReason=f"After a restart: {error.message}")

    def _deploy(self, endpoint: Endpoint, config_name: str, config: Mapping[str, Any]) -> None:
        variants = config["ProductionVariants"]
        containers = [self._container(self.model(variant["ModelName"])) for variant in variants]

        def build() -> list[ModelServer]:
            pairs = zip(variants, containers, strict=True)
            return [ModelServer(endpoint.name, v, c, self.region_name, endpoint.arn) for v, c in pairs]

        context.current().fleet.deploy(endpoint, config_name, variants, build)

    def _scaled(self, endpoint: Endpoint) -> list[str]:
        """The variants that are targets of application autoscaling."""
        targets = self._autoscaling.targets.get(capacities.DIMENSION, {})
        variants = [each["VariantName"] for each in endpoint.description.get("ProductionVariants", [])]
        return [each for each in variants if capacities.resource_id(endpoint.name, each) in targets]

    @property
    def _autoscaling(self) -> ApplicationAutoscalingBackend:
        return applicationautoscaling_backends[self.account_id][self.region_name]

    def _container(self, model: Request) -> dict[str, Any]:
        """Image, data and environment of a model, from its package if it names one."""
        containers = model.get("Containers") or []
        container = dict(model.get("PrimaryContainer") or (containers[0] if containers else {}))
        if len(containers) > 1:
            raise ValidationError(
                "Models of several containers are not supported by the local AWS: give one."
            )
        if package := container.get("ModelPackageName"):
            specification = self.describe_model_package(package).inference_specification
            container = dict(specification["Containers"][0]) | {
                k: v for k, v in container.items() if k == "Environment" and v
            }
        source = (container.get("ModelDataSource") or {}).get("S3DataSource")
        if source and not container.get("ModelDataUrl"):
            if source.get("CompressionType") != "Gzip":
                raise ValidationError("ModelDataSource must have CompressionType Gzip on the local AWS.")
            container["ModelDataUrl"] = source["S3Uri"]
        return container

    def _check_container(self, container: Mapping[str, Any]) -> None:
        if not container.get("Image"):
            raise ValidationError("The model needs a container with an Image or a ModelPackageName.")
        check_image(container["Image"])
        if location := container.get("ModelDataUrl"):
            validation.check_s3_uri(location, "ModelDataUrl")
            uri = S3Uri.parse(location)
            try:
                context.current().s3(self.region_name).head_object(Bucket=uri.bucket, Key=uri.key)
            except ClientError as error:
                raise ValidationError(f"Could not find model data at {location}.") from error

    def _resource_arn(self, resource: str, name: str) -> str:
        return f"arn:{self.partition}:sagemaker:{self.region_name}:{self.account_id}:{resource}/{name}"


def _pending(request: Request) -> dict[str, Any]:
    """What DescribeEndpoint tells of a deployment that is under way."""
    return {"EndpointConfigName": request["EndpointConfigName"], "StartTime": now()}


def _described(items: Mapping[str, Any], name: str, what: str) -> dict[str, Any]:
    if name not in items:
        raise ValidationError(f"Could not find {what}.")
    description: dict[str, Any] = items[name].description
    return description
