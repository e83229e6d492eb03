"""The operator of crawlers against a local AWS whose crawls wait until they are let go."""

import threading
import time
from types import SimpleNamespace

import boto3
import pytest
from airflow.providers.standard.triggers.temporal import TimeDeltaTrigger
from airflow.sdk.exceptions import TaskDeferralTimeout, TaskDeferred
from moto.glue.models import glue_backends

from include.glue import Crawler
from include.naming import database_name
from local.aws.server import LocalAws
from local.aws.services.glue import objects
from millrace.errors import JobFailed
from millrace.hooks.crawlers import CrawlerHook
from millrace.hooks.s3 import S3
from millrace.launching import STATE_KEY, RemoteJob
from millrace.operators.glue import CrawlerOperator
from millrace.triggers.job_event import JobEventTrigger


@pytest.fixture
def glue(aws):
    return boto3.client("glue")


@pytest.fixture
def lake(context, s3, settings_now):
    """A folder of its own in the curated bucket; text, so that no engine is needed for Parquet."""
    settings = settings_now()
    folder = context["dag_run"].run_id.replace("[", "-").replace("]", "")
    target = f"s3://{settings.curated_bucket}/{settings.tenant}/{folder}/"

    def put(key, text):
        s3.put_object(
            Bucket=settings.curated_bucket, Key=f"{settings.tenant}/{folder}/{key}", Body=text.encode()
        )

    database = database_name(settings.environment, settings.tenant, folder)
    return SimpleNamespace(put=put, target=target, database=database)


@pytest.fixture
def crawler(lake, context):
    return Crawler(f"millrace-local-main-{lake.database[-40:]}", lake.database, [lake.target])


@pytest.fixture(scope="module")
def clients(aws):
    """Every operator of a process could share them; making a client of Glue takes a quarter of a second."""
    hook, store = CrawlerHook(None), S3(None, None)
    assert hook.conn
    return hook, store


@pytest.fixture
def make(crawler, clients):
    def operator(**kwargs):
        made = CrawlerOperator(task_id="step", build=lambda run: crawler, aws_conn_id=None, **kwargs)
        made.hook, made.s3 = clients
        return made

    return operator


@pytest.fixture
def hold(monkeypatch):
    """Crawls stop at their first look at S3 while it is not set."""
    go, listing = threading.Event(), objects.found

    def waiting(client, target):
        while not go.wait(0.02) and not LocalAws._running.stopping.is_set():
            pass
        yield from listing(client, target)

    monkeypatch.setattr(objects, "found", waiting)
    yield go
    go.set()


def defer(call, *arguments):
    with pytest.raises(TaskDeferred) as deferred:
        call(*arguments)
    return deferred.value


def finished(glue, name):
    while glue.get_crawler(Name=name)["Crawler"]["State"] != "READY":
        time.sleep(0.05)
    return glue.list_crawls(CrawlerName=name)["Crawls"]


def crawls(glue, name):
    return [crawl["State"] for crawl in glue.list_crawls(CrawlerName=name)["Crawls"]]


def crawled(make, context, glue, crawler):
    defer(make().execute, context)
    finished(glue, crawler.name)
    return make().resume(context, {"name": crawler.name})


def test_a_crawl_makes_what_is_missing_and_says_what_has_changed(make, context, glue, crawler, lake):
    lake.put("session/day=1/a.json", '{"user": "u"}\n')
    lake.put("like/day=1/a.json", '{"user": "u"}\n')
    waiting = defer(make().execute, context)
    assert isinstance(waiting.trigger, JobEventTrigger)
    assert (waiting.trigger.name, waiting.trigger.owned) == (crawler.name, True)
    finished(glue, crawler.name)
    result = make().resume(context, {"name": crawler.name})
    assert result["database"] == lake.database
    assert result["tables_created"] == ["like", "session"]
    assert (result["tables_updated"], result["columns_added"], result["partitions_created"]) == ([], {}, 2)
    assert result["crawl"] == glue.list_crawls(CrawlerName=crawler.name)["Crawls"][0]["CrawlId"]
    tags = glue.get_tags(ResourceArn=f"arn:aws:glue:us-east-1:123456789012:crawler/{crawler.name}")["Tags"]
    assert tags["millrace:task"] == "step"


def test_the_next_run_finds_new_columns_and_partitions_and_changes_no_crawler(
    make, context, glue, crawler, lake
):
    lake.put("session/day=1/a.json", '{"user": "u"}\n')
    crawled(make, context, glue, crawler)
    context["task_state_store"].clear()
    lake.put("session/day=2/a.json", '{"user": "u", "device": "ios"}\n')
    result = crawled(make, context, glue, crawler)
    assert result["tables_created"] == []
    assert result["columns_added"] == {"session": ["device"]}
    assert (result["tables_updated"], result["partitions_created"]) == (["session"], 1)
    assert glue.get_crawler(Name=crawler.name)["Crawler"]["Version"] == 1


def test_a_crawler_that_differs_is_updated(make, context, glue, crawler, settings_now):
    role = settings_now().crawler_role_arn
    targets = {"S3Targets": [{"Path": "s3://other/"}]}
    glue.create_crawler(Name=crawler.name, Role=role, Targets=targets, DatabaseName="other")
    defer(make().execute, context)
    found = glue.get_crawler(Name=crawler.name)["Crawler"]
    assert found["DatabaseName"] == crawler.database
    assert [target["Path"] for target in found["Targets"]["S3Targets"]] == list(crawler.targets)


def test_a_retry_adopts_the_crawl_and_then_uses_it(make, context, glue, crawler, hold):
    defer(make().execute, context)
    assert defer(make().execute, context).trigger.owned
    hold.set()
    finished(glue, crawler.name)
    assert make().execute(context)["tables_created"] == []
    assert crawls(glue, crawler.name) == ["COMPLETED"]


def test_a_retry_after_a_failure_crawls_again(make, context, glue, crawler):
    defer(make().execute, context)
    finished(glue, crawler.name)
    backend = glue_backends["123456789012"]["us-east-1"]
    backend.crawlers[crawler.name].crawls[-1].state = "FAILED"
    defer(make().execute, context)
    finished(glue, crawler.name)
    assert crawls(glue, crawler.name) == ["COMPLETED", "FAILED"]
    assert make().execute(context)["name"] == crawler.name


def test_a_task_that_died_before_its_start_call_arrived_starts_one_crawl(
    make, context, glue, crawler, monkeypatch
):
    def dies(name, request):
        raise KeyboardInterrupt

    task = make()
    with monkeypatch.context() as patch:
        patch.setattr(task.hook, "start", dies)
        with pytest.raises(KeyboardInterrupt):
            task.execute(context)
    defer(make().execute, context)
    finished(glue, crawler.name)
    assert crawls(glue, crawler.name) == ["COMPLETED"]


def somebodys_crawl(make, context, glue, crawler, hold):
    """A crawler that was made by an earlier run, and that somebody else has started."""
    hold.set()
    crawled(make, context, glue, crawler)
    hold.clear()
    glue.start_crawler(Name=crawler.name)
    context["task_state_store"].clear()


def test_a_crawl_of_somebody_else_is_waited_for_and_then_one_is_started(make, context, glue, crawler, hold):
    somebodys_crawl(make, context, glue, crawler, hold)
    waiting = defer(make().execute, context)
    assert waiting.method_name == "execute_again"
    assert not waiting.trigger.owned
    assert len(crawls(glue, crawler.name)) == 2
    hold.set()
    finished(glue, crawler.name)
    assert defer(make().execute_again, context).trigger.owned
    assert len(finished(glue, crawler.name)) == 3
    result = make().resume(context)
    assert result["crawl"] == glue.list_crawls(CrawlerName=crawler.name)["Crawls"][0]["CrawlId"]


def test_a_crawl_of_somebody_else_is_not_stopped(make, context, glue, crawler, hold):
    somebodys_crawl(make, context, glue, crawler, hold)
    task = make()
    defer(task.execute, context)
    task.on_kill()
    with pytest.raises(TaskDeferralTimeout):
        task.resume_execution("__fail__", {"error": "Trigger timeout"}, context)
    assert RemoteJob.parse(context["task_state_store"][STATE_KEY]) is None
    context["ti"].max_tries = 5
    defer(make().execute, context)
    assert glue.get_crawler(Name=crawler.name)["Crawler"]["State"] == "RUNNING"


def test_our_crawl_is_told_from_one_that_somebody_has_started_after_it(make, context, glue, crawler, hold):
    hold.set()
    defer(make().execute, context)
    finished(glue, crawler.name)
    hold.clear()
    glue.start_crawler(Name=crawler.name)
    ours = glue.list_crawls(CrawlerName=crawler.name)["Crawls"][-1]["CrawlId"]
    assert make().resume(context)["crawl"] == ours


def test_a_clear_stops_our_crawl_and_starts_another(make, context, glue, crawler, hold):
    defer(make().execute, context)
    context["ti"].max_tries = 5
    waiting = defer(make().execute, context)
    assert isinstance(waiting.trigger, TimeDeltaTrigger)
    assert waiting.method_name == "execute_again"
    hold.set()
    finished(glue, crawler.name)
    defer(make().execute_again, context)
    finished(glue, crawler.name)
    assert crawls(glue, crawler.name) == ["COMPLETED", "STOPPED"]


def test_a_task_that_is_killed_stops_its_crawl(make, context, glue, crawler, hold):
    task = make()
    defer(task.execute, context)
    assert RemoteJob.parse(context["task_state_store"][STATE_KEY]).name == crawler.name
    task.on_kill()
    hold.set()
    finished(glue, crawler.name)
    assert crawls(glue, crawler.name) == ["STOPPED"]


def test_news_that_come_before_the_crawler_is_ready_are_not_the_last_word(make, context, glue, crawler, hold):
    """A crawler is STOPPING for a while at the end of every crawl, and no event says that it is READY."""
    defer(make().execute, context)
    glue_backends["123456789012"]["us-east-1"].crawlers[crawler.name].state = "STOPPING"
    waiting = defer(make().resume, context)
    assert isinstance(waiting.trigger, TimeDeltaTrigger)
    assert waiting.method_name == "resume"
    hold.set()
    finished(glue, crawler.name)
    assert make().resume(context)["name"] == crawler.name


def test_a_failure_has_the_reason_and_the_last_lines_of_the_log(
    make, context, glue, crawler, lake, capsys, monkeypatch
):
    defer(make().execute, context)
    finished(glue, crawler.name)
    glue.delete_database(Name=lake.database)
    context["task_state_store"].clear()
    task = make()
    monkeypatch.setattr(task.hook, "provide", lambda *_: None)
    defer(task.execute, context)
    finished(glue, crawler.name)
    with pytest.raises(JobFailed, match=f"Glue crawler {crawler.name} is FAILED: Database {lake.database}"):
        make().resume(context)
    assert "ERROR : Database" in capsys.readouterr().out


def test_a_crawler_that_is_gone_fails_the_task(make, context, glue, crawler):
    defer(make().execute, context)
    finished(glue, crawler.name)
    glue.delete_crawler(Name=crawler.name)
    with pytest.raises(JobFailed, match="is gone"):
        make().resume(context)
