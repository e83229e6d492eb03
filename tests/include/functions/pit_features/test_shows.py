"""Changes of shows in any order and however often: the catalog has what was said last of each not over."""

import json
import time
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.include.functions.pit_features.conftest import failures

NOW = datetime.now(UTC).replace(microsecond=0)
DAY = timedelta(days=1)
STATUSES = ("scheduled", "live", "ended", "cancelled")


def text(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def show(number, moment=NOW, **fields):
    """An event about show s."""
    return {
        "event_id": str(number),
        "event_type": "show",
        "event_time": text(moment),
        "show_id": "s",
        "creator_id": "c",
        "title": "Jazz at noon",
        "topics": ["jazz", "news"],
        "starts_at": text(NOW),
        "minutes": 60,
        "status": "scheduled",
        **fields,
    }


@st.composite
def one(draw, number):
    moment = NOW - timedelta(microseconds=draw(st.sampled_from([0, 1, 1_000, 60_000_000])))
    identity = draw(st.sampled_from(["", "Ä", "a", "B", "_"])) + str(number)
    return show(
        identity,
        moment,
        show_id=draw(st.sampled_from(["s", "t", "{u}"])),
        status=draw(st.sampled_from(STATUSES)),
        title=f"Title {number}",
    )


@st.composite
def deliveries(draw):
    """Distinct events; and batches in which each comes at least once, some several times."""
    events = [draw(one(number)) for number in range(draw(st.integers(1, 10)))]
    order = draw(st.permutations(events + draw(st.lists(st.sampled_from(events), max_size=5))))
    size = draw(st.integers(1, 10))
    return events, [order[at : at + size] for at in range(0, len(order), size)]


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(deliveries())
def test_any_order_and_repetition_keeps_what_was_said_last(function, client, delivery):
    events, batches = delivery
    client.flushall()
    for batch in batches:
        assert failures(function, *batch) == []
    last = {}
    for each in sorted(events, key=lambda e: (e["event_time"], e["event_id"].encode())):
        last[each["show_id"]] = each
    expected = {name: e["title"] for name, e in last.items() if e["status"] in ("scheduled", "live")}
    assert {each.show_id: each.title for each in function.listing.read(client)} == expected


@pytest.mark.parametrize("url", ["wheel"], indirect=True)
class TestCatalog:
    def test_what_is_read_is_what_was_said(self, handle, function, client):
        assert handle(show(1, NOW - DAY, status="live", starts_at=text(NOW - DAY))) == []
        [found] = function.listing.read(client)
        milliseconds = round((NOW - DAY).timestamp()) * 1000
        assert found._asdict() == {
            "show_id": "s",
            "creator_id": "c",
            "topics": ("jazz", "news"),
            "title": "Jazz at noon",
            "starts_at": milliseconds,
            "minutes": 60,
            "status": "live",
            "changed_at": milliseconds,
        }

    def test_shows_and_likes_come_in_one_batch(self, handle, function, client):
        like = show(2, event_type="like", user_id="u")
        assert handle(show(1), like, show(3, show_id="")) == [2]
        assert len(function.listing.read(client)) == 1
        assert function.reading.read(client, "u", ["s"], since=NOW.date()).user.likes == 1

    def test_what_is_late_changes_nothing(self, handle, function, client, caplog):
        assert handle(show(1, NOW - 4 * DAY)) == []
        assert function.listing.read(client) == []
        assert "1 events are too late" in caplog.text

    def test_a_catalog_that_cannot_be_written_fails_its_events_and_no_others(self, handle, function, client):
        client.set(function.keys.CATALOG, "in the way")
        assert handle(show(1), show(2, event_type="like", user_id="u"), show(3)) == [0, 2]
        client.delete(function.keys.CATALOG)
        assert handle(show(1)) == []
        assert len(function.listing.read(client)) == 1

    def test_a_show_that_is_over_is_forgotten_when_nothing_from_before_can_come(self, function, client):
        over = function.shows.change(show(1, status="ended"), NOW)
        function.catalog.write(client, [over], NOW)
        assert client.hkeys(function.keys.CATALOG) == [b"s"]
        assert function.shows.change(show(2), NOW).is_late(datetime.fromtimestamp(over.forgotten, UTC))
        other = function.shows.change(show(3, show_id="t"), NOW)
        later = datetime.fromtimestamp(over.forgotten, UTC) + timedelta(seconds=1)
        function.catalog.write(client, [other], later)
        assert client.hkeys(function.keys.CATALOG) == [b"t"]

    def test_an_upcoming_show_is_kept_until_it_has_begun(self, handle, function, client):
        assert handle(show(1, starts_at=text(NOW + 100 * DAY))) == []
        end = function.events.days(NOW) + 101 + function.keys.SEEN_DAYS
        for name in (function.keys.CATALOG, function.keys.CATALOG_ENDS):
            assert abs(time.time() + client.ttl(name) - end * 86_400) < 5

    def test_a_server_that_forgot_the_script_is_given_it_again(self, handle, function, client):
        client.script_flush()
        assert handle(show(1)) == []
        assert len(function.listing.read(client)) == 1


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"status": "paused"}, "status is 'paused', which is none of scheduled, live"),
        ({"status": ["live"]}, "status is ['live']"),
        ({"topics": "jazz"}, "topics is 'jazz'"),
        ({"topics": [7]}, "topics is [7]"),
        ({"topics": ["x"] * 51}, "not up to 50 texts"),
        ({"title": None}, "title is None"),
        ({"title": "\ud800"}, "title is"),
        ({"minutes": -1}, "minutes is -1"),
        ({"minutes": 1.5}, "minutes is 1.5"),
        ({"starts_at": "noon"}, "starts_at is 'noon'"),
        ({"starts_at": text(NOW + 500 * DAY)}, "more than 400 days after"),
        ({"event_time": text(NOW + DAY)}, "more than 3600 s after"),
        ({"creator_id": ""}, "creator_id is ''"),
        ({"event_id": 1}, "event_id is 1"),
    ],
)
def test_a_malformed_change_is_refused_with_its_reason(function, changes, reason):
    with pytest.raises(function.events.MalformedEventError) as raised:
        function.handler._said(json.dumps(show(1) | changes), NOW)
    assert reason in str(raised.value)
