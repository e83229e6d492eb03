"""The model registry: what moto's lacks of it.

moto resets the approval status and the properties that an update does not name, forgets a deleted
version's number, lets groups be created twice and publishes nothing.
"""

from collections.abc import Callable, Mapping
from typing import Any

from botocore import xform_name
from moto.sagemaker.models import ModelPackage, SageMakerModelBackend

from local.aws.services.sagemaker import context, events, validation
from local.aws.services.sagemaker.listing import page, select
from local.aws.services.sagemaker.validation import ValidationError

Request = Mapping[str, Any]
SUMMARY = (
    "ModelPackageName",
    "ModelPackageGroupName",
    "ModelPackageVersion",
    "ModelPackageArn",
    "ModelPackageDescription",
    "CreationTime",
    "ModelPackageStatus",
    "ModelApprovalStatus",
)


class RegistryOperations(SageMakerModelBackend):
    """The part of the backend that keeps model packages."""

    def new_model_package_group(self, request: Request) -> dict[str, Any]:
        """CreateModelPackageGroup."""
        validation.check_request("CreateModelPackageGroup", request)
        name = request["ModelPackageGroupName"]
        if name in self.model_package_groups:
            arn = self.model_package_groups[name].arn
            raise ValidationError(f"Model Package Group already exists: {arn}")
        arn = self.create_model_package_group(
            name, request.get("ModelPackageGroupDescription", ""), list(request.get("Tags") or [])
        )
        return {"ModelPackageGroupArn": arn}

    def remove_model_package_group(self, name: str) -> None:
        """DeleteModelPackageGroup: only an empty one."""
        name = name.rsplit("/", 1)[-1]
        group = self.describe_model_package_group(name)
        if any(p.model_package_group_name == name for p in self.model_packages.values()):
            raise ValidationError(
                f"Model Package Group {group.arn} cannot be deleted: it has model packages."
            )
        del self.model_package_groups[name]

    def new_model_package(self, request: Request) -> dict[str, Any]:
        """CreateModelPackage. The next version of a group counts deleted ones too."""
        validation.check_request("CreateModelPackage", request)
        group = (request.get("ModelPackageGroupName") or "").rsplit("/", 1)[-1] or None
        if group:
            self.describe_model_package_group(group)
        for container in (request.get("InferenceSpecification") or {}).get("Containers") or []:
            if container.get("ModelDataUrl"):
                validation.check_s3_uri(container["ModelDataUrl"], "ModelDataUrl")
        arn = self.create_model_package(**_package_arguments(request, group))
        package = self.model_packages[arn]
        if group:
            arn = self._number(package, arn)
        self._announce(package)
        return {"ModelPackageArn": arn}

    def change_model_package(self, request: Request) -> dict[str, Any]:
        """UpdateModelPackage: changes what the request names and nothing else."""
        validation.check_request("UpdateModelPackage", request)
        package = self.describe_model_package(request["ModelPackageArn"])
        if status := request.get("ModelApprovalStatus"):
            package.set_model_approval_status(status)
        if "ApprovalDescription" in request:
            package.approval_description = request["ApprovalDescription"]
        properties = dict(package.customer_metadata_properties or {})
        properties |= request.get("CustomerMetadataProperties") or {}
        for name in request.get("CustomerMetadataPropertiesToRemove") or []:
            properties.pop(name, None)
        package.customer_metadata_properties = properties or None
        package.add_additional_inference_specifications(request.get("AdditionalInferenceSpecificationsToAdd"))
        package.modifications_done()
        self._announce(package)
        return {"ModelPackageArn": package.arn}

    def remove_model_package(self, name: str) -> None:
        """DeleteModelPackage."""
        package = self.describe_model_package(name)
        del self.model_packages[package.arn]
        mapped = [key for key, arn in self.model_package_name_mapping.items() if arn == package.arn]
        for key in mapped:
            del self.model_package_name_mapping[key]

    def describe_model_package(self, model_package_name: str) -> ModelPackage:
        """By ARN, or by name for a package without versions."""
        arn = self.model_package_name_mapping.get(model_package_name, model_package_name)
        package = self.model_packages.get(arn)
        if package is None:
            raise ValidationError(f"ModelPackage {model_package_name} does not exist.")
        return package

    def describe_package(self, name: str) -> dict[str, Any]:
        """The answer of DescribeModelPackage, whose model requires a name of versioned packages too."""
        package = self.describe_model_package(name)
        return {"ModelPackageName": package.model_package_name, **_description(package)}

    def list_packages(self, request: Request) -> dict[str, Any]:
        """ListModelPackages; oldest first by default."""
        group = (request.get("ModelPackageGroupName") or "").rsplit("/", 1)[-1]
        kind = request.get("ModelPackageType", "Versioned" if group else "Unversioned")
        described = [_description(package) for package in list(self.model_packages.values())]
        chosen = select(described, request, name=_package_name, description=lambda item: item)
        if kind != "Both":
            chosen = [p for p in chosen if ("ModelPackageVersion" in p) == (kind == "Versioned")]
        if group:
            chosen = [p for p in chosen if p.get("ModelPackageGroupName") == group]
        if status := request.get("ModelApprovalStatus"):
            chosen = [p for p in chosen if p.get("ModelApprovalStatus") == status]
        key: Callable[[dict[str, Any]], Any] = _age
        if request.get("SortBy") == "Name":
            key = _package_name
        ordered = sorted(chosen, key=key, reverse=request.get("SortOrder") == "Descending")
        found, token = page(ordered, request)
        summaries = [{name: item[name] for name in SUMMARY if name in item} for item in found]
        return {"ModelPackageSummaryList": summaries} | ({"NextToken": token} if token else {})

    def _number(self, package: ModelPackage, arn: str) -> str:
        """Gives a package the number after the group's highest ever, and its ARN."""
        group = self.model_package_groups[str(package.model_package_group_name)]
        version = getattr(group, "highest_version", 0) + 1
        group.highest_version = version  # type: ignore[attr-defined]
        del self.model_packages[arn]
        for key in [k for k, v in self.model_package_name_mapping.items() if v == arn]:
            del self.model_package_name_mapping[key]
        package.model_package_version = version
        package.arn = f"{arn.rsplit('/', 1)[0]}/{version}"
        for statuses in package.model_package_status_details.values():
            for entry in statuses:
                entry["Name"] = package.arn
        self.model_packages[package.arn] = package
        self.model_package_name_mapping[package.arn] = package.arn
        return package.arn

    def _announce(self, package: ModelPackage) -> None:
        context.current().aws.changed()
        events.announce("Model Package", _description(package), package.arn, self.region_name)


def _description(package: ModelPackage) -> dict[str, Any]:
    description: dict[str, Any] = package.gen_response_object()
    # moto fills these in with a made-up user profile.
    for name in ("CreatedBy", "LastModifiedBy"):
        description.pop(name, None)
    return {name: value for name, value in description.items() if value is not None}


def _package_name(item: Mapping[str, Any]) -> str:
    return str(item.get("ModelPackageGroupName") or item.get("ModelPackageName"))


def _age(item: Mapping[str, Any]) -> tuple[Any, int]:
    return item["CreationTime"], item.get("ModelPackageVersion", 0)


ARGUMENTS = (
    *("ModelPackageName", "ModelPackageDescription", "InferenceSpecification", "ValidationSpecification"),
    *("SourceAlgorithmSpecification", "Tags", "ModelApprovalStatus", "MetadataProperties", "ModelMetrics"),
    *(
        "ClientToken",
        "CustomerMetadataProperties",
        "DriftCheckBaselines",
        "Domain",
        "Task",
        "SamplePayloadUrl",
    ),
    "AdditionalInferenceSpecifications",
)


def _package_arguments(request: Request, group: str | None) -> dict[str, Any]:
    """A request as the arguments of moto's method."""
    arguments: dict[str, Any] = {xform_name(name): request.get(name) for name in ARGUMENTS}
    arguments["tags"] = arguments["tags"] or []
    if group and not arguments["model_approval_status"]:
        arguments["model_approval_status"] = "PendingManualApproval"
    certify = bool(request.get("CertifyForMarketplace"))
    return arguments | {"model_package_group_name": group, "certify_for_marketplace": certify}
