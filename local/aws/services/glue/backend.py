"""Glue as a moto backend whose crawlers run; jobs, triggers and all else are moto's."""

from typing import TYPE_CHECKING, Any, cast

from moto.glue import urls
from moto.glue.models import GlueBackend

from local.aws.services.glue import context, validation
from local.aws.services.glue.crawl_run import CrawlRun
from local.aws.services.glue.listing import page, passes
from local.aws.services.glue.records import Crawl, Crawler, Request, now
from local.aws.services.glue.validation import (
    AlreadyExistsError,
    CrawlerNotRunningError,
    CrawlerRunningError,
    CrawlerStoppingError,
    EntityNotFoundError,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

RESTARTED = "Internal Service Exception: the local AWS stopped while this crawl ran. Start the crawler again."
CRAWLS_KEPT = 1000


class LocalGlue(GlueBackend):
    """Crawlers that read S3 and write moto's Data Catalog."""

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self.crawlers: dict[str, Any] = {}  # not moto's own kind of record

    def new_crawler(self, request: Request) -> None:
        """CreateCrawler."""
        validation.check_request("CreateCrawler", request)
        name = request["Name"]
        if name in self.crawlers:
            raise AlreadyExistsError(f"Crawler with name {name} already exists")
        definition = _defined(request)
        validation.check_definition(definition, self.account_id, self.region_name)
        arn = f"arn:{self.partition}:glue:{self.region_name}:{self.account_id}:crawler/{name}"
        self.crawlers[name] = Crawler(arn, self.region_name, definition)
        self.tag_resource(arn, dict(request.get("Tags") or {}))

    def change_crawler(self, request: Request) -> None:
        """UpdateCrawler: what the request does not name stays."""
        validation.check_request("UpdateCrawler", request)
        crawler = self._idle(request["Name"])
        definition = {**crawler.definition, **_defined(request)}
        validation.check_definition(definition, self.account_id, self.region_name)
        crawler.definition = definition
        crawler.updated, crawler.version = now(), crawler.version + 1

    def remove_crawler(self, request: Request) -> None:
        """DeleteCrawler."""
        crawler = self._idle(request["Name"])
        del self.crawlers[crawler.name]
        self.untag_resource(crawler.arn, list(self.get_tags(crawler.arn)))

    def describe_crawler(self, request: Request) -> dict[str, Any]:
        """GetCrawler."""
        return {"Crawler": self.crawler(request["Name"]).description}

    def describe_crawlers(self, request: Request) -> dict[str, Any]:
        """GetCrawlers."""
        return page("Crawlers", [crawler.description for crawler in self.crawlers.values()], request)

    def describe_named_crawlers(self, request: Request) -> dict[str, Any]:
        """BatchGetCrawlers."""
        names = request["CrawlerNames"]
        return {
            "Crawlers": [self.crawlers[name].description for name in names if name in self.crawlers],
            "CrawlersNotFound": [name for name in names if name not in self.crawlers],
        }

    def name_crawlers(self, request: Request) -> dict[str, Any]:
        """ListCrawlers."""
        wanted = (request.get("Tags") or {}).items()
        names = [c.name for c in self.crawlers.values() if wanted <= self.get_tags(c.arn).items()]
        return page("CrawlerNames", names, request)

    def launch_crawler(self, request: Request) -> None:
        """StartCrawler."""
        crawler = self.crawler(request["Name"])
        if crawler.state != "READY":
            raise CrawlerRunningError(f"Crawler with name {crawler.name} has already started")
        crawl = Crawl(crawler.name)
        crawler.state = "RUNNING"
        crawler.crawls = [*crawler.crawls[1 - CRAWLS_KEPT :], crawl]
        context.current().queue.submit(CrawlRun(self, crawler, crawl))

    def halt_crawler(self, request: Request) -> None:
        """StopCrawler."""
        crawler = self.crawler(request["Name"])
        if crawler.state == "READY":
            raise CrawlerNotRunningError(f"Crawler with name {crawler.name} isn't running")
        if crawler.state == "STOPPING":
            raise CrawlerStoppingError(f"Crawler with name {crawler.name} is already stopping")
        crawler.state = "STOPPING"
        context.current().queue.stop(crawler.arn)

    def history(self, request: Request) -> dict[str, Any]:
        """ListCrawls, the latest first."""
        validation.check_request("ListCrawls", request)
        crawler = self.crawler(request["CrawlerName"])
        crawls = [crawl.history() for crawl in reversed(crawler.crawls)]
        filters = request.get("Filters") or []
        chosen = [crawl for crawl in crawls if all(passes(crawl, wanted) for wanted in filters)]
        return page("Crawls", chosen, request, default=20)

    def metrics(self, request: Request) -> dict[str, Any]:
        """GetCrawlerMetrics."""
        names = request.get("CrawlerNameList") or list(self.crawlers)
        found = [_metrics(self.crawlers[name]) for name in names if name in self.crawlers]
        return page("CrawlerMetricsList", found, request)

    def crawler(self, name: str) -> Crawler:
        """The crawler of this name. Raises `EntityNotFoundError`."""
        if name not in self.crawlers:
            raise EntityNotFoundError(f"Crawler {name} not found.")
        return cast("Crawler", self.crawlers[name])

    def fail_interrupted_crawls(self) -> None:
        """After a restart: nothing crawls any more."""
        for crawler in self.crawlers.values():
            if isinstance(crawler, Crawler) and crawler.state != "READY":
                crawler.end(crawler.crawls[-1], "FAILED", RESTARTED)

    def _idle(self, name: str) -> Crawler:
        crawler = self.crawler(name)
        if crawler.state != "READY":
            raise CrawlerRunningError(f"Crawler with name {name} is running: wait until it is READY")
        return crawler

    @property
    def _url_module(self) -> Any:
        # moto derives the module from the class's own module, which is not where the URLs are.
        return urls


def _defined(request: Request) -> dict[str, Any]:
    """A request as it is kept: what is null is not there."""
    return {name: value for name, value in request.items() if name != "Tags" and value is not None}


def _metrics(crawler: Crawler) -> dict[str, Any]:
    ended = sorted(crawl.seconds for crawl in crawler.crawls if crawl.ended)
    last = crawler.last
    tables: Mapping[str, list[str]] = last.changes.tables if last else {}
    return {
        "CrawlerName": crawler.name,
        "TimeLeftSeconds": 0.0,
        "StillEstimating": False,
        "LastRuntimeSeconds": last.seconds if last else 0.0,
        "MedianRuntimeSeconds": ended[len(ended) // 2] if ended else 0.0,
        "TablesCreated": len(tables.get("ADD", [])),
        "TablesUpdated": len(tables.get("UPDATE", [])),
        "TablesDeleted": len(tables.get("DELETE", [])),
    }
