"""Feature groups as they are saved, and what AWS refuses in their definitions."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import uuid4

from local.aws.services.sagemaker import events, validation
from local.aws.services.sagemaker.records import now
from local.aws.services.sagemaker.validation import ResourceLimitExceededError, ValidationError

Request = Mapping[str, Any]

RESERVED = frozenset({"is_deleted", "write_time", "api_invocation_time"})
"""Names of the columns that the service adds to the offline store."""
IDENTIFIER_TYPES = ("String", "Integral")
EVENT_TIME_TYPES = ("String", "Fractional")
MAX_FEATURES = 2500


class FeatureGroup:
    """A feature group's description. It is replaced as a whole, so a reader never sees half a change.

    Attributes:
        identity: no other group has it, not even a later one of the same name.
        version: changes with the description.
        tags: as `ListTags` gives them.
        metadata: what UpdateFeatureMetadata has said, by feature.
    """

    def __init__(self, arn: str, region: str, description: dict[str, Any], tags: list[dict[str, str]]):
        self.arn, self.region, self.description, self.tags = arn, region, description, tags
        self.identity = uuid4().hex
        self.version = uuid4().hex
        self.metadata: dict[str, dict[str, Any]] = {}

    @property
    def name(self) -> str:
        """The group's name."""
        return str(self.description["FeatureGroupName"])

    @property
    def status(self) -> str:
        """``Creating``, ``Created``, ``CreateFailed`` or ``Deleting``."""
        return str(self.description["FeatureGroupStatus"])

    @property
    def response_object(self) -> dict[str, Any]:
        """What moto's search looks into."""
        return self.description

    def change(self, **members: Any) -> None:
        """Replaces members of the description and announces how the group stands now."""
        self.description = {**self.description, **members, "LastModifiedTime": now()}
        self.version = uuid4().hex
        events.announce("Feature Group", self.description, self.arn, self.region)


def check_definition(request: Request) -> None:
    """Raises `ValidationError` for a CreateFeatureGroup that AWS refuses."""
    validation.check_request("CreateFeatureGroup", request)
    types = checked_features(request["FeatureDefinitions"], ())
    _check_role_of("RecordIdentifierFeatureName", request, types, IDENTIFIER_TYPES)
    _check_role_of("EventTimeFeatureName", request, types, EVENT_TIME_TYPES)
    online, offline = request.get("OnlineStoreConfig") or {}, request.get("OfflineStoreConfig")
    if not online.get("EnableOnlineStore") and not offline:
        raise ValidationError(
            "Validation Error: Both OnlineStoreConfig and OfflineStoreConfig are empty: "
            "enable at least one store."
        )
    if offline:
        _check_offline(offline)
        if not request.get("RoleArn"):
            raise ValidationError("Validation Error: RoleArn is required for an OfflineStore.")
    if (storage := online.get("StorageType", "Standard")) != "Standard":
        raise ValidationError(f"StorageType {storage} is not supported by the local AWS: give Standard.")


def checked_features(definitions: Sequence[Request], present: Sequence[Request]) -> dict[str, str]:
    """Types by name of all features, those that are `present` first.

    Raises:
        ValidationError: a name is there twice, reserved, or of a collection.
        ResourceLimitExceededError: there are too many.
    """
    types = {feature["FeatureName"]: feature["FeatureType"] for feature in present}
    known = {name.lower() for name in types}
    for feature in definitions:
        name = feature["FeatureName"]
        if name.lower() in RESERVED:
            raise ValidationError(
                f"Validation Error: The feature name {name} is reserved. Choose another name."
            )
        if name.lower() in known:
            raise ValidationError(f"Validation Error: The feature {name} is defined more than once.")
        if feature.get("CollectionType"):
            raise ValidationError(
                f"Validation Error: Feature {name} has CollectionType {feature['CollectionType']}, which "
                "needs StorageType InMemory."
            )
        types[name] = feature["FeatureType"]
        known.add(name.lower())
    if len(types) > MAX_FEATURES:
        raise ResourceLimitExceededError(
            f"A feature group has at most {MAX_FEATURES} features, this one would have {len(types)}."
        )
    return types


def _check_role_of(member: str, request: Request, types: Mapping[str, str], allowed: Sequence[str]) -> None:
    name = request[member]
    if name not in types:
        raise ValidationError(
            f"Validation Error: {member} {name} is not one of the names of the FeatureDefinitions."
        )
    if types[name] not in allowed:
        raise ValidationError(
            f"Validation Error: {member} {name} is of type {types[name]}; it must be {' or '.join(allowed)}."
        )


def _check_offline(config: Request) -> None:
    uri = config["S3StorageConfig"]["S3Uri"]
    validation.check_s3_uri(uri, "S3Uri of the OfflineStoreConfig")
    if (table_format := config.get("TableFormat", "Glue")) == "Iceberg":
        raise ValidationError(f"TableFormat {table_format} is not supported by the local AWS: give Glue.")
    if config.get("DisableGlueTableCreation") and config.get("DataCatalogConfig"):
        raise ValidationError(
            "Validation Error: DataCatalogConfig is given, but DisableGlueTableCreation is true."
        )
