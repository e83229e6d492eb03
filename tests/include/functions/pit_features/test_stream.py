"""Records of the stream of shows: the catalog has what was said last, and only Redis makes a shard wait."""

import base64
import json
from datetime import UTC, datetime, timedelta

import boto3
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from redis.exceptions import ConnectionError as RedisConnectionError

from include.bundles import Bundle
from local.aws.server import LocalAws
from tests.include.functions.pit_features.conftest import failures
from tests.redis_servers import running
from tests.stack import IMAGES

NOW = datetime.now(UTC).replace(microsecond=0)
DAY = timedelta(days=1)
FIRST = 10**55 - 3
"""Where sequence numbers begin: in its second batch a test has numbers of one digit more."""


def text(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def record(number, moment=NOW, show_id="s", **fields):
    """As the function show_changes puts it."""
    show = {
        "id": show_id,
        "title": f"Title {number}",
        "status": "live",
        "topics": ["jazz"],
        "creator": {"id": "c"},
        "schedule": {"starts_at": text(NOW), "minutes": 60},
    }
    return {"event_id": f"{number}", "event_time": text(moment), "show": show | fields}


def handled(function, *records, first=FIRST):
    """Gives the function a batch; the places of what it reports in it."""
    given = [
        {
            "eventSource": "aws:kinesis",
            "kinesis": {
                "sequenceNumber": str(first + place),
                "data": base64.b64encode(
                    each if isinstance(each, bytes) else json.dumps(each).encode()
                ).decode(),
            },
        }
        for place, each in enumerate(records)
    ]
    answer = function.handler.handler({"Records": given}, None)
    return [int(each["itemIdentifier"]) - first for each in answer["batchItemFailures"]]


def titles(function, client):
    return {each.show_id: each.title for each in function.listing.read(client)}


@st.composite
def deliveries(draw):
    """Distinct records, and batches in which each comes at least once, some several times."""
    made = []
    for number in range(draw(st.integers(1, 10))):
        moment = NOW - timedelta(microseconds=draw(st.sampled_from([0, 1, 1_000, 60_000_000])))
        show, status = draw(st.sampled_from("stu")), draw(st.sampled_from(["scheduled", "live", "ended"]))
        made.append(record(number, moment, show, status=status))
    order = draw(st.permutations(made + draw(st.lists(st.sampled_from(made), max_size=5))))
    size = draw(st.integers(1, 10))
    return made, [order[at : at + size] for at in range(0, len(order), size)]


@settings(
    max_examples=30,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(deliveries())
def test_an_older_change_never_replaces_a_newer_one_however_often_they_come(function, client, delivery):
    made, batches = delivery
    client.flushall()
    for batch in batches:
        assert handled(function, *batch) == []
    last = {}
    for each in sorted(made, key=lambda e: (e["event_time"], e["event_id"].encode())):
        last[each["show"]["id"]] = each["show"]
    expected = {name: show["title"] for name, show in last.items() if show["status"] != "ended"}
    assert titles(function, client) == expected


@pytest.fixture(scope="module")
def aws(tmp_path_factory):
    with LocalAws(home=tmp_path_factory.mktemp("aws"), images=IMAGES, port=0) as server:
        yield server


@pytest.fixture
def letters(function, aws, monkeypatch):
    """Takes what is among the dead letters."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", aws.endpoint_url)
    sqs = boto3.client("sqs")
    queue = sqs.create_queue(QueueName="dead-letters")["QueueUrl"]
    monkeypatch.setenv("MILLRACE_DEAD_LETTERS_URL", queue)
    function.handler._sqs.cache_clear()

    def take():
        found = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages", [])
        for each in found:
            sqs.delete_message(QueueUrl=queue, ReceiptHandle=each["ReceiptHandle"])
        return [each["Body"] for each in found]

    yield take
    sqs.delete_queue(QueueUrl=queue)
    function.handler._sqs.cache_clear()


@pytest.mark.parametrize("url", ["wheel"], indirect=True)
class TestRecords:
    def test_shows_come_from_the_queue_and_from_the_stream(self, handle, function, client):
        assert handled(function, record(2)) == []
        lines = [
            function.flattening.flatten(json.dumps(each).encode()).decode()
            for each in (record(1, NOW - DAY), record(3, show_id="t"))
        ]
        assert handle(*lines) == []
        assert titles(function, client) == {"s": "Title 2", "t": "Title 3"}

    def test_what_the_catalog_does_not_take_is_a_dead_letter_at_once_and_the_shard_goes_on(
        self, handle, function, client, letters, caplog
    ):
        bad = record(1, show_id="b", status="paused", title="Nacht \ufffe")
        assert handled(function, record(0), bad, record(2, show_id="t")) == []
        assert titles(function, client) == {"s": "Title 0", "t": "Title 2"}
        [body] = letters()
        assert (json.loads(body)["title"], body.isascii()) == ("Nacht \ufffe", True)
        assert f"record {FIRST + 1} is not for the catalog: status is 'paused'" in caplog.text
        # `replay` sends it to the queue: there it is an event like any other.
        assert failures(function, body) == [0]
        assert failures(function, json.dumps(json.loads(body) | {"status": "live"})) == []
        assert "b" in titles(function, client)

    @pytest.mark.parametrize("data", [b"{", b"\xff", b"[]", b'{"event_id": "1"}'])
    def test_what_is_no_event_is_left_to_firehose(self, function, client, letters, data):
        assert handled(function, data, record(1)) == []
        assert titles(function, client) == {"s": "Title 1"}
        assert letters() == []

    def test_half_a_character_is_no_event_either(self, function, client, letters):
        assert handled(function, record(0, title="\ud800"), record(1)) == []
        assert titles(function, client) == {"s": "Title 1"}

    def test_what_is_late_changes_nothing(self, function, client, caplog):
        assert handled(function, record(0, NOW - 4 * DAY), record(1, show_id="t")) == []
        assert titles(function, client) == {"t": "Title 1"}
        assert "1 changes of shows are too late" in caplog.text

    def test_from_the_first_that_cannot_be_written_on_all_come_again(self, function, client, letters):
        batch = (record(0, status="paused"), record(1), record(2, status="paused"), record(3, show_id="t"))
        client.set(function.keys.CATALOG, "in the way")
        assert handled(function, *batch) == [1]
        client.delete(function.keys.CATALOG)
        assert [json.loads(each)["event_id"] for each in letters()] == ["0"]
        assert handled(function, *batch[1:], first=FIRST + 1) == []
        assert titles(function, client) == {"s": "Title 1", "t": "Title 3"}
        assert [json.loads(each)["event_id"] for each in letters()] == ["2"]

    def test_what_cannot_become_a_dead_letter_now_comes_again(self, function, client, letters, monkeypatch):
        batch = (record(0), record(1, status="paused"), record(2, show_id="t"))
        with monkeypatch.context() as patch:
            patch.setenv("MILLRACE_DEAD_LETTERS_URL", "http://127.0.0.1/1/nowhere")
            assert handled(function, *batch) == [1]
        assert handled(function, *batch[1:], first=FIRST + 1) == []
        assert titles(function, client) == {"s": "Title 0", "t": "Title 2"}
        assert len(letters()) == 1

    def test_a_letter_that_no_queue_takes_holds_nobody_up(self, function, client, letters, caplog):
        long = record(0, title="x" * 300_000)
        assert handled(function, long, record(1)) == []
        assert titles(function, client) == {"s": "Title 1"}
        assert letters() == []
        assert "over the 262144 of a message" in caplog.text


def test_without_redis_the_batch_fails_and_is_kept_when_it_comes_again(
    function, wheel, tmp_path, monkeypatch
):
    function.handler._client.cache_clear()
    monkeypatch.setenv("MILLRACE_REDIS_URL", "redis://127.0.0.1:1")
    with pytest.raises(RedisConnectionError):
        handled(function, record(0))
    with running(wheel, tmp_path / "redis") as url:
        monkeypatch.setenv("MILLRACE_REDIS_URL", url)
        assert handled(function, record(0)) == []
        assert titles(function, function.handler._client()) == {"s": "Title 0"}
        function.handler._client().close()
    function.handler._client.cache_clear()


def test_it_ships_with_what_flattens(function):
    assert {"flattening.py", "handler.py", "catalog.lua"} <= Bundle.of_function("pit_features").files.keys()
