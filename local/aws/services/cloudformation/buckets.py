"""``AWS::S3::Bucket`` and its policy."""

import json
from typing import Any

from moto.s3.models import FakeBucket, s3_backends
from moto.utilities.utils import get_partition
from typing_extensions import override

from local.aws.services.cloudformation.attachment import Attachment, Properties


class Bucket(FakeBucket):
    """moto applies encryption and tags only."""

    @classmethod
    @override
    def create_from_cloudformation_json(
        cls, resource_name: str, cloudformation_json: Any, account_id: str, region_name: str, **kwargs: Any
    ) -> FakeBucket:
        bucket: FakeBucket = super().create_from_cloudformation_json(
            resource_name, cloudformation_json, account_id, region_name, **kwargs
        )
        configure(bucket, cloudformation_json.get("Properties", {}))
        return bucket

    @classmethod
    @override
    def update_from_cloudformation_json(
        cls,
        original_resource: Any,
        new_resource_name: str,
        cloudformation_json: Any,
        account_id: str,
        region_name: str,
    ) -> FakeBucket:
        cloudformation_json["Properties"].setdefault("BucketName", original_resource.name)
        bucket: FakeBucket = super().update_from_cloudformation_json(
            original_resource, new_resource_name, cloudformation_json, account_id, region_name
        )
        configure(bucket, cloudformation_json["Properties"])
        return bucket


def configure(bucket: FakeBucket, properties: Properties) -> None:
    """Puts the properties in force that moto leaves out."""
    backend = s3_backends[bucket.account_id][bucket.partition]
    if encryption := properties.get("BucketEncryption"):
        rule = encryption["ServerSideEncryptionConfiguration"][0]
        enabled = str(rule.get("BucketKeyEnabled", False)).lower()
        bucket.encryption["Rule"]["BucketKeyEnabled"] = enabled  # type: ignore[index]  # moto has just set it
    if status := properties.get("VersioningConfiguration", {}).get("Status"):
        backend.put_bucket_versioning(bucket.name, status)
    if block := properties.get("PublicAccessBlockConfiguration"):
        flags = {name: str(value).lower() for name, value in block.items()}
        backend.put_public_access_block(bucket.name, flags)
    if rules := properties.get("OwnershipControls", {}).get("Rules"):
        backend.put_bucket_ownership_controls(bucket.name, rules[0]["ObjectOwnership"])
    lifecycle = properties.get("LifecycleConfiguration", {}).get("Rules", [])
    backend.put_bucket_lifecycle_configuration(bucket.name, [_lifecycle_rule(rule) for rule in lifecycle])
    backend.put_bucket_notification_configuration(
        bucket.name, _notifications(properties.get("NotificationConfiguration", {}))
    )


def _lifecycle_rule(rule: Properties) -> Properties:
    """A rule as the S3 API spells it."""
    other = ("Id", "ExpirationInDays", "ExpiredObjectDeleteMarker", "Transitions")
    api = {name: value for name, value in rule.items() if name not in other}
    api["ID"] = rule.get("Id", "")
    if "Filter" not in api and "Prefix" not in api:
        api["Prefix"] = ""
    if "ExpirationInDays" in rule:
        api["Expiration"] = {"Days": rule["ExpirationInDays"]}
    if "ExpiredObjectDeleteMarker" in rule:
        api["Expiration"] = {"ExpiredObjectDeleteMarker": str(rule["ExpiredObjectDeleteMarker"]).lower()}
    if "Transitions" in rule:
        api["Transition"] = [
            {"Days": one.get("TransitionInDays"), "StorageClass": one["StorageClass"]}
            for one in rule["Transitions"]
        ]
    return api


def _notifications(properties: Properties) -> Properties:
    """Notifications as the S3 API spells them; empty for none."""
    api: Properties = {}
    if properties.get("EventBridgeConfiguration", {}).get("EventBridgeEnabled", False) not in (
        False,
        "false",
    ):
        api["EventBridgeConfiguration"] = {}
    for kind, target in (("Queue", "Queue"), ("Topic", "Topic"), ("CloudFunction", "Function")):
        plural = "LambdaConfigurations" if target == "Function" else f"{kind}Configurations"
        entries = [
            {kind: entry[target], "Event": [entry["Event"]], **_filter(entry)}
            for entry in properties.get(plural, [])
        ]
        if entries:
            api[f"{kind}Configuration"] = entries
    return api


def _filter(entry: Properties) -> Properties:
    rules = entry.get("Filter", {}).get("S3Key", {}).get("Rules")
    return {"Filter": {"S3Key": {"FilterRule": rules}}} if rules else {}


class BucketPolicy(Attachment):
    """Kept and shown; the local AWS grants everything to everybody on this machine."""

    resource_type = "AWS::S3::BucketPolicy"

    @override
    def apply(self) -> None:
        text = json.dumps(self.properties["PolicyDocument"], default=str)
        self._backend().put_bucket_policy(self.properties["Bucket"], text.encode())

    @override
    def remove(self) -> None:
        self._backend().delete_bucket_policy(self.properties["Bucket"])

    def _backend(self) -> Any:
        return s3_backends[self.account][get_partition(self.region)]
