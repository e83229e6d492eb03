"""Feature groups: a list, and a page for each with its newest records and any other by its identifier."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import quote, urlencode

from moto.sagemaker.models import sagemaker_backends

from local.aws import jobs
from local.aws.pages import facts
from local.aws.pages.calls import page_of_run
from local.aws.pages.frame import FEATURE_GROUPS, JOBS, POLICY, Crumb, NotThereError, page, second, sources
from local.aws.services.feature_store import store
from local.aws.services.feature_store.event_time import iso, now
from local.aws.services.feature_store.schema import Schema
from local.aws.services.sagemaker.backend import LocalSageMaker
from local.aws.services.sagemaker.feature_group_records import FeatureGroup

if TYPE_CHECKING:
    from local.aws.server import LocalAws

NEWEST = 20
REFRESH_SECONDS = 3
CRUMB = Crumb("Feature groups", FEATURE_GROUPS)


class Listed(NamedTuple):
    """A record of the online store in a list."""

    identifier: str
    address: str
    event_time: str


class Online(NamedTuple):
    """What the online store has now: how many records, the newest of them, and the one that is looked up."""

    records: int
    newest: list[Listed]
    found: list[tuple[str, str]]


class FeatureGroups:
    """Answers below :data:`~local.aws.pages.frame.FEATURE_GROUPS`."""

    def __init__(self, aws: "LocalAws") -> None:
        self._aws = aws

    def answer(self, request: Any, where: str) -> Any:
        """The list, or the page ``<name>``; with ``?record=<identifier>`` it has that record.

        Raises:
            NotThereError: there is no such feature group.
        """
        if not where:
            groups = sorted(map(Shown, self._groups()), key=lambda group: group.name)
            return page("feature_groups.html", "Feature groups", [CRUMB], groups=groups, facts=facts)
        group = next((group for group in self._groups() if group.name == where), None)
        if group is None:
            raise NotThereError(f"There is no feature group {where!a}.")
        return self._page(Shown(group), request.args.get("record", ""))

    def _groups(self) -> Iterator[FeatureGroup]:
        for backend in (sagemaker_backends.get(self._aws.account_id) or {}).values():
            if isinstance(backend, LocalSageMaker):
                yield from backend.described_feature_groups()

    def _page(self, group: "Shown", identifier: str) -> Any:
        response = page(
            "feature_group.html",
            f"{group.name} - {group.status}",
            [CRUMB, Crumb(group.name, group.address)],
            refresh=REFRESH_SECONDS if group.is_settling else None,
            group=group,
            facts=facts,
            online=group.records(identifier) if group.is_online else None,
            identifier=identifier,
        )
        # The one page with a form, which leads to pages of this kind only.
        response.headers["Content-Security-Policy"] = POLICY.format(forms=sources(self._aws, FEATURE_GROUPS))
        return response


class Shown:
    """A feature group as pages show it."""

    def __init__(self, group: FeatureGroup) -> None:
        self._group = group
        self.name, self.status, self.arn = group.name, group.status, group.arn
        self.described = group.description
        self.tags = jobs.tags_of(group.tags)
        self.address = address(group.name)
        self.created = second(self.described["CreationTime"])
        self.changed = second(self.described["LastModifiedTime"])
        self.update = self.described.get("LastUpdateStatus") or {}
        statuses = self.status, self.update.get("Status")
        self.is_settling = not {"Creating", "Deleting", "InProgress"}.isdisjoint(statuses)

    @property
    def features(self) -> list[tuple[str, str]]:
        """Names and types."""
        return [(each["FeatureName"], each["FeatureType"]) for each in self.described["FeatureDefinitions"]]

    @property
    def is_online(self) -> bool:
        """Whether it has an online store."""
        return bool((self.described.get("OnlineStoreConfig") or {}).get("EnableOnlineStore"))

    @property
    def lifetime(self) -> str:
        """How long after its event time a record is in the online store; empty where it stays."""
        ttl = (self.described.get("OnlineStoreConfig") or {}).get("TtlDuration")
        return f"{ttl['Value']} {ttl['Unit'].lower()}" if ttl else ""

    @property
    def folder(self) -> Crumb | None:
        """The folder of the offline store."""
        offline = self.described.get("OfflineStoreConfig")
        uri = offline and f"{offline['S3StorageConfig']['ResolvedOutputS3Uri']}/"
        return Crumb(uri, facts.page_of_uri(uri)) if uri else None

    @property
    def table(self) -> str:
        """The offline store's in the Data Catalog."""
        catalog = (self.described.get("OfflineStoreConfig") or {}).get("DataCatalogConfig")
        return f"{catalog['Database']}.{catalog['TableName']}" if catalog else ""

    @property
    def dag(self) -> Crumb | None:
        """The DAG that made it."""
        dag = self.tags.get(jobs.DAG)
        return Crumb(dag, f"{JOBS}?{urlencode({'dag': dag})}") if dag else None

    @property
    def run(self) -> Crumb | None:
        """The run that made it, with the page of that run's calls."""
        dag, run = self.tags.get(jobs.DAG), self.tags.get(jobs.RUN)
        return Crumb(run, page_of_run(dag, run)) if dag and run else None

    def records(self, identifier: str) -> Online:
        """What is in the online store at this moment."""
        number, moment = store().number(self._group.identity), now()
        if number is None:
            return Online(0, [], [])
        newest = [
            Listed(name, f"{self.address}?{urlencode({'record': name})}#record", iso(event_time))
            for name, event_time in store().newest(number, NEWEST, moment)
        ]
        found = store().read(number, identifier, moment)
        shown = Schema.of(self._group, number).shown(found[0]) if found else []
        pairs = [(feature["FeatureName"], feature["ValueAsString"]) for feature in shown]
        return Online(store().count(number, moment), newest, pairs)


def address(name: str) -> str:
    """The address of a group's page."""
    return f"{FEATURE_GROUPS}{quote(name, safe='')}"
