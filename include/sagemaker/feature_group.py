"""Feature groups of Feature Store: what a record consists of, and what AWS can change of it later.

https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateFeatureGroup.html
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Literal

from include.bundles import Bundle
from include.run import Run
from include.sagemaker.instances import Request

FeatureType = Literal["Integral", "Fractional", "String"]

UNITS = {"Weeks": 604_800, "Days": 86_400, "Hours": 3600, "Minutes": 60, "Seconds": 1}
MAX_NAME = 64


class FeatureGroupChangeError(ValueError):
    """A definition differs from the group that is there in a way that AWS cannot change."""


@dataclass(frozen=True)
class FeatureGroup:
    """What one record has, and where records are kept.

    Attributes:
        name: of the first version; see ``include.naming.feature_group_name``.
        record_identifier: the feature that tells records apart: String or Integral.
        event_time: the feature that tells which record is the newest: String (ISO 8601) or Fractional (s).
        features: all of them with their types, those two included.
        online: whether the newest record of each identifier can be looked up.
        offline: the S3 URI below which every record is kept as Parquet; None for no such store.
        ttl: how long after its event time a record is to be had online; None for always.
        description: at most 128 characters.
        version: what to raise for a change that AWS refuses; each version is a group of its own.
    """

    name: str
    record_identifier: str
    event_time: str
    features: Mapping[str, FeatureType]
    online: bool = True
    offline: str | None = None
    ttl: timedelta | None = None
    description: str = ""
    version: int = 1

    def __post_init__(self) -> None:
        if missing := [n for n in (self.record_identifier, self.event_time) if n not in self.features]:
            raise ValueError(f"feature group {self.name} has no feature {missing[0]}: add it to its features")
        if len(self.group_name) > MAX_NAME:
            raise ValueError(
                f"feature group {self.group_name} has a name of {len(self.group_name)} characters; AWS "
                f"allows {MAX_NAME}: shorten it"
            )

    @property
    def group_name(self) -> str:
        """What AWS calls this version."""
        return versioned(self.name, self.version)

    def request(self, run: Run) -> Request:
        """The ``CreateFeatureGroup`` request, without name and tags."""
        request: Request = {
            "RecordIdentifierFeatureName": self.record_identifier,
            "EventTimeFeatureName": self.event_time,
            "FeatureDefinitions": _definitions(self.features),
            "RoleArn": run.settings.role_arn,
        }
        key = {"KmsKeyId": run.settings.output_kms_key} if run.settings.output_kms_key else {}
        if self.online:
            request["OnlineStoreConfig"] = {"EnableOnlineStore": True, **self._ttl()}
            if key:
                request["OnlineStoreConfig"]["SecurityConfig"] = key
        if self.offline:
            request["OfflineStoreConfig"] = {"S3StorageConfig": {"S3Uri": self.offline, **key}}
        if self.description:
            request["Description"] = self.description
        return request

    def bundles(self) -> Sequence[Bundle]:
        """Nothing ships with a group."""
        return []

    def metrics_uri(self) -> str | None:
        """A group measures nothing."""
        return None

    def changes(self, described: Mapping[str, Any]) -> Request:
        """What an ``UpdateFeatureGroup`` has to say; empty where the group is as it should be.

        Args:
            described: the answer of ``DescribeFeatureGroup``.

        Raises:
            FeatureGroupChangeError: AWS cannot make the group what this definition says. The message names
                group, feature, both types and what to do.
        """
        present = {f["FeatureName"]: f["FeatureType"] for f in described["FeatureDefinitions"]}
        self._check_features(present)
        self._check_rest(described)
        request: Request = {}
        if added := {name: kind for name, kind in self.features.items() if name not in present}:
            request["FeatureAdditions"] = _definitions(added)
        if self.online and self.ttl and self._ttl() != _ttl_of(described):
            request["OnlineStoreConfig"] = self._ttl()
        return request

    def _check_features(self, present: Mapping[str, str]) -> None:
        for name, kind in present.items():
            if name not in self.features:
                self._refuse(
                    f"feature {name} ({kind}) is in the group and not in its definition", "removes one"
                )
            if self.features[name] != kind:
                self._refuse(
                    f"feature {name} is {kind} in the group and {self.features[name]} in its definition",
                    "changes a type",
                )

    def _check_rest(self, described: Mapping[str, Any]) -> None:
        offline = described.get("OfflineStoreConfig", {}).get("S3StorageConfig", {}).get("S3Uri")
        online = bool(described.get("OnlineStoreConfig", {}).get("EnableOnlineStore"))
        for what, there, here in (
            ("record identifier", described["RecordIdentifierFeatureName"], self.record_identifier),
            ("event time", described["EventTimeFeatureName"], self.event_time),
            ("online store", "on" if online else "off", "on" if self.online else "off"),
            ("offline store", offline or "off", self.offline or "off"),
        ):
            if there != here:
                self._refuse(
                    f"its {what} is {there} in the group and {here} in its definition", "changes that"
                )
        if _ttl_of(described) and self.online and not self.ttl:
            self._refuse(
                f"its records expire after {_ttl_of(described)['TtlDuration']} and its definition has no ttl",
                "takes that away",
            )

    def _refuse(self, difference: str, never: str) -> None:
        following = versioned(self.name, self.version + 1)
        raise FeatureGroupChangeError(
            f"feature group {self.group_name}: {difference}; AWS never {never}. Put the definition back, or "
            f"raise version of the definition from {self.version} to {self.version + 1}: that makes the "
            f"group {following}, into which the features are to be ingested anew and which its readers have "
            "to name"
        )

    def _ttl(self) -> Request:
        if self.ttl is None:
            return {}
        seconds = int(self.ttl.total_seconds())
        unit, size = next((unit, size) for unit, size in UNITS.items() if seconds % size == 0)
        return {"TtlDuration": {"Unit": unit, "Value": seconds // size}}


def versioned(name: str, version: int) -> str:
    """The name of a version of a group.

    >>> versioned("prod-main-amp-user", 1), versioned("prod-main-amp-user", 2)
    ('prod-main-amp-user', 'prod-main-amp-user-v2')
    """
    return name if version == 1 else f"{name}-v{version}"


def _definitions(features: Mapping[str, str]) -> list[Request]:
    return [{"FeatureName": name, "FeatureType": kind} for name, kind in features.items()]


def _ttl_of(described: Mapping[str, Any]) -> Request:
    ttl = described.get("OnlineStoreConfig", {}).get("TtlDuration")
    return {"TtlDuration": dict(ttl)} if ttl else {}
