"""Glue's crawlers: the tables of the Data Catalog are brought to what is in S3."""

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any, NoReturn

from airflow.providers.standard.triggers.temporal import TimeDeltaTrigger
from airflow.sdk import Context
from botocore.exceptions import ClientError
from typing_extensions import override

from include.glue import Crawler
from millrace.context import run_of
from millrace.delays import jittered
from millrace.descriptions import JobDescription
from millrace.finished_jobs import stop
from millrace.hooks.crawlers import IDLE, CrawlerHook
from millrace.hooks.jobs import is_one_of
from millrace.jobs import GLUE_CRAWLER
from millrace.launching import STATE_KEY, Action, Launch, RemoteJob, decide, stored
from millrace.operators.job import AwsJobOperator
from millrace.triggers.job_event import JobEventTrigger

CRAWL_KEY = "crawl"
"""Under which a task keeps its launch's number and when the newest crawl before it had begun."""
STOPPING = "STOPPING"
SETTLING = timedelta(seconds=15)
"""After which a crawler that is stopping is looked at again: no event says that it is ready."""


class CrawlerOperator(AwsJobOperator):
    """Makes or changes a crawler, crawls, and says what has changed in the catalog.

    A crawl has no name: that of a launch is the first one that began after the one that was the newest when
    the launch began. One that somebody else has started before may have missed what this run has written, so
    it is waited for, never stopped, and then another one is started.

    The result has ``tables_created``, ``tables_updated`` (names), ``columns_added`` (names by table),
    ``partitions_created`` (a number), ``database``, ``crawl`` (its id, where Glue lists it) and ``seconds``.
    """

    ui_color = "#e6e0f5"

    def __init__(self, *, build: Callable[..., Crawler | None], **kwargs: Any) -> None:
        super().__init__(kind=GLUE_CRAWLER, build=build, **kwargs)
        self._is_ours = False

    @override
    def next_launch(self, context: Context) -> tuple[Launch, Action]:
        """As for every job, but only a crawl of this task is stopped."""
        last = Launch.parse(context["task_state_store"].get(STATE_KEY))
        description = self.describe(context, last) if last else None
        status = description.status if description else None
        decision = decide(last, context["ti"].max_tries, status, self.kind)
        if decision.stop_previous:
            self._stop(context, description)
        self._remember(context, decision.launch, is_ours=decision.action is Action.ADOPT)
        return decision.launch, decision.action

    @override
    def remote_name(self, context: Context, launch: Launch) -> str:
        return self.crawler(context).name

    @override
    def describe(self, context: Context, launch: Launch) -> JobDescription | None:
        """The crawler during this launch's crawl or as that left it; None before it."""
        before: Any = context["task_state_store"].get(CRAWL_KEY)
        if before is None or before["launch"] != launch.number:
            return None
        newest = datetime.fromisoformat(before["newest"]) if before["newest"] else None
        return self.hook.crawl_after(self.crawler(context).name, newest)

    @override
    def start(self, context: Context, launch: Launch) -> None:
        """Every call of it may be repeated; a crawl of somebody else is waited for first."""
        run, crawler = run_of(context), self.crawler(context)
        self.request = crawler.request(run)
        current = self.hook.describe(crawler.name)
        if current and current.fields["Crawler"]["State"] != IDLE:
            self.wait_until_settled(current)
        tags = {tag["Key"]: tag["Value"] for tag in run.tags(self.task_id)}
        try:
            self.hook.provide(crawler, run, tags)
        except ClientError as error:
            if not is_one_of(error, self.kind.exists):
                raise
            self.log.info("%s has been started by somebody else just now: looking again", crawler.name)
            self._look_again(self.execute_again.__name__)
        newest = self.hook.newest_crawl(crawler.name)
        before: dict[str, Any] = {"launch": launch.number, "newest": newest.isoformat() if newest else None}
        context["task_state_store"].set(CRAWL_KEY, before)
        self._remember(context, launch, is_ours=True)
        started = self.hook.start(crawler.name, {})
        self.log.info(
            "%s %s %s", self.kind.name, crawler.name, "started" if started.is_new else "runs already"
        )

    @override
    def wait(self, name: str) -> NoReturn:
        """Leaves the worker until this task's crawl is over; the news of its end may come before it is."""
        self._is_ours = True
        current = self.hook.describe(name)
        if current and current.status == STOPPING:
            self._look_again(self.resume.__name__)
        super().wait(name)

    @override
    def wait_until_settled(self, current: JobDescription) -> NoReturn:
        if current.status == STOPPING:
            self._look_again(self.execute_again.__name__)
        self.log.info("%s runs for somebody else: waiting for that first", current.name)
        self.defer(
            # Not owned: what somebody else has started is not stopped.
            trigger=JobEventTrigger(
                self.kind.name, current.name, self.aws_conn_id, self.region_name, owned=False
            ),
            method_name=self.execute_again.__name__,
            timeout=self.execution_timeout,
        )
        raise AssertionError("defer() never returns")

    @override
    def result(self, context: Context, launch: Launch, description: JobDescription) -> dict[str, Any]:
        crawler, crawl = self.crawler(context), description.fields["Crawler"]["LastCrawl"]
        result: dict[str, Any] = {
            "name": crawler.name,
            "database": crawler.database,
            **self.hook.changes(crawler, crawl["StartTime"]),
            "description": self.description_uri(context, launch),
        }
        if "CrawlId" in crawl:
            seconds = (crawl["EndTime"] - crawl["StartTime"]).total_seconds()
            result |= {"crawl": crawl["CrawlId"], "seconds": round(seconds, 3)}
        return result

    @override
    def stop_last_launch(self, context: Context) -> None:
        self._stop(context, self.describe(context, self.last_launch(context)))

    @override
    def on_kill(self) -> None:
        """Stops the crawl if it is this task's."""
        if self._is_ours:
            super().on_kill()

    def crawler(self, context: Context) -> Crawler:
        """What the builder makes of this run."""
        crawler: Crawler = self.job(context)  # type: ignore[assignment]  # it is what ``build`` returns
        return crawler

    def _stop(self, context: Context, description: JobDescription | None) -> None:
        """Stops this task's crawl, if it runs."""
        if description and description.can_be_stopped:
            self.log.warning("stopping %s %s", self.kind.name, description.name)
            stop(self.hook, description.name, context["ti"])

    def _remember(self, context: Context, launch: Launch, *, is_ours: bool) -> None:
        """Keeps the launch; whoever ends the task stops the crawler only where it runs for this task."""
        self._is_ours = is_ours
        job = RemoteJob(self.kind.name, self.crawler(context).name, self.aws_conn_id, self.region_name)
        state = stored(launch, job)
        if not is_ours:
            del state["job"]
        context["task_state_store"].set(STATE_KEY, state)

    def _look_again(self, method_name: str) -> NoReturn:
        self.defer(trigger=TimeDeltaTrigger(jittered(SETTLING)), method_name=method_name)
        raise AssertionError("defer() never returns")

    @cached_property
    def hook(self) -> CrawlerHook:
        """Calls about crawlers."""
        return CrawlerHook(self.aws_conn_id, self.region_name)
