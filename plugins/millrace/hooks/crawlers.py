"""Glue's crawlers: made as wanted, told crawl from crawl, and what a crawl has changed in the catalog."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from botocore.exceptions import ClientError

from include.glue import Crawler, is_as_wanted
from include.run import Run
from millrace.descriptions import JobDescription
from millrace.errors import code_of
from millrace.hooks.jobs import JobHook
from millrace.jobs import GLUE_CRAWLER

IDLE = "READY"
LAST_STATUS = {"COMPLETED": "SUCCEEDED", "STOPPED": "CANCELLED", "FAILED": "FAILED"}
"""How a crawler's ``LastCrawl`` calls what ``ListCrawls`` calls the state of a crawl."""
PAGE = 1000


class CrawlerHook(JobHook):
    """Calls AWS about crawlers and what they write."""

    def __init__(self, aws_conn_id: str | None, region_name: str | None = None) -> None:
        super().__init__(GLUE_CRAWLER, aws_conn_id, region_name)

    def provide(self, crawler: Crawler, run: Run, tags: Mapping[str, str]) -> None:
        """Makes the database and the crawler, or changes the crawler where it differs; may be repeated."""
        try:
            self.conn.create_database(**crawler.database_request())
        except ClientError as error:
            if code_of(error) != "AlreadyExistsException":
                raise
        wanted, current = crawler.request(run), self.describe(crawler.name)
        if current is None:
            self.conn.create_crawler(Name=crawler.name, **wanted, Tags=dict(tags))
            self.log.info("created the crawler %s", crawler.name)
        elif not is_as_wanted(wanted, current.fields["Crawler"]):
            self.conn.update_crawler(Name=crawler.name, **wanted)
            self.log.info("updated the crawler %s", crawler.name)

    def newest_crawl(self, name: str) -> datetime | None:
        """When the crawl that began last has begun; None before the first."""
        return max((crawl["StartTime"] for crawl in self._crawls(name)), default=None)

    def crawl_after(self, name: str, moment: datetime | None) -> JobDescription | None:
        """The crawler as it was, or is, with the first crawl that began after another one had.

        All times are AWS's own, so that clocks need not agree. None if there is no such crawl.
        """
        description = self.describe(name)
        if description is None:
            return None
        crawler = description.fields["Crawler"]
        later = [crawl for crawl in self._crawls(name) if moment is None or crawl["StartTime"] > moment]
        if later:
            return JobDescription(self.kind, {"Crawler": _during(crawler, _first(later))})
        if crawler["State"] != IDLE:
            # It has been started, and the list does not have it yet.
            return description
        last = crawler.get("LastCrawl", {}).get("StartTime")
        return description if last and (moment is None or last > moment) else None

    def changes(self, crawler: Crawler, began: datetime) -> dict[str, Any]:
        """What a crawler has changed in the catalog since a crawl began; the catalog itself is asked.

        Returns:
            ``tables_created`` and ``tables_updated``, names; ``columns_added``, names by table;
            ``partitions_created``, a number.
        """
        tables = [table for table in self._tables(crawler.database) if _is_by(table, crawler.name)]
        created = {table["Name"] for table in tables if _since(table["CreateTime"], began)}
        columns = {
            table["Name"]: self._columns_added(table)
            for table in tables
            if table["Name"] not in created and _since(table.get("UpdateTime"), began)
        }
        return {
            "tables_created": sorted(created),
            "tables_updated": sorted(name for name, added in columns.items() if added is not None),
            "columns_added": {name: added for name, added in sorted(columns.items()) if added},
            "partitions_created": sum(self._partitions_created(table, began) for table in tables),
        }

    def _crawls(self, name: str) -> Iterator[dict[str, Any]]:
        """All that Glue remembers; botocore has no paginator for them, and AWS promises no order."""
        request: dict[str, Any] = {"CrawlerName": name, "MaxResults": PAGE}
        while True:
            answer = self.conn.list_crawls(**request)
            yield from answer.get("Crawls", [])
            if not answer.get("NextToken"):
                return
            request["NextToken"] = answer["NextToken"]

    def _tables(self, database: str) -> Iterator[dict[str, Any]]:
        for page in self.conn.get_paginator("get_tables").paginate(DatabaseName=database):
            yield from page["TableList"]

    def _columns_added(self, table: Mapping[str, Any]) -> list[str] | None:
        """Columns that the version before does not have; None if nothing of the schema is another."""
        version = int(table["VersionId"])
        try:
            before = self.conn.get_table_version(
                DatabaseName=table["DatabaseName"], TableName=table["Name"], VersionId=str(version - 1)
            )["TableVersion"]["Table"]
        except ClientError as error:
            if code_of(error) != "EntityNotFoundException":
                raise
            return None
        new, old = _columns(table), _columns(before)
        return None if new == old else [name for name in new if name not in old]

    def _partitions_created(self, table: Mapping[str, Any], began: datetime) -> int:
        if not table.get("PartitionKeys"):
            return 0
        pages = self.conn.get_paginator("get_partitions").paginate(
            DatabaseName=table["DatabaseName"], TableName=table["Name"], ExcludeColumnSchema=True
        )
        return sum(
            _since(partition["CreationTime"], began) for page in pages for partition in page["Partitions"]
        )


def _first(crawls: list[dict[str, Any]]) -> dict[str, Any]:
    return min(crawls, key=lambda crawl: crawl["StartTime"])


def _during(crawler: Mapping[str, Any], crawl: Mapping[str, Any]) -> dict[str, Any]:
    """A crawler as one of its crawls left it, or while that runs."""
    if crawl["State"] not in LAST_STATUS:
        return {**crawler, "Crawl": crawl}
    last = {**crawl, "Status": LAST_STATUS[crawl["State"]]}
    return {**crawler, "State": IDLE, "LastCrawl": last}


def _is_by(table: Mapping[str, Any], crawler: str) -> bool:
    return bool(table.get("Parameters", {}).get("UPDATED_BY_CRAWLER") == crawler)


def _columns(table: Mapping[str, Any]) -> dict[str, str]:
    return {column["Name"]: column["Type"] for column in table["StorageDescriptor"]["Columns"]}


def _since(moment: datetime | None, began: datetime) -> bool:
    """Whether something was done in a crawl; Glue gives some of its times in whole seconds."""
    if moment is None:
        return False
    return moment >= (began if moment.microsecond else began.replace(microsecond=0))
