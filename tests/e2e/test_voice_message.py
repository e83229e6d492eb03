"""A recording is uploaded, and its text arrives once, under a real scheduler and triggerer."""

import json
import time

import pytest

from include.uploads import Upload, uploads_prefix
from local.stack.config import NOBODYS_NUMBER
from tests.stack import REPO

pytestmark = pytest.mark.timeout(1200)
DAG = "voice_message"
SAMPLE = REPO / "include" / "samples" / DAG / "front_door.flac"
KEY = f"{uploads_prefix('main', DAG)}front_door.flac"
FILTERED = "parcel"
PATIENCE = 600
ENDED = {"success", "failed"}


class Door:
    """What a doorbell and its owner do."""

    def __init__(self, stack):
        self.stack, self.s3, self.sqs = stack, stack.client("s3"), stack.client("sqs")
        self.queue = self.sqs.get_queue_url(QueueName="millrace-local-uploads")["QueueUrl"]

    def upload(self):
        """The recording under the same key; what S3 tells of it."""
        with SAMPLE.open("rb") as body:
            put = self.s3.put_object(Bucket=self.stack.bucket, Key=KEY, Body=body)
        etag, version = put["ETag"].strip('"'), put["VersionId"]
        stored = {"key": KEY, "size": 1, "etag": etag, "version-id": version, "sequencer": "00"}
        return json.dumps(
            {
                "source": "aws.s3",
                "detail-type": "Object Created",
                "time": "2026-01-01T00:00:00Z",
                "detail": {"bucket": {"name": self.stack.bucket}, "object": stored},
            }
        )

    def texts(self):
        """What `millrace inbox` shows of telephones, the oldest first."""
        done = self.stack.millrace("inbox", "--json")
        assert done.returncode == 0, done.stderr
        return [each for each in reversed(json.loads(done.stdout)) if each["protocol"] == "sms"]

    def runs(self):
        """State of each run, the oldest first."""
        query = {"limit": 100, "order_by": "run_after"}
        with self.stack.api() as api:
            found = api.get(f"/dags/{DAG}/dagRuns", params=query).raise_for_status().json()["dag_runs"]
        return {run["dag_run_id"]: run["state"] for run in found}

    def ended(self, count):
        """Whether so many runs are there, and over."""
        runs = self.runs()
        return runs if len(runs) >= count and set(runs.values()) <= ENDED else None

    def left(self):
        """Number of messages in the queue of uploads."""
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        found = self.sqs.get_queue_attributes(QueueUrl=self.queue, AttributeNames=names)["Attributes"]
        return sum(map(int, found.values()))

    def is_watched(self):
        """The watcher runs once the queue is tagged with what it watches."""
        tags = self.sqs.list_queue_tags(QueueUrl=self.queue).get("Tags", {})
        return f"millrace:watched:{uploads_prefix('main', DAG)}" in tags

    def tell_again(self, *events):
        """An asset event with known uploads: what a triggerer leaves that was killed after storing."""
        with self.stack.api() as api:
            name = f"uploads/{DAG}"
            found = api.get("/assets", params={"name_pattern": name}).raise_for_status().json()["assets"]
            [asset] = [each["id"] for each in found if each["name"] == name]
            extra = {"payload": {"objects": [Upload.parse(event).payload() for event in events]}}
            body = {"asset_id": asset, "extra": extra}
            api.post("/assets/events", json=body).raise_for_status()

    def until(self, condition, what):
        deadline = time.monotonic() + PATIENCE
        while not (found := condition()):
            assert time.monotonic() < deadline, (what, self.runs(), self.left())
            time.sleep(1)
        return found


@pytest.fixture(scope="module")
def door(stack):
    """A house whose owner does not want to read a word."""
    stack.millrace("up")
    door = Door(stack)
    words = f"main/input/{DAG}/words.txt"
    options = {"filter_words_uri": f"s3://{stack.bucket}/{words}", "filter_method": "mask"}
    door.s3.put_object(Bucket=stack.bucket, Key=words, Body=f"{FILTERED}\n".encode())
    door.s3.put_object(
        Bucket=stack.bucket, Key=f"main/input/{DAG}/options.json", Body=json.dumps(options).encode()
    )
    with stack.api() as api:
        api.patch(f"/dags/{DAG}", json={"is_paused": False}).raise_for_status()
    door.until(door.is_watched, "the watcher")
    return door


@pytest.fixture(scope="module")
def uploads(door):
    """Two versions of one key, and the first event a second time; what was told of both."""
    first = door.upload()
    door.sqs.send_message(QueueUrl=door.queue, MessageBody=first)
    door.until(lambda: door.ended(1), "the first run")
    second = door.upload()
    door.until(lambda: door.ended(2), "the second run")
    return first, second


def test_each_upload_is_one_message_to_the_number_of_the_deployment(door, uploads):
    assert set(door.runs().values()) == {"success"}
    assert [text["to"] for text in door.texts()] == [NOBODYS_NUMBER] * 2


def test_the_text_is_what_was_said_without_the_word_of_the_filter(door, uploads):
    for text in door.texts():
        assert text["text"].startswith("Voice message: ")
        assert "***" in text["text"]
        assert FILTERED not in text["text"].lower()
        assert "tomorrow morning" in text["text"]


def test_an_event_that_comes_again_sends_nothing(door, uploads):
    for event in uploads:
        door.sqs.send_message(QueueUrl=door.queue, MessageBody=event)
    door.until(lambda: not door.left(), "the queue to be empty")
    door.until(lambda: door.ended(2), "the runs")
    assert len(door.texts()) == 2


def test_another_run_that_is_told_of_the_same_uploads_sends_nothing(door, uploads):
    before = door.runs()
    door.tell_again(*uploads)
    runs = door.until(lambda: door.ended(len(before) + 1), "a further run")
    [run_id] = set(runs) - set(before)
    assert runs[run_id] == "success"
    with door.stack.api() as api:
        path = f"/dags/{DAG}/dagRuns/{run_id}/taskInstances/message.send/xcomEntries/sent"
        sent = [
            api.get(path, params={"map_index": index, "deserialize": True}).raise_for_status().json()["value"]
            for index in range(2)
        ]
    assert sent == [False, False]
    assert len(door.texts()) == 2


def test_the_number_is_in_no_log_and_no_xcom(door, uploads):
    logs = (door.stack.home / "airflow" / "logs").rglob(f"dag_id={DAG}/**/*.log")
    texts = {file: file.read_text(errors="replace") for file in logs}
    assert any("**********23" in text for text in texts.values())
    assert [file for file, text in texts.items() if NOBODYS_NUMBER[1:] in text] == []
    with door.stack.api() as api:
        for run_id in door.runs():
            path = f"/dags/{DAG}/dagRuns/{run_id}/taskInstances/~/xcomEntries"
            assert NOBODYS_NUMBER[1:] not in api.get(path).raise_for_status().text
