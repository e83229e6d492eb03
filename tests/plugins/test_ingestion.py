"""Changes of shows from the topic to the raw bucket and to Redis, through all the DAG makes, with faults.

MILLRACE_INGEST_EVENTS says how many, 300 if nothing does. The local AWS is a process of its own, which is
killed by SIGKILL again and again: while changes are published, and while they are on their way.
"""

import gzip
import json
import os
import threading
import time
from collections import Counter
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import boto3
import pytest
import redis
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException
from botocore.exceptions import BotoCoreError, ClientError

from bench.amp_serving_rig.modules import FUNCTION, load
from include.pipelines import amp_ingest as spec
from include.run import Run
from include.settings import settings
from local.stack.redis_server import executable
from millrace.operators.cloudformation import StackOperator
from millrace.operators.queues import LagGateOperator, ReplayOperator
from millrace.operators.topics import PublishOperator
from millrace.sensors.cloudformation import StackSensor
from tests.aws import provisioned_process
from tests.include.functions.catalog_service import serving, show
from tests.redis_servers import running
from tests.stack import IMAGES

EVENTS = int(os.environ.get("MILLRACE_INGEST_EVENTS", "300"))
pytestmark = pytest.mark.timeout(3600 + EVENTS / 10)
SHOWS = 200
PATIENCE = 600 + EVENTS / 10
IMPATIENCE = min(60, max(5, EVENTS // 1000))
"""Seconds after which a message comes again. Where many wait, a batch takes longer on a small machine."""
PARAMS = {
    "events": 0,
    "replay": True,
    "max_wait_seconds": 900,
    "max_waiting": 100_000,
    "max_dead_letters": 0,
    "on_breach": "fail",
    "buffer_seconds": 0,
    "shards": 2,
}
OUTAGE = range(20, 60)
"""Numbers of the requests that the catalog does not answer."""
BEGAN = datetime.now(UTC)
OVER, UNFIT = "s7", "s-unfit"
"""A show that has ended, and one that the catalog in Redis does not take."""
CHUNK = max(25, EVENTS // 50)
"""Changes that a try of the task publishes."""
KILLS = (0.5, 0.65, 0.8)
"""When this part of the chunks is published, the server is killed while the next one is."""


@pytest.fixture(scope="module")
def catalog():
    with serving() as service:
        yield service


@pytest.fixture(scope="module")
def redis_url(tmp_path_factory):
    with running(executable(IMAGES), tmp_path_factory.mktemp("redis")) as url:
        yield url


@pytest.fixture
def listed(redis_url):
    """What the recommender would rank: show -> when it was changed last, in milliseconds since 1970."""
    listing = load(FUNCTION, names=["listing"]).listing
    with redis.Redis.from_url(redis_url) as client:
        yield lambda: {each.show_id: each.changed_at for each in listing.read(client)}


@pytest.fixture(scope="module")
def aws(tmp_path_factory, catalog, redis_url):
    home = tmp_path_factory.mktemp("aws")
    with (
        pytest.MonkeyPatch.context() as patch,
        provisioned_process(home, IMAGES, redis_url=redis_url) as server,
    ):
        # After what the server's stack says.
        patch.setenv("MILLRACE_CATALOG_URL", catalog.url)
        settings.cache_clear()
        yield server


@pytest.fixture(scope="module")
def run(aws):
    return Run(settings(), "amp_ingest", "test__1", datetime.now(UTC), PARAMS)


def context_of(run):
    """What the operators take of Airflow's context."""
    dag_run = SimpleNamespace(dag_id=run.dag_id, run_id=run.run_id, run_after=run.run_after)
    return {"dag_run": dag_run, "params": run.params}


def provision(run):
    operator = StackOperator(
        task_id="provision", functions=spec.functions, build=spec.stack, aws_conn_id=None
    )
    return operator.execute(context_of(run))


@pytest.fixture(scope="module")
def asked(run):
    return provision(run)


@pytest.fixture(scope="module")
def outputs(run, asked):
    sensor = StackSensor(
        task_id="provisioned", stack=asked["stack"], changed=asked["changed"], aws_conn_id=None
    )
    found = sensor.poke(context_of(run))
    assert found.is_done
    return found.xcom_value


@pytest.fixture
def impatient(outputs):
    """Messages that were not handled come again soon."""
    sqs, url = boto3.client("sqs"), outputs["ShowChangesQueueUrl"]
    names = ["VisibilityTimeout"]
    before = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": str(IMPATIENCE)})
    # A poll that has begun, which takes a second, hides messages for as long as was said before: six minutes.
    time.sleep(2)
    yield
    sqs.set_queue_attributes(QueueUrl=url, Attributes=before)


def gate(run, outputs):
    operator = LagGateOperator(
        task_id="watch",
        outputs=outputs,
        measures=spec.measures,
        bounds=spec.bounds,
        warns=spec.warns,
        aws_conn_id=None,
    )
    return operator.execute(context_of(run))


def replay(run, outputs):
    operator = ReplayOperator(task_id="replay", outputs=outputs, queues=spec.replayed, aws_conn_id=None)
    return operator.execute(context_of(run))


def change(number):
    """One of a show, a millisecond after that of the number before."""
    moment = BEGAN + timedelta(milliseconds=number)
    return {
        "event_id": f"event-{number:08}",
        "event_type": "show_changed",
        "event_time": moment.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "show_id": f"s{number % SHOWS}",
    }


def changed_at(changes):
    """What of these changes, in their order, is to be listed."""
    return {
        each["show_id"]: round(datetime.fromisoformat(each["event_time"]).timestamp() * 1000)
        for each in changes
        if each["show_id"] != OVER
    }


def publish(run, outputs, changes):
    operator = PublishOperator(
        task_id="publish_sample",
        topic=outputs["ShowChangesTopicArn"],
        messages=lambda _: changes,
        documents=lambda _: {},
        aws_conn_id=None,
    )
    return operator.execute(context_of(run))


def publish_through_kills(run, outputs, changes, aws):
    """As Airflow does: a try that fails is followed by another, which publishes all of its messages again."""
    chunks = [changes[begin : begin + CHUNK] for begin in range(0, len(changes), CHUNK)]
    with_kill = {int(part * len(chunks)) for part in KILLS}
    took = 0.0
    # What broke before must not come back with a snapshot from before it was mended.
    aws.save()
    for number, chunk in enumerate(chunks):
        killing = threading.Timer(took / 2, restart, [aws])
        if number in with_kill:
            killing.start()
        began = time.monotonic()
        until(lambda: is_published(run, outputs, chunk), "a chunk is not published", every=0.2)  # noqa: B023
        if number in with_kill:
            killing.join()
        else:
            took = time.monotonic() - began


def is_published(run, outputs, chunk):
    try:
        return publish(run, outputs, chunk)
    except (BotoCoreError, ClientError, RuntimeError) as error:
        print(f"a try failed: {type(error).__name__}")
        return None


def restart(aws):
    aws.kill()
    aws.start()


def arrived():
    """Line -> how often it is in the raw bucket, below the folders that amp_lake reads."""
    s3, bucket = boto3.client("s3"), settings().raw_bucket
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix="main/amp/events/")
    found = Counter()
    for key in (item["Key"] for page in pages for item in page.get("Contents", [])):
        body = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
        found.update(gzip.decompress(body).splitlines())
    return found


def until(condition, what, every=1.0):
    deadline = time.monotonic() + PATIENCE
    while not (found := condition()):
        assert time.monotonic() < deadline, what
        time.sleep(every)
    return found


def waiting(url):
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    found = boto3.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
    return sum(map(int, found.values()))


def logged(group, text):
    """Lines of a log with a text."""
    pages = boto3.client("logs").get_paginator("filter_log_events").paginate(logGroupName=group)
    return [each["message"] for page in pages for each in page["events"] if text in each["message"]]


@contextmanager
def silent(redis_url):
    """Redis answers no writer."""
    with redis.Redis.from_url(redis_url) as client:
        client.client_pause(round(PATIENCE * 1000), all=False)
        yield
        client.client_unpause()


def break_function(name, seconds):
    """The function fails as a whole for a while: its stream is not there."""
    functions = boto3.client("lambda")
    before = functions.get_function_configuration(FunctionName=name)["Environment"]
    broken = {"Variables": {**before["Variables"], "MILLRACE_STREAM": "nowhere"}}
    functions.update_function_configuration(FunctionName=name, Environment=broken)
    time.sleep(seconds)
    functions.update_function_configuration(FunctionName=name, Environment=before)


def test_what_is_made_is_told_and_made_once(run, asked, outputs):
    assert asked["changed"]
    assert "ShowChangesQueue is made" in asked["changes"]
    again = provision(run)
    assert not again["changed"]
    assert again["changes"] == []
    changed = provision(replace(run, params={**PARAMS, "max_wait_seconds": 600}))
    assert changed["changes"] == [
        "OldestMessageSeconds: 900 becomes 600",
        "OldestRecordSeconds: 900 becomes 600",
    ]


def test_secrets_reach_the_function_and_no_result(run, asked, outputs):
    told = boto3.client("lambda").get_function_configuration(FunctionName="millrace-local-main-show-changes")
    token = settings().catalog_token.get_secret_value()
    assert told["Environment"]["Variables"]["MILLRACE_CATALOG_TOKEN"] == token
    assert token not in {*asked["changes"], *outputs.values()}


@pytest.mark.usefixtures("impatient")
def test_nothing_is_lost_and_what_cannot_be_read_is_a_dead_letter(
    run, outputs, catalog, aws, redis_url, listed
):
    catalog.fails = lambda number: number in OUTAGE
    catalog.answers[OVER] = (200, json.dumps(show(OVER) | {"status": "ended"}).encode())
    changes = [change(number) for number in range(EVENTS)]
    repeated = changes[::50]
    broken = [{"event_id": f"broken-{number}"} for number in range(max(1, EVENTS // 200))]
    unknown = [change(EVENTS + number) | {"show_id": f"unknown{number}"} for number in range(3)]
    catalog.answers |= {each["show_id"]: (404, b"") for each in unknown}
    dead = len(broken) + len(unknown)
    queue, letters = outputs["ShowChangesQueueUrl"], outputs["ShowChangesDeadLettersUrl"]
    began = time.monotonic()
    publish(run, outputs, [*broken, *unknown])
    third = EVENTS // 3
    breaking = threading.Thread(target=break_function, args=("millrace-local-main-show-changes", 5))
    breaking.start()
    publish(run, outputs, changes[:third])
    breaking.join()
    publish_through_kills(run, outputs, changes[third:], aws)
    with silent(redis_url):
        publish(run, outputs, repeated)
        name = "millrace-local-main-pit-features"
        until(lambda: logged(name, "TimeoutError"), "nobody has missed Redis")
    published = time.monotonic() - began
    until(lambda: waiting(queue) < EVENTS / 2, "nobody takes from the queue", every=0.2)
    restart(aws)
    until(lambda: waiting(queue) == 0 and waiting(letters) >= dead, "the queue is not empty")

    # What the outage has made a dead letter comes in now, the rest is one again.
    replay(run, outputs)
    until(lambda: waiting(queue) == 0 and waiting(letters) == dead, "the dead letters do not come back")
    pause = max(1.0, EVENTS / 5000)
    lines = until(lambda: len(found := arrived()) >= EVENTS and found, "events have not arrived", every=pause)
    seconds = time.monotonic() - began

    # An event that has come twice is the same line twice: the lake, which keeps one, may keep any.
    assert sorted(json.loads(line)["event_id"] for line in lines) == [each["event_id"] for each in changes]
    # Changes have come late and again; the last of each show counts.
    until(lambda: listed() == changed_at(changes), "shows have not reached Redis")
    print(
        f"{EVENTS} events, {lines.total() - EVENTS} repeated lines, {aws.kills} kills, {dead} dead letters, "
        f"{len(catalog.asked)} questions; published in {published:.0f} s, arrived in {seconds:.0f} s"
    )
    assert aws.kills == len(KILLS) + 1
    with pytest.raises(AirflowFailException, match=rf"ShowChanges.dead_letters is {dead}, over 0: .* replay"):
        gate(run, outputs)
    told = gate(replace(run, params={**PARAMS, "on_breach": "warn"}), outputs)
    assert told["values"]["ShowChanges.waiting"] == 0
    assert told["values"][spec.CATALOG_AGE] is not None
    assert len(told["exceeded"]) == 1


def test_a_show_that_redis_does_not_take_is_a_dead_letter_and_holds_no_other_up(
    run, outputs, catalog, listed
):
    catalog.answers[UNFIT] = (200, json.dumps(show(UNFIT) | {"status": "paused"}).encode())
    odd, *others = [change(EVENTS + number) for number in range(20)]
    publish(run, outputs, [odd | {"show_id": UNFIT}, *others])
    expected = changed_at(others).items()
    until(lambda: listed().items() >= expected, "the others have not reached Redis")
    letters = outputs["PitFeaturesDeadLettersUrl"]
    until(lambda: waiting(letters) == 1, "no dead letter")
    told = gate(replace(run, params={**PARAMS, "on_breach": "warn"}), outputs)
    assert "PitFeatures.dead_letters is 1" in str(told["exceeded"])
    [letter] = boto3.client("sqs").receive_message(QueueUrl=letters)["Messages"]
    boto3.client("sqs").delete_message(QueueUrl=letters, ReceiptHandle=letter["ReceiptHandle"])
    said = json.loads(letter["Body"])
    assert (said["event_type"], said["show_id"], said["status"]) == ("show", UNFIT, "paused")


def test_what_waits_is_measured(run, outputs):
    functions = boto3.client("lambda")
    [mapping] = functions.list_event_source_mappings(FunctionName="millrace-local-main-show-changes")[
        "EventSourceMappings"
    ]
    functions.update_event_source_mapping(UUID=mapping["UUID"], Enabled=False)
    warned = replace(run, params={**PARAMS, "on_breach": "warn", "max_wait_seconds": 1})

    def measured():
        # The last poll of a mapping that is being disabled may still take what comes.
        if not waiting(outputs["ShowChangesQueueUrl"]):
            publish(run, outputs, [change(0)])
        told = gate(warned, outputs)
        return "ShowChanges.oldest_seconds" in str(told["exceeded"]) and told

    try:
        assert until(measured, "the age is not told")["values"]["ShowChanges.waiting"] == 1
    finally:
        functions.update_event_source_mapping(UUID=mapping["UUID"], Enabled=True)


def test_nothing_is_replayed_or_published_where_nobody_asks(run, outputs):
    quiet = replace(run, params={**PARAMS, "replay": False})
    with pytest.raises(AirflowSkipException):
        replay(quiet, outputs)
    with pytest.raises(AirflowSkipException):
        publish(quiet, outputs, [])
