"""Requests of AWS Glue's crawlers, which keep their names and are changed where they differ.

https://docs.aws.amazon.com/glue/latest/webapi/API_CreateCrawler.html
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from include.bundles import Bundle
from include.run import Run

Request = dict[str, Any]


@dataclass(frozen=True)
class Crawler:
    """What brings the tables of a database to what is in S3.

    Attributes:
        name: ``run.resource_name``, or what begins with it.
        database: see ``include.naming.database_name``; it is made if it is missing.
        targets: S3 URIs of folders, all at one depth. Each folder directly below one is a table, and below
            that ``key=value`` are partitions; what begins with ``_`` or ``.`` is no data.
        role_arn: that reads the targets and writes the database; that of the settings if None.
        table_prefix: what the names of tables begin with.
        exclusions: globs relative to a target, of what is not crawled.
        removed: what becomes of tables and partitions whose objects are gone.
        security_configuration: Glue's own, by which logs are encrypted.
    """

    name: str
    database: str
    targets: Sequence[str]
    role_arn: str | None = None
    table_prefix: str = ""
    exclusions: Sequence[str] = ()
    removed: Literal["DELETE_FROM_DATABASE", "DEPRECATE_IN_DATABASE", "LOG"] = "DEPRECATE_IN_DATABASE"
    security_configuration: str | None = None
    description: str = ""

    def __post_init__(self) -> None:
        """Raises ValueError for targets that no one level of tables fits."""
        if len({_depth(target) for target in self.targets}) != 1:
            raise ValueError(
                f"crawler {self.name} needs targets at one depth, as their folders are its tables: "
                f"{', '.join(self.targets) or 'there are none'}"
            )

    def request(self, run: Run) -> Request:
        """The ``CreateCrawler`` or ``UpdateCrawler`` request, without name and tags.

        Raises:
            ValueError: there is no role.
        """
        role = self.role_arn or run.settings.crawler_role_arn
        if role is None:
            raise ValueError(
                "MILLRACE_CRAWLER_ROLE_ARN is not set: crawlers need a role of their own, an output of "
                "include/infrastructure/millrace.yaml"
            )
        exclusions = list(self.exclusions)
        request: Request = {
            "Role": role,
            "DatabaseName": self.database,
            "Description": self.description,
            "Targets": {"S3Targets": [{"Path": target, "Exclusions": exclusions} for target in self.targets]},
            "TablePrefix": self.table_prefix,
            "SchemaChangePolicy": {"UpdateBehavior": "UPDATE_IN_DATABASE", "DeleteBehavior": self.removed},
            "RecrawlPolicy": {"RecrawlBehavior": "CRAWL_EVERYTHING"},
            "Configuration": json.dumps(self._configuration()),
        }
        if self.security_configuration:
            request["CrawlerSecurityConfiguration"] = self.security_configuration
        return request

    def database_request(self) -> Request:
        """The ``CreateDatabase`` request."""
        return {"DatabaseInput": {"Name": self.database}}

    def bundles(self) -> Sequence[Bundle]:
        """A crawler runs no code of ours."""
        return []

    def metrics_uri(self) -> None:
        """The catalog says what a crawl has changed."""

    def _configuration(self) -> Request:
        """Left to itself, a crawler makes one table of folders whose schemas are alike.

        Partitions have the columns of their table, as those that were written before a column came lack it.

        https://docs.aws.amazon.com/glue/latest/dg/crawler-configuration.html
        """
        return {
            "Version": 1.0,
            "Grouping": {"TableLevelConfiguration": _depth(self.targets[0]) + 1},
            "CrawlerOutput": {
                "Tables": {"AddOrUpdateBehavior": "MergeNewColumns"},
                "Partitions": {"AddOrUpdateBehavior": "InheritFromTable"},
            },
        }


def is_as_wanted(wanted: Mapping[str, Any], current: Mapping[str, Any]) -> bool:
    """Whether a crawler, as ``GetCrawler`` describes it, has all that a request asks for.

    Glue adds what a request left out, gives a role of the account by its name, and empty text not at all.
    """
    return all(_has(name, value, current.get(name)) for name, value in wanted.items())


def _has(name: str, wanted: Any, current: Any) -> bool:
    if name == "Role":
        return str(wanted).rsplit("/", 1)[-1] == str(current).rsplit("/", 1)[-1]
    if name == "Configuration":
        return bool(json.loads(wanted) == json.loads(current or "{}"))
    return _covers(wanted, current)


def _covers(wanted: Any, current: Any) -> bool:
    """Whether all of what is wanted is there; ``current`` may have more members."""
    if isinstance(wanted, Mapping) and isinstance(current, Mapping):
        return all(_covers(value, current.get(name)) for name, value in wanted.items())
    if isinstance(wanted, list) and isinstance(current, list):
        pairs = zip(wanted, current, strict=False)
        return len(wanted) == len(current) and all(_covers(*pair) for pair in pairs)
    return bool(wanted == current or not (wanted or current))


def _depth(uri: str) -> int:
    """The level of a folder, where the bucket is level 1.

    >>> _depth("s3://curated/main/amp/")
    3
    """
    return len(uri.removeprefix("s3://").strip("/").split("/"))
