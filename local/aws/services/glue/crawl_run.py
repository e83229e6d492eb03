"""One execution of a crawler."""

import logging
import shutil
import threading
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError
from moto.glue.exceptions import GlueClientError

from local.aws.runtime.engine import EndedError
from local.aws.runtime.images import ImageBuildFailed
from local.aws.runtime.logs import LogStream
from local.aws.runtime.transfer import S3Uri
from local.aws.services.glue import context, grouping, objects
from local.aws.services.glue.catalog import CatalogWriter
from local.aws.services.glue.grouping import DataFile, FoundTable
from local.aws.services.glue.objects import Object, SchemaReader
from local.aws.services.glue.records import LOG_GROUP, Crawl, Crawler
from local.aws.services.glue.table_input import FORMATS
from local.aws.services.glue.validation import NEW_FOLDERS_ONLY, configuration

if TYPE_CHECKING:
    from local.aws.services.glue.backend import LocalGlue

log = logging.getLogger(__name__)

EVENT = "Glue Crawler State Change"
EXPECTED = (ClientError, GlueClientError, ImageBuildFailed)


class CrawlRun:
    """Lists, reads, groups and writes. Every outcome is a state of the crawl; nothing is raised."""

    def __init__(self, backend: "LocalGlue", crawler: Crawler, crawl: Crawl) -> None:
        self.job = crawler
        self.crawl = crawl
        self.clients = context.current().acting_for(crawler.arn)
        self._backend = backend
        self._root = context.current().scratch / crawl.crawl_id
        self._ended = threading.Event()
        self._abandoned = False
        self._stream: LogStream | None = None

    def stop(self) -> None:
        """StopCrawler: nothing is written any more."""
        self._ended.set()

    def abandon(self) -> None:
        """The server goes away: the next start says what became of the crawl."""
        self._abandoned = True
        self._ended.set()

    def execute(self) -> None:
        """Runs the crawl to its end."""
        if self._ended.is_set():
            self._end("STOPPED")
            return
        try:
            self._stream = LogStream(self.clients.logs(self.job.region), LOG_GROUP, self.job.name)
            self._root.mkdir(parents=True)
            self.say(f"BENCHMARK : Running Start Crawl for Crawler {self.job.name}")
            self._announce("Started")
            self._run()
            self._end("COMPLETED")
        except EndedError:
            self._end("STOPPED")
        except EXPECTED as error:
            self._fail(_reason(error))
        except Exception as error:
            log.exception("%s failed", self.job.arn)
            self._fail(f"Internal Service Exception: {type(error).__name__}: {error}")
        finally:
            shutil.rmtree(self._root, ignore_errors=True)

    def say(self, line: str) -> None:
        """Writes a line to the crawler's log, with the crawl's id in front."""
        if self._stream:
            self._stream.write(f"[{self.crawl.crawl_id}] {line}")

    def _run(self) -> None:
        # A database that is not there is told before anything is read.
        writer = CatalogWriter(self._backend, self.job, self.crawl, self.say)
        client = self.clients.s3(self.job.region)
        targets = self.job.definition["Targets"]["S3Targets"]
        found = [(target, self._to_read(list(objects.found(client, target)))) for target in targets]
        reader = SchemaReader(client, self.job.known, self._root, self._ended)
        known = reader.read({item.address: item for _, items in found for item in items}.values())
        tables = [table for target, items in found for table in self._tables(target, items, known)]
        database = self.job.definition["DatabaseName"]
        self.say(f"BENCHMARK : Classification complete, writing results to database {database}")
        if self._ended.is_set():
            raise EndedError
        writer.write(tables)
        with context.current().aws.changing():
            self.job.known = known
            self.job.folders |= {item.folder for _, items in found for item in items}
        self.say("BENCHMARK : Finished writing to Catalog")

    def _to_read(self, items: list[Object]) -> list[Object]:
        """All objects; of folders that need not be crawled again, as they were then."""
        policy = self.job.description["RecrawlPolicy"].get("RecrawlBehavior")
        if policy != NEW_FOLDERS_ONLY:
            return items
        known = self.job.known
        return [
            replace(item, etag=known[item.address][0]) if item.folder in self.job.folders else item
            for item in items
            if item.folder not in self.job.folders or item.address in known
        ]

    def _tables(self, target: dict[str, Any], items: list[Object], known: Any) -> Iterator[FoundTable]:
        uri = S3Uri.parse(target["Path"])
        include = tuple(f"{uri.bucket}/{uri.key}".rstrip("/").split("/"))
        grouped = configuration(self.job.definition).get("Grouping") or {}
        files = [file for item in items if (file := self._data_file(item, known[item.address][1]))]
        level, policy = grouped.get("TableLevelConfiguration"), grouped.get("TableGroupingPolicy")
        combine = policy == "CombineCompatibleSchemas"
        taken = 0
        for table in grouping.tables(files, include, level=level, combine=combine):
            taken += len(table.files)
            yield table
        if taken < len(files):
            self.say(f"WARN : {len(files) - taken} files of {target['Path']} fit no table")

    def _data_file(self, item: Object, schema: dict[str, Any] | None) -> DataFile | None:
        if schema and schema.get("format") in FORMATS:
            return DataFile(item, schema)
        reason = (schema or {}).get("error", "no classifier knows its format")
        self.say(f"WARN : s3://{item.address} is left out: {reason}")
        return None

    def _end(self, state: str, error: str | None = None) -> None:
        if self._abandoned:
            return
        if error:
            self.say(f"ERROR : {error}")
        self.say(f"BENCHMARK : Crawler has finished running and is in state {state}")
        if self._stream:
            self._stream.close()
        self.job.end(self.crawl, state, error)
        if state != "STOPPED":
            self._announce("Failed" if error else "Succeeded")

    def _fail(self, error: str) -> None:
        if self._ended.is_set():
            # What was stopped may fail at anything.
            self._end("STOPPED")
        else:
            self._end("FAILED", error)

    def _announce(self, state: str) -> None:
        """A failing subscriber must not change what happens to the crawl, so errors are logged here."""
        detail = {
            "accountId": self.job.arn.split(":")[4],
            "crawlerName": self.job.name,
            "state": state,
            "message": f"Crawler {state}",
            "cloudWatchLogLink": self._log_link(),
        }
        if state == "Succeeded":
            finished = (self.crawl.ended or self.crawl.started).strftime("%Y-%m-%dT%H:%M:%SZ")
            detail |= {"warningMessage": "N/A", "completionDate": finished}
            detail |= {"runningTime (sec)": str(round(self.crawl.seconds)), **self.crawl.changes.of_event()}
        elif state == "Failed":
            detail["errorMessage"] = self.crawl.error or ""
        else:
            detail["startTime"] = self.crawl.started.strftime("%Y-%m-%dT%H:%M:%SZ")
        try:
            context.current().aws.put_event("aws.glue", EVENT, detail, region=self.job.region)
        except Exception:
            log.exception("The event that %s has %s was not published", self.job.arn, state)

    def _log_link(self) -> str:
        home = f"https://console.aws.amazon.com/cloudwatch/home?region={self.job.region}"
        return f"{home}#logEventViewer:group={LOG_GROUP};stream={self.job.name}"


def _reason(error: Exception) -> str:
    """An error in the words of Glue's own failures, which are those of Java's client."""
    if not isinstance(error, ClientError):
        return str(getattr(error, "message", error))
    code, message = error.response["Error"]["Code"], error.response["Error"].get("Message", "")
    status = error.response["ResponseMetadata"].get("HTTPStatusCode")
    return f"{message} (Service: AmazonS3; Status Code: {status}; Error Code: {code})"
