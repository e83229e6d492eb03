"""Crawlers and their crawls as they are saved: plain data, no thread, no handle."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from moto.glue.models import glue_backends

from local.aws.services.glue import context

Request = Mapping[str, Any]
LOG_GROUP = "/aws-glue/crawlers"
LAST_STATUS = {"COMPLETED": "SUCCEEDED", "STOPPED": "CANCELLED", "FAILED": "FAILED"}
"""How ``LastCrawl`` of a crawler calls what ``ListCrawls`` calls the state of a crawl."""


def now() -> datetime:
    """The present, to the millisecond."""
    moment = datetime.now(UTC)
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


@dataclass
class Changes:
    """What a crawl has changed: names of tables, and numbers of partitions, by ADD, UPDATE and DELETE."""

    tables: dict[str, list[str]] = field(default_factory=lambda: {"ADD": [], "UPDATE": [], "DELETE": []})
    partitions: dict[str, int] = field(default_factory=lambda: {"ADD": 0, "UPDATE": 0, "DELETE": 0})

    def summary(self) -> str:
        """As the summary of a crawl: what has changed, in JSON."""
        tables = {
            change: {"Count": len(names), "Details": {"names": names}}
            for change, names in self.tables.items()
            if names
        }
        partitions = {change: {"Count": count} for change, count in self.partitions.items() if count}
        return json.dumps({"TABLE": tables, "PARTITION": partitions})

    def of_event(self) -> dict[str, str]:
        """As an event has them: numbers as strings.

        https://docs.aws.amazon.com/eventbridge/latest/ref/events-ref-glue.html
        """
        words = {"ADD": "Created", "UPDATE": "Updated", "DELETE": "Deleted"}
        tables = {f"tables{words[change]}": str(len(names)) for change, names in self.tables.items()}
        return tables | {f"partitions{words[change]}": str(n) for change, n in self.partitions.items()}


@dataclass
class Crawl:
    """One run of a crawler; ``state`` is RUNNING, COMPLETED, STOPPED or FAILED."""

    crawler: str
    crawl_id: str = field(default_factory=lambda: str(uuid4()))
    started: datetime = field(default_factory=now)
    ended: datetime | None = None
    state: str = "RUNNING"
    error: str | None = None
    changes: Changes = field(default_factory=Changes)

    @property
    def seconds(self) -> float:
        """How long it took, or has taken so far."""
        return ((self.ended or now()) - self.started).total_seconds()

    def last_crawl(self) -> dict[str, Any]:
        """As ``LastCrawl`` of the crawler."""
        return {"Status": LAST_STATUS[self.state], **self._details()}

    def history(self) -> dict[str, Any]:
        """As ``ListCrawls`` has it."""
        found = {"CrawlId": self.crawl_id, "State": self.state, "DPUHour": 0.0, **self._details()}
        if self.ended:
            found |= {"EndTime": self.ended, "Summary": self.changes.summary()}
        return found

    def _details(self) -> dict[str, Any]:
        error = {"ErrorMessage": self.error} if self.error else {}
        return error | {
            "LogGroup": LOG_GROUP,
            "LogStream": self.crawler,
            "MessagePrefix": self.crawl_id,
            "StartTime": self.started,
        }


class Crawler:
    """A crawler. ``definition`` is the request that it was made or last changed by, without tags.

    Attributes:
        crawls: the oldest first.
        folders: those that were crawled, ``bucket/prefix``.
        known: ETag and schema of every object that was read, by ``bucket/key``.
    """

    def __init__(self, arn: str, region: str, definition: dict[str, Any]) -> None:
        self.arn = arn
        self.region = region
        self.definition = definition
        self.created = self.updated = now()
        self.version = 1
        self.state = "READY"
        self.crawls: list[Crawl] = []
        self.folders: set[str] = set()
        self.known: dict[str, tuple[str, dict[str, Any] | None]] = {}

    @property
    def name(self) -> str:
        """The name, unique in an account and region."""
        return str(self.definition["Name"])

    def get_name(self) -> str:
        """The name, as moto asks for it."""
        return self.name

    @property
    def last(self) -> Crawl | None:
        """The last crawl that has ended."""
        return next((crawl for crawl in reversed(self.crawls) if crawl.ended), None)

    @property
    def tags(self) -> list[dict[str, str]]:
        """As a list, for the pages; moto keeps them."""
        backend = glue_backends[self.arn.split(":")[4]][self.region]
        return [{"Key": key, "Value": value} for key, value in backend.get_tags(self.arn).items()]

    @property
    def description(self) -> dict[str, Any]:
        """As ``GetCrawler`` has it."""
        found = {
            "Classifiers": [],
            "RecrawlPolicy": {"RecrawlBehavior": "CRAWL_EVERYTHING"},
            "SchemaChangePolicy": {
                "UpdateBehavior": "UPDATE_IN_DATABASE",
                "DeleteBehavior": "DEPRECATE_IN_DATABASE",
            },
            "LineageConfiguration": {"CrawlerLineageSettings": "DISABLE"},
            "LakeFormationConfiguration": {"UseLakeFormationCredentials": False, "AccountId": ""},
            **self.definition,
            "State": self.state,
            "CrawlElapsedTime": self._elapsed(),
            "CreationTime": self.created,
            "LastUpdated": self.updated,
            "Version": self.version,
        }
        return found | ({"LastCrawl": self.last.last_crawl()} if self.last else {})

    def as_dict(self) -> dict[str, Any]:
        """The description, as moto asks for it."""
        return self.description

    def end(self, crawl: Crawl, state: str, error: str | None = None) -> None:
        """Records how a crawl has ended; the crawler is ready for the next one."""
        with context.current().aws.changing():
            crawl.state, crawl.error, crawl.ended = state, error, now()
            self.state = "READY"

    def _elapsed(self) -> int:
        running = self.crawls[-1] if self.crawls and not self.crawls[-1].ended else None
        return int(running.seconds * 1000) if running else 0
