"""The operations on records.

https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_Operations_Amazon_SageMaker_Feature_Store_Runtime.html
"""

from collections.abc import Mapping, Sequence
from typing import Any

from moto.sagemaker.models import sagemaker_backends

from local.aws.services.feature_store.errors import NotFoundError, RefusedError
from local.aws.services.feature_store.event_time import iso, now
from local.aws.services.feature_store.schema import Schema, duration
from local.aws.services.feature_store.store import Store, Write
from local.aws.services.sagemaker.backend import LocalSageMaker
from local.aws.services.sagemaker.feature_group_records import FeatureGroup

MAX_IDENTIFIERS = 100
MAX_ENTRIES = 25
MAX_ANSWER_BYTES = 16 * 1024 * 1024
"""What a batch has beyond it comes back as unprocessed."""
LIST_PAGE = 100
STORES = ("OnlineStore", "OfflineStore")

Request = Mapping[str, Any]
Answer = dict[str, Any]


class Operations:
    """Reads and writes records of the feature groups of one account."""

    def __init__(self, store: Store, account: str) -> None:
        self._store, self._account = store, account
        self._schemas: dict[str, tuple[str, Schema]] = {}

    def put_record(self, region: str, name: str, request: Request) -> Answer:
        """PutRecord, which knows no ResourceNotFound."""
        entry = {**request, "FeatureGroupName": name}
        try:
            write = self._write(region, entry, duration(request.get("TtlDuration")))
        except NotFoundError as error:
            raise RefusedError(str(error)) from error
        self._store.write([write], now())
        return {}

    def batch_write_record(self, region: str, request: Request) -> Answer:
        """BatchWriteRecord: what is refused is told of, the others are written."""
        entries: Sequence[Request] = request.get("Entries") or ()
        if not 1 <= len(entries) <= MAX_ENTRIES:
            raise RefusedError(
                f"1 validation error detected: Value at 'entries' has {len(entries)} members: "
                f"Member must have length between 1 and {MAX_ENTRIES}"
            )
        ttl = duration(request.get("TtlDuration"))
        writes, errors = [], []
        for entry in entries:
            try:
                writes.append(self._write(region, entry, duration(entry.get("TtlDuration")) or ttl))
            except RefusedError as error:
                errors.append({"Entry": entry, "ErrorCode": error.code, "ErrorMessage": str(error)[:2048]})
        if writes:
            self._store.write(writes, now())
        return {"Errors": errors, "UnprocessedEntries": []}

    def get_record(self, region: str, name: str, query: Mapping[str, Sequence[str]]) -> Answer:
        """GetRecord; a record that is not there is an empty answer."""
        schema = self._online(region, name)
        names = query.get("FeatureName")
        found = self._store.read(schema.number, _one(query, "RecordIdentifierValueAsString"), now())
        if found is None:
            return {}
        expires = query.get("ExpirationTimeResponse") == ["Enabled"]
        return {"Record": schema.shown(found[0], names), **_expiry(found[1], asked=expires)}

    def batch_get_record(self, region: str, request: Request) -> Answer:
        """BatchGetRecord: records that are not there are left out."""
        groups: Sequence[Request] = request.get("Identifiers") or ()
        count = sum(len(group["RecordIdentifiersValueAsString"]) for group in groups)
        if not 1 <= count <= MAX_IDENTIFIERS:
            raise RefusedError(
                f"Validation Error: The request has {count} record identifiers; give 1 to {MAX_IDENTIFIERS}."
            )
        answer: Answer = {"Records": [], "Errors": [], "UnprocessedIdentifiers": []}
        room = MAX_ANSWER_BYTES
        for group in groups:
            asked = request.get("ExpirationTimeResponse") == "Enabled"
            room = self._get_some(region, group, answer, room, asked=asked)
        return answer

    def _get_some(self, region: str, group: Request, answer: Answer, room: int, *, asked: bool) -> int:
        """Adds a group's records to the answer; returns how many bytes it still has room for."""
        name, identifiers = group["FeatureGroupName"], group["RecordIdentifiersValueAsString"]
        left: list[str] = []
        for identifier in identifiers:
            if room <= 0:
                left.append(identifier)
                continue
            try:
                schema = self._online(region, name)
                if found := self._store.read(schema.number, identifier, now()):
                    record = schema.shown(found[0], group.get("FeatureNames"))
                    room -= len(found[0])
                    answer["Records"].append(
                        {
                            "FeatureGroupName": name,
                            "RecordIdentifierValueAsString": identifier,
                            "Record": record,
                            **_expiry(found[1], asked=asked),
                        }
                    )
            except RefusedError as error:
                answer["Errors"].append(
                    {
                        "FeatureGroupName": name,
                        "RecordIdentifierValueAsString": identifier,
                        "ErrorCode": error.code,
                        "ErrorMessage": str(error)[:2048],
                    }
                )
        if left:
            answer["UnprocessedIdentifiers"].append({**group, "RecordIdentifiersValueAsString": left})
        return room

    def delete_record(self, region: str, name: str, query: Mapping[str, Sequence[str]]) -> Answer:
        """DeleteRecord: a tombstone or nothing online, a marker offline."""
        try:
            schema = self._schema(region, name)
        except NotFoundError as error:
            raise RefusedError(str(error)) from error
        identifier, event_time = _one(query, "RecordIdentifierValueAsString"), _one(query, "EventTime")
        online, offline = _targets(schema, query.get("TargetStores"))
        write = Write(schema.number, schema.marker(identifier, event_time), online, offline, deleted=True)
        mode = (query.get("DeletionMode") or ["SoftDelete"])[0]
        if mode not in ("SoftDelete", "HardDelete"):
            raise RefusedError(f"Validation Error: DeletionMode {mode} is neither SoftDelete nor HardDelete.")
        if mode == "SoftDelete" or not online:
            self._store.write([write], now())
        elif not self._store.remove(write, now()):
            raise RefusedError(
                f"Validation Error: EventTime {event_time} is not later than that of the record "
                f"{identifier!r} in the OnlineStore: nothing was deleted."
            )
        return {}

    def list_records(self, region: str, name: str, request: Request) -> Answer:
        """ListRecords: identifiers in the online store, in order."""
        schema = self._online(region, name)
        limit = min(request.get("MaxResults") or LIST_PAGE, LIST_PAGE)
        deleted = bool(request.get("IncludeSoftDeletedRecords"))
        after = request.get("NextToken") or ""
        found = self._store.identifiers(schema.number, after, limit + 1, now(), deleted=deleted)
        more = {"NextToken": found[limit - 1]} if len(found) > limit else {}
        return {"RecordIdentifiers": found[:limit], **more}

    def _write(self, region: str, entry: Request, ttl: int | None) -> Write:
        schema = self._schema(region, entry["FeatureGroupName"])
        online, offline = _targets(schema, entry.get("TargetStores"))
        record = schema.record(entry["Record"])
        ttl = ttl or schema.ttl
        return Write(schema.number, record, online, offline, record.event_time + ttl if ttl else None)

    def _online(self, region: str, name: str) -> Schema:
        schema = self._schema(region, name)
        if not schema.online:
            raise RefusedError(
                f"Validation Error: FeatureGroup {schema.name} has no OnlineStore to read from."
            )
        return schema

    def _schema(self, region: str, name: str) -> Schema:
        """Of a group by name or ARN; remembered until the group changes."""
        backend = sagemaker_backends[self._account][region]
        group = backend.find_feature_group(name) if isinstance(backend, LocalSageMaker) else None
        if group is None:
            raise NotFoundError(
                f"Resource Not Found: Amazon SageMaker can't find a FeatureGroup with name {name}"
            )
        version, schema = self._schemas.get(group.arn, ("", None))
        if schema is None or version != group.version:
            if group.status != "Created":
                raise RefusedError(
                    f"Validation Error: FeatureGroup {group.name} is {group.status}, not Created."
                )
            version = group.version
            schema = Schema.of(group, self._store.register(group.identity, _layout(group)))
            self._schemas[group.arn] = version, schema
        return schema


def _layout(group: FeatureGroup) -> dict[str, Any]:
    """What the offline store has to know of a group, which may be deleted before all of it is written."""
    described = group.description
    offline = described.get("OfflineStoreConfig") or {}
    return {
        "arn": group.arn,
        "region": group.region,
        "uri": offline.get("S3StorageConfig", {}).get("ResolvedOutputS3Uri"),
        "kms_key": offline.get("S3StorageConfig", {}).get("KmsKeyId"),
        "catalog": offline.get("DataCatalogConfig"),
        "features": [[f["FeatureName"], f["FeatureType"]] for f in described["FeatureDefinitions"]],
    }


def _targets(schema: Schema, asked: Sequence[str] | None) -> tuple[bool, bool]:
    """Whether to write to the online and to the offline store: by default to all that the group has."""
    if not asked:
        return schema.online, schema.offline
    has = {"OnlineStore": schema.online, "OfflineStore": schema.offline}
    for store in asked:
        if not has.get(store):
            raise RefusedError(
                f"Validation Error: FeatureGroup {schema.name} has no {store[:50]} to write to."
            )
    return "OnlineStore" in asked, "OfflineStore" in asked


def _expiry(expires: int | None, *, asked: bool) -> dict[str, str]:
    if not asked:
        return {}
    return {} if expires is None else {"ExpiresAt": iso(expires)}


def _one(query: Mapping[str, Sequence[str]], name: str) -> str:
    values = query.get(name)
    if not values:
        raise RefusedError(f"1 validation error detected: Value null at '{name}': Member must not be null")
    return values[0]
