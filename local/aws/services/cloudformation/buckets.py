"""``AWS::S3::Bucket`` and its policy."""

import json
from typing import Any

from moto.core.utils import tags_from_cloudformation_tags_list
from moto.s3.cloud_formation import cfn_to_api_encryption
from moto.s3.models import FakeBucket, s3_backends
from moto.utilities.utils import get_partition
from typing_extensions import override

from local.aws.services.cloudformation.attachment import Attachment
from local.aws.services.cloudformation.resource import Properties, Resource


class Bucket(Resource, FakeBucket):
    """moto applies encryption and tags only."""

    identity = ("BucketName",)

    @classmethod
    @override
    def configure(cls, made: FakeBucket, properties: Properties) -> None:
        backend = s3_backends[made.account_id][made.partition]
        if encryption := properties.get("BucketEncryption"):
            rule = encryption["ServerSideEncryptionConfiguration"][0]
            backend.put_bucket_encryption(made.name, cfn_to_api_encryption(encryption))
            enabled = str(rule.get("BucketKeyEnabled", False)).lower()
            made.encryption["Rule"]["BucketKeyEnabled"] = enabled  # type: ignore[index]  # moto has just set it
        if status := properties.get("VersioningConfiguration", {}).get("Status"):
            backend.put_bucket_versioning(made.name, status)
        if block := properties.get("PublicAccessBlockConfiguration"):
            flags = {name: str(value).lower() for name, value in block.items()}
            backend.put_public_access_block(made.name, flags)
        if rules := properties.get("OwnershipControls", {}).get("Rules"):
            backend.put_bucket_ownership_controls(made.name, rules[0]["ObjectOwnership"])
        lifecycle = properties.get("LifecycleConfiguration", {}).get("Rules", [])
        backend.put_bucket_lifecycle_configuration(made.name, [_lifecycle_rule(rule) for rule in lifecycle])
        backend.put_bucket_notification_configuration(
            made.name, _notifications(properties.get("NotificationConfiguration", {}))
        )
        backend.put_bucket_tagging(made.name, tags_from_cloudformation_tags_list(properties.get("Tags", [])))


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
    identity = ("Bucket",)

    @override
    def apply(self) -> None:
        text = json.dumps(self.properties["PolicyDocument"], default=str)
        self._backend().put_bucket_policy(self.properties["Bucket"], text.encode())

    @override
    def remove(self) -> None:
        self._backend().delete_bucket_policy(self.properties["Bucket"])

    def _backend(self) -> Any:
        return s3_backends[self.account][get_partition(self.region)]
