"""Changes of shows: what is read, asked, kept and put, and what goes back to the queue."""

import json

import pytest

from bench.amp_serving_rig.modules import INCLUDE, load
from tests.include.functions.catalog_service import STARTS_AT, serving, show

CHANGE = {
    "event_id": "5f2b6f5e-0000-4000-8000-000000000001",
    "event_type": "show_changed",
    "event_time": "2026-11-22T10:00:00.000Z",
    "show_id": "s1",
}
DEEP = "[" * 100_000


@pytest.fixture(scope="module")
def function():
    return load(INCLUDE / "functions" / "show_changes")


@pytest.fixture
def service():
    with serving() as made:
        yield made


def messages(*bodies):
    return [
        {"messageId": str(number), "body": body if isinstance(body, str) else json.dumps(body)}
        for number, body in enumerate(bodies)
    ]


@pytest.fixture
def enriched(function, service, monkeypatch):
    """Records by message id, and reasons by message id."""
    monkeypatch.setattr(function.catalog.RETRIES, "backoff_factor", 0)
    monkeypatch.setattr(function.catalog.RETRIES, "backoff_jitter", 0)

    def enrich(*bodies):
        return function.handler.enriched(messages(*bodies), function.catalog.HttpCatalog(service.url, "t"))

    return enrich


def test_a_record_has_the_change_and_the_wanted_fields_and_no_others(enriched):
    ready, failed = enriched(CHANGE)
    assert failed == {}
    assert ready["0"].key == "s1"
    assert json.loads(ready["0"].data) == {
        "event_id": CHANGE["event_id"],
        "event_time": CHANGE["event_time"],
        "show": {
            "id": "s1",
            "title": "Show s1",
            "status": "live",
            "topics": ["pop", "jazz"],
            "creator": {"id": "c000001"},
            "schedule": {"starts_at": STARTS_AT, "minutes": 45},
        },
    }


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("{", "not JSON"),
        (DEEP, "not JSON"),
        ("[]", "list, not an object"),
        (CHANGE | {"event_type": "like"}, "event_type is 'like'"),
        (CHANGE | {"event_id": ""}, "event_id is ''"),
        (CHANGE | {"event_id": None}, "event_id is 'None'"),
        (CHANGE | {"event_time": "yesterday"}, "event_time is 'yesterday'"),
        (CHANGE | {"show_id": "../../secrets"}, "show_id is '../../secrets'"),
        (CHANGE | {"show_id": "s1?x=1"}, "show_id is"),
        (CHANGE | {"show_id": "s" * 201}, "show_id is"),
    ],
)
def test_what_is_no_change_goes_back_and_takes_nothing_from_the_others(enriched, service, body, reason):
    ready, failed = enriched(body, CHANGE | {"show_id": "s2"})
    assert reason in failed["0"]
    assert list(ready) == ["1"]
    assert service.asked == ["/shows/s2"]


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ((404, b""), "no show s1"),
        ((200, b"<html>"), "not JSON"),
        ((200, b"[]"), "list, not an object"),
        ((200, json.dumps(show("s1") | {"title": None}).encode()), "s1.title is NoneType"),
        ((200, json.dumps(show("s1") | {"creator": "c1"}).encode()), "s1.creator is str"),
        ((200, json.dumps(show("s1") | {"schedule": {"starts_at": "x", "minutes": True}}).encode()), "bool"),
        ((200, json.dumps(show("s1") | {"title": "\ud800"}).encode()), "no Unicode"),
        ((200, b" " * 300_000), "over the 262144"),
    ],
)
def test_what_the_catalog_does_not_know_goes_back(enriched, service, answer, reason):
    service.answers["s1"] = answer
    ready, failed = enriched(CHANGE, CHANGE | {"show_id": "s2"})
    assert reason in failed["0"]
    assert list(ready) == ["1"]


def test_the_catalog_is_asked_once_for_each_show_and_told_who_asks(enriched, service):
    ready, _ = enriched(CHANGE, CHANGE, CHANGE | {"show_id": "s2"})
    assert len(ready) == 3
    assert service.asked == ["/shows/s1", "/shows/s2"]
    assert service.tokens == {"Bearer t"}


def test_a_catalog_that_hesitates_is_asked_again(enriched, service):
    service.fails = lambda number: number < 3
    ready, failed = enriched(CHANGE)
    assert (list(ready), failed) == (["0"], {})


def test_a_catalog_that_is_down_is_not_asked_about_every_message(enriched, service):
    service.fails = lambda number: number > 1
    bodies = [CHANGE | {"show_id": f"s{number}"} for number in range(20)]
    ready, failed = enriched(*bodies, bodies[0])
    assert sorted(ready) == ["0", "20"]
    assert len(failed) == 19
    assert len(service.asked) == 1 + 3


def test_a_catalog_that_is_not_there_is_unavailable(function):
    with serving() as gone:
        url = gone.url
    _, failed = function.handler.enriched(messages(CHANGE), function.catalog.HttpCatalog(url))
    assert "/shows/s1" in failed["0"]


class Stream:
    """Kinesis that refuses some records at first, as it does when a shard is full."""

    def __init__(self, *refused):
        self.refused = list(refused)
        self.taken = []
        self.requests = []

    def put_records(self, StreamName, Records):  # noqa: N803  # AWS's own names
        self.requests.append(len(Records))
        refused = self.refused.pop(0) if self.refused else set()
        answers = []
        for each in Records:
            full = each["Data"] in refused
            answers.append({"ErrorCode": "ProvisionedThroughputExceededException"} if full else {})
            self.taken += [] if full else [each["Data"]]
        return {"Records": answers}


def test_only_refused_records_are_put_again(function):
    records = {str(n): function.stream.Record("k", b"%d" % n) for n in range(1200)}
    stream = Stream({b"3"}, set(), {b"1001"})
    assert function.stream.put(stream, "s", records, pause=lambda _: None) == {}
    assert stream.requests == [500, 500, 200, 2]
    assert sorted(stream.taken) == sorted(record.data for record in records.values())


def test_what_stays_refused_is_told(function):
    record = function.stream.Record("k", b"1")
    stream = Stream(*[{b"1"}] * 10)
    failed = function.stream.put(stream, "s", {"m": record}, pause=lambda _: None)
    assert "ProvisionedThroughputExceeded" in failed["m"]
    assert len(stream.requests) == function.stream.ATTEMPTS
