"""Feature groups: what a record of Feature Store consists of and where it is kept.

The records themselves are not part of the backend, which is pickled: see `local.aws.services.feature_store`.
"""

import logging
import threading
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from botocore.exceptions import ClientError
from moto.sagemaker.models import SageMakerModelBackend

from local.aws.operations import Operations
from local.aws.runtime.transfer import S3Uri
from local.aws.services.sagemaker import context, feature_group_tables, validation
from local.aws.services.sagemaker.feature_group_records import (
    FeatureGroup,
    Request,
    check_definition,
    checked_features,
)
from local.aws.services.sagemaker.jobs import copied
from local.aws.services.sagemaker.listing import page
from local.aws.services.sagemaker.records import now
from local.aws.services.sagemaker.validation import ResourceInUseError, ResourceNotFoundError, ValidationError

log = logging.getLogger(__name__)

SETTLING_SECONDS = 0.3
"""A group is made in no time here; a caller that does not wait for it would fail on AWS."""
SUMMARY = ("FeatureGroupName", "FeatureGroupArn", "CreationTime", "FeatureGroupStatus", "OfflineStoreStatus")
SORTED_BY = {
    "Name": lambda d: d["FeatureGroupName"],
    "FeatureGroupStatus": lambda d: d["FeatureGroupStatus"],
    "OfflineStoreStatus": lambda d: d.get("OfflineStoreStatus", {}).get("Status", ""),
    "CreationTime": lambda d: d["CreationTime"],
}
Params = dict[str, Any]


class FeatureGroupOperations(SageMakerModelBackend):
    """The part of the backend that keeps feature groups."""

    def new_feature_group(self, request: Request) -> dict[str, Any]:
        """CreateFeatureGroup: `Creating` now, `Created` when its stores are there."""
        check_definition(request)
        name = request["FeatureGroupName"]
        arn = self._feature_group_arn(name)
        if arn in self.feature_groups:
            raise ResourceInUseError(
                f"Resource Already Exists: FeatureGroup with name {name} already exists. "
                "Choose a different name."
            )
        if role := request.get("RoleArn"):
            validation.check_role(role, self.account_id, self.region_name)
        description = {**copied("DescribeFeatureGroup", request), "FeatureGroupArn": arn, "NextToken": ""}
        description |= {"FeatureGroupStatus": "Creating", "CreationTime": now(), "LastModifiedTime": now()}
        description.setdefault("ThroughputConfig", {"ThroughputMode": "OnDemand"})
        if offline := request.get("OfflineStoreConfig"):
            description |= self._offline(offline, name, int(description["CreationTime"].timestamp()))
        group = FeatureGroup(arn, self.region_name, description, list(request.get("Tags") or []))
        self.feature_groups[arn] = group  # type: ignore[assignment]
        group.change()
        self._soon(self._make, group)
        return {"FeatureGroupArn": arn}

    def feature_group(self, name: str) -> FeatureGroup:
        """By name or ARN. Raises the error of DescribeFeatureGroup for an unknown one."""
        group = self.find_feature_group(name)
        if group is None:
            raise ResourceNotFoundError(
                f"Resource Not Found: Amazon SageMaker can't find a FeatureGroup with name {name}"
            )
        return group

    def find_feature_group(self, name: str) -> FeatureGroup | None:
        """By name or ARN."""
        group: Any = self.feature_groups.get(self._feature_group_arn(name.rpartition("/")[2]))
        return group if isinstance(group, FeatureGroup) else None

    def change_feature_group(self, request: Request) -> dict[str, Any]:
        """UpdateFeatureGroup: features can be added, and the online store's time to live changed."""
        validation.check_request("UpdateFeatureGroup", request)
        group = self.feature_group(request["FeatureGroupName"])
        updating = group.description.get("LastUpdateStatus", {}).get("Status") == "InProgress"
        if group.status != "Created" or updating:
            status = "being updated" if updating else group.status
            raise ValidationError(
                f"Validation Error: FeatureGroup {group.name} is {status}: wait until it is over."
            )
        present, additions = group.description["FeatureDefinitions"], request.get("FeatureAdditions") or []
        checked_features(additions, present)
        members: Params = {
            "FeatureDefinitions": [*present, *additions],
            "LastUpdateStatus": {"Status": "InProgress"},
        }
        if ttl := (request.get("OnlineStoreConfig") or {}).get("TtlDuration"):
            members["OnlineStoreConfig"] = {
                **group.description.get("OnlineStoreConfig", {}),
                "TtlDuration": ttl,
            }
        group.change(**members)
        self._soon(self._update, group)
        return {"FeatureGroupArn": group.arn}

    def remove_feature_group(self, name: str) -> None:
        """DeleteFeatureGroup: online records go with it; the offline store and its table stay."""
        group = self.feature_group(name)
        if group.status != "Deleting":
            group.change(FeatureGroupStatus="Deleting")
            self._soon(self._remove, group)

    def list_groups(self, request: Request) -> dict[str, Any]:
        """ListFeatureGroups, newest first by default."""
        validation.check_request("ListFeatureGroups", request)
        groups = [group.description for group in self.described_feature_groups()]
        chosen = [group for group in groups if _is_asked_for(group, request)]
        newest_first = request.get("SortOrder", "Descending") == "Descending"
        chosen.sort(key=SORTED_BY[request.get("SortBy", "CreationTime")], reverse=newest_first)
        found, token = page(chosen, request)
        entries = [{m: d[m] for m in SUMMARY if m in d} for d in found]
        return {"FeatureGroupSummaries": entries} | ({"NextToken": token} if token else {})

    def describe_feature(self, request: Request) -> dict[str, Any]:
        """DescribeFeatureMetadata."""
        group = self.feature_group(request["FeatureGroupName"])
        feature = self._feature(group, request["FeatureName"])
        said = group.metadata.get(feature["FeatureName"], {})
        return {
            "FeatureGroupArn": group.arn,
            "FeatureGroupName": group.name,
            "FeatureName": feature["FeatureName"],
            "FeatureType": feature["FeatureType"],
            "CreationTime": group.description["CreationTime"],
            "LastModifiedTime": said.get("LastModifiedTime", group.description["CreationTime"]),
            "Description": said.get("Description", ""),
            "Parameters": [{"Key": k, "Value": v} for k, v in said.get("Parameters", {}).items()],
        }

    def change_feature(self, request: Request) -> None:
        """UpdateFeatureMetadata."""
        validation.check_request("UpdateFeatureMetadata", request)
        group = self.feature_group(request["FeatureGroupName"])
        name = self._feature(group, request["FeatureName"])["FeatureName"]
        said = group.metadata.get(name, {})
        gone = set(request.get("ParameterRemovals") or [])
        parameters = {k: v for k, v in said.get("Parameters", {}).items() if k not in gone}
        parameters |= {p["Key"]: p["Value"] for p in request.get("ParameterAdditions") or []}
        described = request.get("Description") or said.get("Description", "")
        group.metadata[name] = {
            "Description": described,
            "Parameters": parameters,
            "LastModifiedTime": now(),
        }

    def resume_feature_groups(self) -> None:
        """After a restart: what was being made, changed or deleted is done."""
        for group in self.described_feature_groups():
            if group.status == "Creating":
                self._soon(self._make, group)
            elif group.status == "Deleting":
                self._soon(self._remove, group)
            elif group.description.get("LastUpdateStatus", {}).get("Status") == "InProgress":
                self._soon(self._update, group)

    def described_feature_groups(self) -> Iterator[FeatureGroup]:
        """All of them, in the order in which they were made."""
        groups: list[Any] = list(self.feature_groups.values())
        return (group for group in groups if isinstance(group, FeatureGroup))

    def _get_resource_from_arn(self, arn: str) -> Any:
        """What moto lists and changes the tags of."""
        return self.feature_groups.get(arn) or super()._get_resource_from_arn(arn)

    def _feature_group_arn(self, name: str) -> str:
        where = f"{self.region_name}:{self.account_id}"
        return f"arn:{self.partition}:sagemaker:{where}:feature-group/{name.lower()}"

    def _feature(self, group: FeatureGroup, name: str) -> dict[str, Any]:
        for feature in group.description["FeatureDefinitions"]:
            if feature["FeatureName"] == name:
                return dict(feature)
        raise ResourceNotFoundError(
            f"Resource Not Found: FeatureGroup {group.name} has no feature with name {name}"
        )

    def _offline(self, config: Request, name: str, epoch: int) -> dict[str, Any]:
        """Where the offline store and its table are, in AWS's layout."""
        storage = dict(config["S3StorageConfig"])
        folder = f"{self.account_id}/sagemaker/{self.region_name}/offline-store/{name}-{epoch}/data"
        storage["ResolvedOutputS3Uri"] = f"{storage['S3Uri'].rstrip('/')}/{folder}"
        offline: Params = {"DisableGlueTableCreation": False, **config, "S3StorageConfig": storage}
        if not offline["DisableGlueTableCreation"]:
            table = f"{name.replace('-', '_').lower()}_{epoch}"
            catalog = {
                "Catalog": "AwsDataCatalog",
                "Database": feature_group_tables.DATABASE,
                "TableName": table,
            }
            offline["DataCatalogConfig"] = config.get("DataCatalogConfig") or catalog
        return {"OfflineStoreConfig": offline, "OfflineStoreStatus": {"Status": "Active"}}

    # In threads of their own, without the lock of the request

    def _soon(self, work: Callable[[FeatureGroup], None], group: FeatureGroup) -> None:
        timer = threading.Timer(SETTLING_SECONDS, work, [group])
        timer.daemon = True
        timer.start()

    def _make(self, group: FeatureGroup) -> None:
        try:
            if offline := group.description.get("OfflineStoreConfig"):
                self._check_bucket(offline["S3StorageConfig"]["S3Uri"])
                self._in_catalog(group, feature_group_tables.make_table)
        except (ClientError, ValidationError) as error:
            self._settle(group, FeatureGroupStatus="CreateFailed", FailureReason=str(error))
        else:
            self._settle(group, FeatureGroupStatus="Created")

    def _update(self, group: FeatureGroup) -> None:
        try:
            self._in_catalog(group, feature_group_tables.change_table)
        except ClientError as error:
            self._settle(group, LastUpdateStatus={"Status": "Failed", "FailureReason": str(error)})
        else:
            self._settle(group, LastUpdateStatus={"Status": "Successful"})

    def _remove(self, group: FeatureGroup) -> None:
        from local.aws.services.feature_store import store  # noqa: PLC0415  (it imports this package)

        store().forget(group.identity)
        with context.current().aws.changing():
            self.feature_groups.pop(group.arn, None)

    def _settle(self, group: FeatureGroup, **members: Any) -> None:
        with context.current().aws.changing():
            group.change(**members)

    def _in_catalog(self, group: FeatureGroup, change: Callable[..., None]) -> None:
        """Makes or changes the table of a group that has one."""
        offline = group.description.get("OfflineStoreConfig") or {}
        if catalog := offline.get("DataCatalogConfig"):
            uri = offline["S3StorageConfig"]["ResolvedOutputS3Uri"]
            change(catalog, group.description["FeatureDefinitions"], uri, self.region_name)

    def _check_bucket(self, uri: str) -> None:
        bucket = S3Uri.parse(uri).bucket
        try:
            context.current().s3(self.region_name).head_bucket(Bucket=bucket)
        except ClientError as error:
            raise ValidationError(
                f"The S3 bucket {bucket} of the OfflineStoreConfig is not there or cannot be reached: {error}"
            ) from error


def _is_asked_for(description: Mapping[str, Any], request: Request) -> bool:
    created = description["CreationTime"].timestamp()
    after, before = request.get("CreationTimeAfter"), request.get("CreationTimeBefore")
    offline = description.get("OfflineStoreStatus", {}).get("Status")
    return (
        request.get("NameContains", "").lower() in description["FeatureGroupName"].lower()
        and request.get("FeatureGroupStatusEquals") in (None, description["FeatureGroupStatus"])
        and request.get("OfflineStoreStatusEquals") in (None, offline)
        and (after is None or created > after.timestamp())
        and (before is None or created < before.timestamp())
    )


OPERATIONS: Operations[FeatureGroupOperations] = {
    "create_feature_group": lambda b, p: b.new_feature_group(p),
    "describe_feature_group": lambda b, p: b.feature_group(p["FeatureGroupName"]).description,
    "update_feature_group": lambda b, p: b.change_feature_group(p),
    "delete_feature_group": lambda b, p: b.remove_feature_group(p["FeatureGroupName"]),
    "list_feature_groups": lambda b, p: b.list_groups(p),
    "describe_feature_metadata": lambda b, p: b.describe_feature(p),
    "update_feature_metadata": lambda b, p: b.change_feature(p),
}
