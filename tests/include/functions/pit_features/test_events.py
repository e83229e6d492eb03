"""What is reported, what is left to the daily features, and what nobody has counted."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from tests.include.functions.pit_features.conftest import event

NOW = datetime.now(UTC)
LIKE = event("like", 1, NOW)
START = event("session_started", 1, NOW, session_id="1")
SESSION = event("session", 1, NOW, seconds=1)
DEEP = "[" * 100_000


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("{", "no JSON"),
        (DEEP, "no JSON"),
        ("[]", "a JSON list"),
        ({}, "event_type is None"),
        (LIKE | {"event_type": ["like"]}, "event_type is ['like']"),
        (LIKE | {"event_type": "follow"}, "'follow', which is none of like"),
        (LIKE | {"event_id": None}, "event_id is None"),
        (LIKE | {"user_id": ""}, "user_id is ''"),
        (LIKE | {"show_id": 7}, "show_id is 7"),
        (LIKE | {"creator_id": "x" * 201}, "creator_id is"),
        (LIKE | {"user_id": "\ud800"}, "user_id is"),
        (LIKE | {"user_id": "a\0b"}, "user_id is"),
        (LIKE | {"event_time": "yesterday"}, "event_time is 'yesterday'"),
        (LIKE | {"event_time": "2026-02-30T00:00:00Z"}, "event_time is '2026-02-30T00:00:00Z'"),
        (LIKE | {"event_time": "2026-02-28T00:00:00"}, "event_time is '2026-02-28T00:00:00'"),
        (LIKE | {"event_time": 1_790_000_000}, "event_time is 1790000000"),
        (event("like", 1, NOW + timedelta(hours=2)), "more than 3600 s after"),
        ({name: value for name, value in START.items() if name != "session_id"}, "session_id is None"),
        (SESSION | {"seconds": -1}, "seconds is -1"),
        (SESSION | {"seconds": True}, "seconds is True"),
        (SESSION | {"seconds": 86_401}, "seconds is 86401"),
    ],
)
def test_a_malformed_event_is_refused_with_its_reason(function, body, reason):
    text = body if isinstance(body, str) else json.dumps(body)
    with pytest.raises(function.events.MalformedEventError) as raised:
        function.handler._said(text, NOW)
    assert reason in str(raised.value)


@pytest.mark.parametrize("url", ["wheel"], indirect=True)
class TestBatches:
    def test_malformed_records_are_reported_and_the_others_are_counted(self, handle, function, client):
        other = event("like", 2, NOW, user_id="v")
        assert handle(LIKE, "{", other, LIKE | {"user_id": 7}) == [1, 3]
        assert self.likes(function, client) == 2

    def test_an_event_too_late_to_count_is_neither_counted_nor_reported(
        self, handle, function, client, caplog
    ):
        last = datetime.now(UTC) - timedelta(days=function.keys.ACCEPTED_DAYS)
        assert handle(event("like", 1, last), event("like", 2, last - timedelta(days=1))) == []
        assert self.likes(function, client) == 1
        assert "1 events are too late" in caplog.text

    def test_what_nobody_has_counted_is_zero(self, handle, function, client):
        found = function.reading.read(client, "nobody", ["no show"], ["no creator"], since=NOW.date())
        assert {*found.shows.values(), *found.creators.values(), found.user} == {(0, 0, 0, 0)}

    def test_counts_that_are_not_kept_are_not_read(self, handle, function, client):
        oldest = NOW.date() - timedelta(days=function.keys.COUNTED_DAYS)
        function.reading.read(client, "u", ["s"], since=oldest)
        with pytest.raises(function.reading.TooOldError, match="are not kept"):
            function.reading.read(client, "u", ["s"], since=oldest - timedelta(days=2))

    def likes(self, function, client) -> int:
        since = NOW.date() - timedelta(days=10)
        return function.reading.read(client, "u", ["s"], since=since).shows["s"].likes
