"""The daily features of many records, from the online store of Feature Store.

https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_feature_store_BatchGetRecord.html
"""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from typing import Any, NamedTuple

from ranking_features import GROUPS

MOST_AT_ONCE = 100
"""Records of a call, of all of its groups."""
AT_A_TIME = 8
"""Calls."""
ROUNDS = 3
"""How often what a call leaves unprocessed is asked for."""
EVENT_TIME = "event_time"
SHARED = ("creator", "show")
"""Groups whose records every user's request asks for, and which change once a day: they are kept."""
KEPT_SECONDS = 60.0
MOST_KEPT = 50_000
"""Records."""

Key = tuple[str, str]
"""A group's short name and a record's identifier."""


class UnreadRecordsError(Exception):
    """Records that the store keeps to itself. The message says of which group, and why."""


class Record(NamedTuple):
    """The features of one version; those that are null are left out."""

    version: date
    features: dict[str, float]


class OnlineStore:
    """Records of the five groups.

    Args:
        client: of ``sagemaker-featurestore-runtime``.
        groups: the name that Feature Store has for each.
        clock: seconds.
    """

    def __init__(
        self, client: Any, groups: Mapping[str, str], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._client, self._groups, self._clock = client, groups, clock
        self._short = {name: group for group, name in groups.items()}
        self._kept: dict[Key, tuple[float, Record | None]] = {}
        self._threads = ThreadPoolExecutor(AT_A_TIME, "online-store")

    def records(self, keys: Iterable[Key]) -> dict[Key, Record]:
        """Those of the keys that are there.

        Raises:
            UnreadRecordsError: some were not given, however often they were asked for.
            botocore.exceptions.BotoCoreError: the store does not answer in time.
            botocore.exceptions.ClientError: it refuses.
        """
        wanted, now = list(dict.fromkeys(keys)), self._clock()
        kept = {key: self._kept[key][1] for key in wanted if self._kept.get(key, (0.0,))[0] > now}
        parts = calls([key for key in wanted if key not in kept])
        answers = self._threads.map(self._read, parts) if len(parts) > 1 else map(self._read, parts)
        found = {key: record for answer in answers for key, record in answer.items()}
        self._keep([key for part in parts for key in part if key[0] in SHARED], found, now)
        return found | {key: record for key, record in kept.items() if record is not None}

    def _keep(self, keys: Sequence[Key], found: Mapping[Key, Record], now: float) -> None:
        """Also that there is none."""
        if len(self._kept) > MOST_KEPT:
            self._kept = {}
        self._kept.update({key: (now + KEPT_SECONDS, found.get(key)) for key in keys})

    def _read(self, keys: Sequence[Key]) -> dict[Key, Record]:
        found: dict[Key, Record] = {}
        left = self._asked(keys)
        for _ in range(ROUNDS):
            answer = self._client.batch_get_record(Identifiers=left)
            for each in answer["Records"]:
                key = (self._short[each["FeatureGroupName"]], each["RecordIdentifierValueAsString"])
                found[key] = _record(each["Record"])
            for error in answer["Errors"]:
                raise UnreadRecordsError(
                    f"{error['FeatureGroupName']}: {error['ErrorCode']}: {error['ErrorMessage']}"
                )
            left = answer["UnprocessedIdentifiers"]
            if not left:
                return found
        count = sum(len(each["RecordIdentifiersValueAsString"]) for each in left)
        raise UnreadRecordsError(f"{count} of {len(keys)} records are left after {ROUNDS} calls")

    def _asked(self, keys: Sequence[Key]) -> list[dict[str, Any]]:
        by_group: dict[str, list[str]] = {}
        for group, identifier in keys:
            by_group.setdefault(group, []).append(identifier)
        return [
            {
                "FeatureGroupName": self._groups[group],
                "RecordIdentifiersValueAsString": identifiers,
                "FeatureNames": [EVENT_TIME, *GROUPS[group][1]],
            }
            for group, identifiers in by_group.items()
        ]


def calls(keys: Sequence[Key]) -> list[Sequence[Key]]:
    """As few calls as there can be."""
    return [keys[start : start + MOST_AT_ONCE] for start in range(0, len(keys), MOST_AT_ONCE)]


def _record(features: Sequence[Mapping[str, str]]) -> Record:
    values = {each["FeatureName"]: each["ValueAsString"] for each in features if "ValueAsString" in each}
    version = date.fromisoformat(values.pop(EVENT_TIME)[:10])
    return Record(version, {name: float(value) for name, value in values.items()})
