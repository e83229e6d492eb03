"""The reference, on events few enough to work its figures out by hand."""

import gzip
import json
from datetime import date

import pytest

from tests.include.jobs.amp_batch_features import reference

DAY = date(2026, 3, 2)
"""The window is from 2026-01-01 to 2026-03-01; the last day has weight 1, the 15th of February one half."""
SHOW = {"show_id": "s1", "creator_id": "c1"}


def session(user, seconds, topics, show="s1", creator="c1"):
    return {
        "user_id": user,
        "show_id": show,
        "creator_id": creator,
        "topics": topics,
        "show_minutes": 10,
        "started_at": "2026-01-01T00:00:00.000Z",
        "seconds": seconds,
        "device": "ios",
    }


def event(kind, moment, number, **payload):
    common = {"event_id": f"e{number:02}", "event_type": kind, "event_time": moment, "version": 1}
    return json.dumps(common | payload)


LINES = {
    # The profile is older than the window: it is a state.
    "2025/12/20/10": [event("user", "2025-12-20T10:00:00.000Z", 1, user_id="u1", topics=["pop", "jazz"])],
    "2025/12/31/23": [
        # A moment before the window.
        event("session", "2025-12-31T23:59:59.999Z", 2, **session("u1", 6000, ["pop"])),
        event("follow", "2025-12-31T23:00:00.000Z", 3, user_id="u1", creator_id="c1", following=True),
    ],
    "2026/02/15/12": [
        # 14 days before the last one: half the weight. 240 seconds, shared by two topics.
        event("session", "2026-02-15T12:00:00.000Z", 4, **session("u1", 240, ["pop", "rock"])),
        event("like", "2026-02-15T12:00:01.000Z", 5, user_id="u1", topics=["rock"], **SHOW),
        event("like", "2026-02-15T12:30:00.000Z", 6, user_id="u1", topics=["rock"], **SHOW),
        event("follow", "2026-02-15T12:00:00.000Z", 7, user_id="u2", creator_id="c1", following=True),
    ],
    "2026/03/01/20": [
        # 900 seconds are more than the planned 600: heard as a whole.
        event("session", "2026-03-01T20:00:00.000Z", 8, **session("u1", 900, ["pop"])),
        event("session", "2026-03-01T20:00:00.000Z", 8, **session("u1", 900, ["pop"])),
        event("show", "2026-03-01T20:10:00.000Z", 9, title="T", topics=["pop"], minutes=10, status="live",
              starts_at="2026-03-01T20:10:00.000Z", **SHOW),
        event("notification", "2026-03-01T20:00:00.000Z", 10, user_id="u2", creator_id="c1", enabled=True),
        event("notification", "2026-03-01T20:00:00.000Z", 11, user_id="u2", creator_id="c1", enabled=False),
        event("session", "2026-03-01T20:00:00.000Z", 12, **session("u1", "many", ["pop"])),
        event("session", "2026-03-01T22:00:00.001Z", 13, **session("u1", 7, ["pop"])),
        event("session", "2026-01-29T20:00:00.000Z", 14, **session("u1", 7, ["pop"])),
        '{"event_id":"e15","event_ty',
        event("like", "yesterday", 16, user_id="u1", topics=["rock"], **SHOW),
        event("like", "2026-03-01T20:00:00.000Z", 17, user_id="u1", topics=["rock"], show_id="s1"),
        event("dance", "2026-03-01T20:00:00.000Z", 18, user_id="u1"),
    ],
    "2026/03/02/00": [
        # Late, but for the last day of the window; the other is at its end, and not in it.
        event("chat_message", "2026-03-01T23:59:59.999Z", 19, user_id="u2", characters=3, **SHOW),
        event("session", "2026-03-02T00:00:00.000Z", 20, **session("u2", 600, ["pop"])),
    ],
}  # fmt: skip


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    folder = tmp_path_factory.mktemp("events")
    for hour, lines in LINES.items():
        path = folder / hour / "amp-events-1.gz"
        path.parent.mkdir(parents=True)
        path.write_bytes(gzip.compress("".join(f"{line}\n" for line in lines).encode()))
    return reference.features(folder, DAY)


def test_users(found):
    assert found["user"] == {
        # u1: sessions 4 and 8, (240 + 900) / 60 = 19 minutes, only 900 > 300; both likes are of one show.
        "u1": {
            "listening_minutes": 19.0,
            "sessions": 2,
            "long_sessions": 1,
            "shows_liked": 1,
            "creators_followed": 1,
            "notifications_enabled": 0,
            "active_days": 2,
        },
        # u2 has no profile; active on February 15 and March 1. e11 is after e10, by its id.
        "u2": {
            "listening_minutes": 0.0,
            "sessions": 0,
            "long_sessions": 0,
            "shows_liked": 0,
            "creators_followed": 1,
            "notifications_enabled": 0,
            "active_days": 2,
        },
    }


def test_creators(found):
    # Recent are the days from February 16 on: only session 8. (240 + 900) / 60 / 2 = 9.5 minutes each.
    assert found["creator"] == {
        "c1": {
            "recent_plays": 1,
            "distinct_listeners": 1,
            "mean_listening_minutes": 9.5,
            "likes": 1,
            "followers": 2,
            "shows_hosted": 1,
        }
    }


def test_shows(found):
    # 240 of 600 seconds are 0.4, 900 of 600 count as 1: (0.4 + 1) / 2.
    assert found["show"] == {"s1": {"listens": 2, "likes": 1, "mean_completion": pytest.approx(0.7)}}


def test_users_and_topics(found):
    # pop: 1/2 * 120 + 900 = 960; rock: 1/2 * 120 = 60; together 1020.
    assert found["user_topic"] == {
        "u1:pop": {"affinity": pytest.approx(960 / 1020), "likes": 0, "declared": 1},
        "u1:rock": {"affinity": pytest.approx(60 / 1020), "likes": 1, "declared": 0},
        "u1:jazz": {"affinity": 0.0, "likes": 0, "declared": 1},
    }


def test_users_and_creators(found):
    # 1/2 * 240 / 60 + 900 / 60 = 2 + 15.
    assert found["user_creator"] == {"u1:c1": {"affinity": 17.0, "long_sessions": 1}}


def test_what_has_no_sessions_has_no_mean(tmp_path):
    path = tmp_path / "2026/03/01/20/one.gz"
    path.parent.mkdir(parents=True)
    like = event("like", "2026-03-01T20:00:00.000Z", 1, user_id="u1", topics=[], **SHOW)
    path.write_bytes(gzip.compress(like.encode()))
    found = reference.features(tmp_path, DAY)
    assert found["creator"]["c1"]["mean_listening_minutes"] is None
    assert found["show"]["s1"]["mean_completion"] is None
    assert found["user_topic"] == {}
