"""What a record of a feature group has to look like."""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from local.aws.services.feature_store.errors import RefusedError
from local.aws.services.feature_store.event_time import milliseconds
from local.aws.services.sagemaker.feature_group_records import FeatureGroup

MAX_RECORD_BYTES = 350 * 1024
INTEGRAL = re.compile(r"[+-]?\d{1,19}")
FRACTIONAL = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
INT64 = range(-(2**63), 2**63)
SECONDS = {"Seconds": 1, "Minutes": 60, "Hours": 3600, "Days": 86_400, "Weeks": 604_800}

Values = list[str | None]
"""A record's values in the order of the group's features, which only grows."""


@dataclass(frozen=True)
class Record:
    """A record that the group takes; ``body`` is its values as JSON, ``event_time`` in milliseconds."""

    identifier: str
    event_time: int
    body: str


@dataclass(frozen=True)
class Schema:
    """A feature group as requests about its records need it.

    Attributes:
        number: the group's in the store.
        ttl: how long after its event time a record expires, in milliseconds.
    """

    number: int
    name: str
    features: Sequence[str]
    types: Sequence[str]
    identifier: int
    event_time: int
    online: bool
    offline: bool
    ttl: int | None

    @classmethod
    def of(cls, group: FeatureGroup, number: int) -> "Schema":
        """From the group's description."""
        described = group.description
        features = [feature["FeatureName"] for feature in described["FeatureDefinitions"]]
        online = described.get("OnlineStoreConfig") or {}
        return cls(
            number,
            group.name,
            features,
            [feature["FeatureType"] for feature in described["FeatureDefinitions"]],
            features.index(described["RecordIdentifierFeatureName"]),
            features.index(described["EventTimeFeatureName"]),
            bool(online.get("EnableOnlineStore")),
            bool(described.get("OfflineStoreConfig")),
            duration(online.get("TtlDuration")),
        )

    @cached_property
    def _checks(self) -> Mapping[str, tuple[int, Callable[[str], bool] | None]]:
        checks = [CHECKS[kind] for kind in self.types]
        return {name: (place, checks[place]) for place, name in enumerate(self.features)}

    def record(self, features: Sequence[Mapping[str, Any]]) -> Record:
        """Checks what a client wants to put.

        Raises:
            RefusedError: a feature is unknown, missing, there twice, or not of its type.
        """
        values: Values = [None] * len(self.features)
        checks = self._checks
        for feature in features:
            name, value = feature["FeatureName"], feature.get("ValueAsString")
            known = checks.get(name)
            if known is None:
                raise RefusedError(
                    f"Validation Error: FeatureGroup {self.name} has no feature {name}: "
                    "UpdateFeatureGroup adds features."
                )
            place, check = known
            if not isinstance(value, str):
                raise RefusedError(
                    f"Validation Error: ValueAsString of feature {name} is null: leave the feature out."
                )
            if values[place] is not None:
                raise RefusedError(f"Validation Error: Feature {name} is in the Record more than once.")
            if check is not None and not check(value):
                raise RefusedError(
                    f"Validation Error: The value {value[:100]!r} of feature {name} is not of type "
                    f"{self.types[place]}."
                )
            values[place] = value
        return self._record(values)

    def marker(self, identifier: str, event_time: str) -> Record:
        """What stands in the offline store for a deleted record."""
        values: Values = [None] * len(self.features)
        values[self.identifier], values[self.event_time] = identifier, event_time
        return self._record(values)

    def _record(self, values: Values) -> Record:
        identifier, event_time = values[self.identifier], values[self.event_time]
        if not identifier:
            raise RefusedError(
                f"Validation Error: The record identifier {self.features[self.identifier]} must be in the "
                "Record and not be empty."
            )
        if event_time is None:
            raise RefusedError(
                f"Validation Error: The event time {self.features[self.event_time]} must be in the Record."
            )
        moment = milliseconds(event_time, self.features[self.event_time], self.types[self.event_time])
        body = json.dumps(values, separators=(",", ":"), ensure_ascii=False)
        if len(body) * 4 > MAX_RECORD_BYTES and (size := len(body.encode())) > MAX_RECORD_BYTES:
            raise RefusedError(
                f"Validation Error: The Record has {size} bytes; the limit is {MAX_RECORD_BYTES}."
            )
        return Record(identifier, moment, body)

    def shown(self, body: str, names: Sequence[str] | None = None) -> list[dict[str, str]]:
        """A stored record as the API gives it: the features asked for that it has.

        Raises:
            RefusedError: the group has no feature of one of the names.
        """
        for name in names or ():
            if name not in self._checks:
                raise RefusedError(f"Validation Error: FeatureGroup {self.name} has no feature {name}.")
        # Values that were stored before a feature was added are fewer than the features.
        pairs = zip(self.features, json.loads(body), strict=False)
        return [
            {"FeatureName": name, "ValueAsString": value}
            for name, value in pairs
            if value is not None and (not names or name in names)
        ]


def duration(ttl: Mapping[str, Any] | None) -> int | None:
    """Milliseconds of a TtlDuration. Raises `RefusedError` for one of another unit."""
    if not ttl:
        return None
    unit, value = ttl.get("Unit"), ttl.get("Value")
    if unit not in SECONDS or not isinstance(value, int) or value < 1:
        raise RefusedError(
            f"Validation Error: The TtlDuration {ttl} is not valid: give a Value of at least 1 and a Unit of "
            f"{', '.join(SECONDS)}."
        )
    return SECONDS[unit] * value * 1000


def _is_integral(text: str) -> bool:
    return INTEGRAL.fullmatch(text) is not None and int(text) in INT64


def _is_fractional(text: str) -> bool:
    return FRACTIONAL.fullmatch(text) is not None


CHECKS: Mapping[str, Callable[[str], bool] | None] = {
    "Integral": _is_integral,
    "Fractional": _is_fractional,
    "String": None,
}
