"""Bursts of uploads travel S3 -> EventBridge -> SQS to watchers driven as a triggerer drives them."""

import asyncio
import json
import time
import uuid
from contextlib import asynccontextmanager

import boto3
import pytest
import structlog
from airflow.triggers.shared_stream import AckTimeout, SharedStreamManager

from include.settings import settings
from millrace.assets import uploads
from millrace.triggers import uploads_queue
from millrace.triggers.upload_watches import STALE_AFTER_SECONDS, TAG, UploadWatches
from millrace.triggers.uploads import UploadsTrigger
from millrace.triggers.uploads_queue import UploadsQueueUnknown

RULE = "millrace-local-uploads"


@pytest.fixture
def sqs(aws):
    return boto3.client("sqs")


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """No test waits for a scheduler, and no poll of one test is still open in the next."""
    monkeypatch.setattr(uploads_queue, "PAUSE_SECONDS", 0.1)
    monkeypatch.setattr(uploads_queue, "MORE_SECONDS", 0)
    monkeypatch.setattr(uploads_queue, "LONG_POLL_SECONDS", 1)
    monkeypatch.setattr(UploadWatches, "_of", {})


@pytest.fixture
def queue(sqs, monkeypatch):
    """An uploads queue of the test's own, made as the stack's is, to which the stack's rule sends too."""
    events = boto3.client("events")
    stacks, dead = (
        sqs.get_queue_url(QueueName=f"millrace-local-{name}")["QueueUrl"]
        for name in ("uploads", "dead-letters")
    )
    model = sqs.get_queue_attributes(QueueUrl=stacks, AttributeNames=["All"])
    attributes = {
        name: model["Attributes"][name]
        for name in ("VisibilityTimeout", "RedrivePolicy", "MessageRetentionPeriod")
    }
    name = f"uploads-{uuid.uuid4().hex[:8]}"
    url = sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    events.put_targets(Rule=RULE, Targets=[{"Id": name, "Arn": arn}])
    monkeypatch.setenv("MILLRACE_UPLOADS_QUEUE_URL", url)
    monkeypatch.setenv("MILLRACE_DEAD_LETTERS_QUEUE_URL", dead)
    settings.cache_clear()
    yield url
    events.remove_targets(Rule=RULE, Ids=[name])
    monkeypatch.undo()
    settings.cache_clear()


@pytest.fixture
def upload(s3, queue):
    """Puts objects under the input prefix of a pipeline."""

    def put(dag_id, *names, body=b"1"):
        for name in names:
            s3.put_object(Bucket=settings().bucket, Key=f"main/uploads/{dag_id}/{name}", Body=body)

    return put


@pytest.fixture
def left(sqs, queue):
    """Numbers of messages that are in the queue: for everybody, and hidden while somebody has them."""

    def count():
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        attributes = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=names)["Attributes"]
        return int(attributes[names[0]]), int(attributes[names[1]])

    return count


class Triggerer:
    """Drives watchers as Airflow's triggerer does; ``stores`` says whether its database takes events."""

    def __init__(self, ack_timeout=60.0):
        self.manager = SharedStreamManager(
            log=structlog.get_logger(), max_subscriber_queue=100, ack_timeout=ack_timeout
        )
        self.stores = True
        self.events = {}
        self.unconfirmed = []
        self.watchers = {}

    def watch(self, dag_id, suffix=None, region_name=None):
        trigger = UploadsTrigger(dag_id, suffix, aws_conn_id=None, region_name=region_name)
        self.events[dag_id] = []
        self.watchers[dag_id] = asyncio.create_task(self._drive(len(self.watchers), trigger))

    async def _drive(self, number, trigger):
        key = trigger.shared_stream_key()
        stream = self.manager.subscribe(trigger_id=number, trigger=trigger, key=key)
        try:
            async for event in trigger.filter_shared_stream(stream):
                seq = self.manager.bind_pending_event(trigger_id=number, key=key)
                if self.stores:
                    self.events[trigger.dag_id].append(event.payload["objects"])
                    asyncio.get_running_loop().call_later(0.05, self.manager.confirm_persisted, [seq])
                else:
                    self.unconfirmed.append(seq)
        finally:
            await self.manager.unsubscribe(number, key)

    def names(self, dag_id):
        """Names of all uploads that a pipeline was told of."""
        return [each["key"].rpartition("/")[2] for event in self.events[dag_id] for each in event]

    async def stop(self):
        for watcher in self.watchers.values():
            watcher.cancel()
        await asyncio.wait(self.watchers.values())
        await self.manager.stop_all()


@asynccontextmanager
async def triggerer(**options):
    running = Triggerer(**options)
    try:
        yield running
    finally:
        await running.stop()


async def until(condition, seconds=20):
    deadline = time.monotonic() + seconds
    while not await asyncio.to_thread(condition):
        assert time.monotonic() < deadline, "it never came"
        await asyncio.sleep(0.02)


def numbered(count):
    return [f"{number:03}.csv" for number in range(count)]


def test_a_burst_is_one_event_for_each_pipeline_that_it_concerns(upload, left):
    upload("one", *numbered(25))
    upload("two", "b.csv", "a.csv")

    async def scenario():
        async with triggerer() as running:
            running.watch("one")
            running.watch("two")
            running.watch("three")
            await until(lambda: left() == (0, 0))
            return running

    running = asyncio.run(scenario())
    assert [len(event) for event in running.events["one"]] == [25]
    assert running.names("one") == numbered(25)
    assert running.names("two") == ["b.csv", "a.csv"]
    assert running.events["three"] == []


def test_the_payload_says_what_has_arrived(upload, left, s3):
    upload("one", "a b+c.csv", body=b"12345")

    async def scenario():
        async with triggerer() as running:
            running.watch("one")
            await until(lambda: running.events["one"])
            return running.events["one"]

    [[found]] = asyncio.run(scenario())
    key = "main/uploads/one/a b+c.csv"
    stored = s3.head_object(Bucket=settings().bucket, Key=key)
    assert json.loads(json.dumps(found)) == found
    assert found.pop("sequencer")
    assert time.strptime(found.pop("time"), "%Y-%m-%dT%H:%M:%SZ")
    assert found == {
        "uri": f"s3://{settings().bucket}/{key}",
        "bucket": settings().bucket,
        "key": key,
        "size": 5,
        "etag": stored["ETag"].strip('"'),
        "version": stored["VersionId"],
    }


def test_what_comes_later_is_the_next_event(upload, left):
    async def scenario():
        async with triggerer() as running:
            running.watch("one")
            for wave in (["a", "b"], ["c"], ["d", "a"]):
                await asyncio.to_thread(upload, "one", *wave)
                told = len(running.events["one"])
                await until(lambda told=told: len(running.events["one"]) > told and left() == (0, 0))
            return running

    # Another version of `a` is another upload.
    assert sorted(asyncio.run(scenario()).names("one")) == ["a", "a", "b", "c", "d"]


def test_a_burst_is_bounded_and_the_rest_follows(upload, left, monkeypatch):
    monkeypatch.setattr(uploads_queue, "BURST", 10)
    upload("one", *numbered(25))

    async def scenario():
        async with triggerer() as running:
            running.watch("one")
            await until(lambda: left() == (0, 0))
            return running

    running = asyncio.run(scenario())
    assert [len(event) for event in running.events["one"]] == [10, 10, 5]
    assert sorted(running.names("one")) == numbered(25)


def test_a_message_is_deleted_only_once_its_event_is_stored(upload, left, monkeypatch):
    """Until then it is kept hidden, for however long that takes."""
    monkeypatch.setattr(uploads_queue, "EXTEND_SECONDS", 0.2)
    upload("one", "a", "b", "c")

    async def scenario():
        async with triggerer() as running:
            running.stores = False
            running.watch("one")
            await until(lambda: running.unconfirmed)
            await asyncio.to_thread(hide_for_a_second)
            await asyncio.sleep(1.5)
            kept = left()
            running.manager.confirm_persisted(running.unconfirmed)
            await until(lambda: left() == (0, 0))
            return kept

    def hide_for_a_second():
        """As if the time were nearly over."""
        backend = sqs_queue()
        for message in backend._messages:
            message.change_visibility(1)

    def sqs_queue():
        from moto.sqs.models import sqs_backends  # noqa: PLC0415

        return sqs_backends["123456789012"]["us-east-1"].queues[settings().uploads_queue_url.split("/")[-1]]

    assert asyncio.run(scenario()) == (0, 3)


def test_a_burst_that_was_not_stored_comes_again(upload, left, sqs, queue):
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"VisibilityTimeout": "1"})
    upload("one", "a", "b")

    async def scenario():
        async with triggerer(ack_timeout=0.5) as failing:
            failing.stores = False
            failing.watch("one")
            with pytest.raises(AckTimeout):
                await failing.watchers["one"]
        kept = sum(left())
        async with triggerer() as running:
            running.watch("one")
            await until(lambda: running.names("one") and left() == (0, 0))
            return kept, running.names("one")

    assert asyncio.run(scenario()) == (2, ["a", "b"])


def test_a_triggerer_that_ends_in_the_middle_of_a_burst_loses_none(upload, left, sqs, queue):
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"VisibilityTimeout": "1"})
    upload("one", *numbered(15))

    async def scenario():
        async with triggerer() as ended:
            ended.stores = False
            ended.watch("one")
            await until(lambda: ended.unconfirmed)
        async with triggerer() as running:
            running.watch("one")
            await until(lambda: running.names("one") and left() == (0, 0))
            return running.names("one")

    assert sorted(asyncio.run(scenario())) == numbered(15)


def test_only_the_suffix_that_is_wanted_and_no_folders(upload, left, caplog):
    upload("one", "a.csv", "b.txt", "folder/", "folder.csv/", "c.csv")
    upload("nobody", "d.csv")
    caplog.set_level("INFO")

    async def scenario():
        async with triggerer() as running:
            running.watch("one", suffix=".csv")
            await until(lambda: left() == (0, 0))
            return running.names("one")

    assert asyncio.run(scenario()) == ["a.csv", "c.csv"]
    assert "0 objects for other triggerers, 2 for nobody" in caplog.text


def test_a_message_that_comes_twice_counts_once(upload, left, sqs, queue):
    upload("one", "a")
    (message,) = sqs.receive_message(QueueUrl=queue, VisibilityTimeout=0)["Messages"]
    sqs.send_message(QueueUrl=queue, MessageBody=message["Body"])

    async def scenario():
        async with triggerer() as running:
            running.watch("one")
            await until(lambda: left() == (0, 0))
            first = len(running.events["one"])
            # The deletion was lost, so to say: what is stored already is no news.
            await asyncio.to_thread(sqs.send_message, QueueUrl=queue, MessageBody=message["Body"])
            await asyncio.to_thread(upload, "one", "b")
            await until(lambda: len(running.events["one"]) > first and left() == (0, 0))
            return running.names("one")

    assert asyncio.run(scenario()) == ["a", "b"]


def test_what_nobody_can_read_is_set_aside_with_its_reason(upload, left, sqs, queue):
    dead = settings().dead_letters_queue_url
    sqs.purge_queue(QueueUrl=dead)
    sqs.send_message(QueueUrl=queue, MessageBody="garbage")
    upload("one", "a")

    async def scenario():
        async with triggerer() as running:
            running.watch("one")
            await until(lambda: left() == (0, 0))
            return running.names("one")

    assert asyncio.run(scenario()) == ["a"]
    (message,) = sqs.receive_message(QueueUrl=dead, MessageAttributeNames=["All"])["Messages"]
    assert message["Body"] == "garbage"
    assert message["MessageAttributes"]["reason"]["StringValue"].startswith("not JSON")


def test_an_outage_is_waited_out(upload, left, sqs, queue, caplog):
    name = queue.rpartition("/")[2]

    async def scenario():
        async with triggerer() as running:
            running.watch("one")
            await asyncio.to_thread(upload, "one", "a")
            await until(lambda: left() == (0, 0))
            sqs.delete_queue(QueueUrl=queue)
            await until(lambda: "no uploads for" in caplog.text)
            sqs.create_queue(QueueName=name)
            await asyncio.to_thread(upload, "one", "b")
            await until(lambda: len(running.events["one"]) == 2)
            return running.names("one"), running.watchers["one"].done()

    assert asyncio.run(scenario()) == (["a", "b"], False)


def test_a_deployment_without_the_queue_says_so(aws, monkeypatch):
    monkeypatch.delenv("MILLRACE_UPLOADS_QUEUE_URL", raising=False)
    monkeypatch.setattr(uploads_queue, "REFUSAL_SECONDS", 0)
    settings.cache_clear()

    async def scenario():
        async with triggerer() as running:
            running.watch("one")
            await running.watchers["one"]

    try:
        with pytest.raises(UploadsQueueUnknown, match=r"MILLRACE_UPLOADS_QUEUE_URL.*UploadsQueueUrl"):
            asyncio.run(scenario())
    finally:
        monkeypatch.undo()
        settings.cache_clear()


def test_two_triggerers_do_not_take_each_others_uploads(upload, left, monkeypatch):
    """Their watchers share no memory here either: one names the region that the other takes for granted."""
    monkeypatch.setattr(uploads_queue, "PAUSE_SECONDS", 1.0)

    async def scenario():
        async with triggerer() as first, triggerer() as second:
            first.watch("one")
            second.watch("two", region_name="us-east-1")
            await asyncio.sleep(1.5)  # both have said what they watch
            for wave in (numbered(12), ["x"], ["y"]):
                await asyncio.to_thread(upload, "one", *wave)
                await asyncio.to_thread(upload, "two", *wave)
                await until(lambda: left() == (0, 0), seconds=60)
            return first.names("one"), second.names("two")

    assert [sorted(names) for names in asyncio.run(scenario())] == [[*numbered(12), "x", "y"]] * 2


def test_an_upload_that_keeps_missing_its_triggerer_is_not_given_up(
    upload, left, sqs, queue, monkeypatch, caplog
):
    """The other is being replaced, which takes more than the five deliveries that SQS allows a message."""
    monkeypatch.setattr(uploads_queue, "RESENT_SECONDS", 0)
    caplog.set_level("INFO")
    sqs.tag_queue(QueueUrl=queue, Tags={f"{TAG}main/uploads/two/": str(int(time.time()))})
    upload("two", "a")

    async def scenario():
        async with triggerer() as running:
            running.watch("one")
            await until(lambda: caplog.text.count("1 objects for other triggerers") > 10)
            running.watch("two")
            await until(lambda: left() == (0, 0))
            return running.names("two")

    assert asyncio.run(scenario()) == ["a"]


def test_an_upload_whose_watcher_comes_when_it_has_just_been_read_is_kept(upload, left, monkeypatch):
    """It was wanted nowhere when it was read, and is when it is judged."""
    upload("two", "a")
    elsewhere = UploadWatches.elsewhere

    async def scenario():
        async with triggerer() as running:

            async def meanwhile(watches, *asked):
                if "two" not in running.events:
                    running.watch("two")
                    await until(lambda: watches.want("main/uploads/two/a"))
                return await elsewhere(watches, *asked)

            monkeypatch.setattr(UploadWatches, "elsewhere", meanwhile)
            running.watch("one")
            await until(lambda: running.events.get("two"))
            await until(lambda: left() == (0, 0))
            return running.names("two")

    assert asyncio.run(scenario()) == ["a"]


@pytest.mark.parametrize(("age", "remains"), [(0, True), (STALE_AFTER_SECONDS + 60, False)])
def test_a_triggerer_that_is_gone_is_waited_for_but_not_for_ever(upload, left, sqs, queue, age, remains):
    tag = f"{TAG}main/uploads/elsewhere/"
    sqs.tag_queue(QueueUrl=queue, Tags={tag: str(int(time.time() - age))})
    upload("elsewhere", "a")

    async def scenario():
        async with triggerer() as running:
            running.watch("one")
            await asyncio.to_thread(upload, "one", "b")
            await until(lambda: running.events["one"])
            await until(lambda: sum(left()) == remains)

    asyncio.run(scenario())
    assert sum(left()) == remains


def test_naming_the_asset_needs_no_settings(monkeypatch):
    for name in ("MILLRACE_BUCKET", "MILLRACE_UPLOADS_QUEUE_URL", "MILLRACE_TENANT"):
        monkeypatch.delenv(name, raising=False)
    settings.cache_clear()
    asset = uploads("demo", ".csv")
    (watcher,) = asset.watchers
    path, kwargs = watcher.trigger.serialize()
    assert asset.name == "uploads/demo"
    assert path == "millrace.triggers.uploads.UploadsTrigger"
    assert UploadsTrigger(**kwargs).serialize() == (path, kwargs)
    assert (kwargs["dag_id"], kwargs["suffix"]) == ("demo", ".csv")
    settings.cache_clear()
