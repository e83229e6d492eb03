"""The SageMaker Model Registry: one group of versioned models per pipeline, one champion among them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from functools import cached_property
from itertools import takewhile
from typing import Any

from botocore.exceptions import ClientError

from millrace.hooks.aws import AwsHook

MAX_DESCRIPTION = 1024
"""Length that AWS allows for ``ApprovalDescription``."""


class Approval(Enum):
    """Statuses of a version: one that has won waits until it has answered in service."""

    PENDING = "PendingManualApproval"
    APPROVED = "Approved"
    REJECTED = "Rejected"


@dataclass(frozen=True)
class RegisteredModel:
    """A version of the registry."""

    package: str
    artifact: str
    image: str


class ModelRegistry:
    """Registers versions and says what became of them; the champion is the last that was approved."""

    def __init__(self, group: str, aws_conn_id: str | None, region_name: str | None = None) -> None:
        self.group = group
        self._hook = AwsHook("sagemaker", aws_conn_id, region_name)

    @cached_property
    def client(self) -> Any:
        """boto3's SageMaker client."""
        return self._hook.conn

    def champion(self) -> RegisteredModel | None:
        """The newest approved version, or None while there is none."""
        summary = next(self._versions(ModelApprovalStatus=Approval.APPROVED.value), None)
        if summary is None:
            return None
        package = summary["ModelPackageArn"]
        container = self.client.describe_model_package(ModelPackageName=package)["InferenceSpecification"][
            "Containers"
        ][0]
        return RegisteredModel(package, container["ModelDataUrl"], container["Image"])

    def register(
        self,
        *,
        artifact: str,
        image: str,
        content_types: list[str],
        properties: Mapping[str, str],
        tags: list[Any],
        since: datetime,
    ) -> str:
        """Registers an artifact once, awaiting approval; the ARN of its version.

        An earlier try of the same run may have registered it already: versions since the run's
        beginning are looked at, however many there are of older runs.
        """
        self._ensure_group(tags)
        for summary in takewhile(lambda version: version["CreationTime"] >= since, self._versions()):
            if summary.get("ModelPackageDescription") == artifact:
                return str(summary["ModelPackageArn"])
        answer = self.client.create_model_package(
            ModelPackageGroupName=self.group,
            ModelPackageDescription=artifact,
            ModelApprovalStatus=Approval.PENDING.value,
            InferenceSpecification={
                "Containers": [{"Image": image, "ModelDataUrl": artifact}],
                "SupportedContentTypes": content_types,
                "SupportedResponseMIMETypes": content_types,
            },
            CustomerMetadataProperties=dict(properties),
        )
        return str(answer["ModelPackageArn"])

    def decide(self, package: str, status: Approval, reason: str) -> None:
        """Sets a version's status, with the reason."""
        self.client.update_model_package(
            ModelPackageArn=package,
            ModelApprovalStatus=status.value,
            ApprovalDescription=reason[:MAX_DESCRIPTION],
        )

    def _versions(self, **filters: Any) -> Iterator[dict[str, Any]]:
        pages = self.client.get_paginator("list_model_packages").paginate(
            ModelPackageGroupName=self.group, SortBy="CreationTime", SortOrder="Descending", **filters
        )
        try:
            for page in pages:
                yield from page["ModelPackageSummaryList"]
        except ClientError as error:
            if not _is_missing(error):
                raise

    def _ensure_group(self, tags: list[Any]) -> None:
        try:
            self.client.create_model_package_group(ModelPackageGroupName=self.group, Tags=tags)
        except ClientError as error:
            if "already exist" not in error.response["Error"].get("Message", "").lower():
                raise


def _is_missing(error: ClientError) -> bool:
    message = error.response["Error"].get("Message", "").lower()
    return "does not exist" in message or "not found" in message or "could not find" in message
