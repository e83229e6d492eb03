"""Any events, in any order, however often: the counters are those of all distinct events at once."""

import json
import os
import random
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from redis.crc import key_slot
from redis.exceptions import ConnectionError as RedisConnectionError

from bench.amp_serving_rig.modules import FLATTENING, FUNCTION
from tests.include.functions.pit_features.conftest import event, failures
from tests.include.functions.pit_features.reference import KINDS, ZERO, counters
from tests.redis_servers import running

SHOWS = {"show-0": "creator-0", "show-1": "creator-0", "show {2}": "creator }{"}
USERS = ("user-0", "user-1")
EVERYBODY = [("user", each) for each in USERS]
EVERYBODY += [("show", each) for each in SHOWS] + [("creator", each) for each in {*SHOWS.values()}]


NOW = datetime.now(UTC).replace(microsecond=0)


MOMENTS = st.one_of(
    st.integers(0, 24 * 3600),
    # Many at a midnight and many within five minutes of each other.
    st.integers(0, 600),
).map(lambda seconds: NOW - timedelta(seconds=seconds))


@st.composite
def one(draw, number):
    show = draw(st.sampled_from(sorted(SHOWS)))
    fields = {"user_id": draw(st.sampled_from(USERS)), "show_id": show, "creator_id": SHOWS[show]}
    kind = draw(st.sampled_from(["like", "session_started", "session_ended", "session"]))
    if kind.startswith("session_"):
        fields["session_id"] = draw(st.sampled_from(["session-0", "session-1", "event-2"]))
    if kind == "session":
        fields["seconds"] = draw(st.sampled_from([0, 299, 300, 301, 7200]))
    return event(kind, number, draw(MOMENTS), **fields)


@st.composite
def deliveries(draw):
    """Distinct events; and batches in which each comes at least once, some several times."""
    events = [draw(one(number)) for number in range(draw(st.integers(1, 12)))]
    more = draw(st.lists(st.sampled_from(events), max_size=6))
    order = draw(st.permutations(events + more))
    size = draw(st.integers(1, 10))
    return events, [order[at : at + size] for at in range(0, len(order), size)]


def read(function, client, since):
    user_counts = {}
    for user in USERS:
        found = function.reading.read(client, user, [*SHOWS], [*dict.fromkeys(SHOWS.values())], since=since)
        user_counts["user", user] = found.user
    return (
        user_counts
        | {("show", name): counts for name, counts in found.shows.items()}
        | {("creator", name): counts for name, counts in found.creators.items()}
    )


def expect(function, client, events):
    for back in range(4):
        since = NOW.date() - timedelta(days=back)
        expected = counters(events, since)
        found = read(function, client, since)
        assert {each: tuple(found[each]) for each in EVERYBODY} == {
            each: expected.get(each, ZERO) for each in EVERYBODY
        }


@settings(
    max_examples=30,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(deliveries())
def test_any_order_and_repetition_gives_the_counters_of_the_distinct_events(function, client, delivery):
    events, batches = delivery
    client.flushall()
    for batch in batches:
        assert failures(function, *batch) == []
    expect(function, client, events)


PROCESS = """
import json, sys
from handler import handler
for line in sys.stdin:
    assert handler(json.loads(line), None) == {"batchItemFailures": []}
"""


def test_processes_that_handle_the_same_events_at_a_time_count_each_once(function, client, url):
    draw = random.Random(7)
    events = []
    for number in range(300):
        show = draw.choice(sorted(SHOWS))
        fields = {"user_id": draw.choice(USERS), "show_id": show, "creator_id": SHOWS[show]}
        fields["session_id"] = f"session-{draw.randrange(100)}"
        kind = draw.choice(["like", "session_started", "session_ended"])
        events.append(event(kind, number, NOW - timedelta(seconds=draw.randrange(900)), **fields))
    processes = []
    for _ in range(3):
        order = draw.sample(events, len(events))
        batches = [order[at : at + 10] for at in range(0, len(order), 10)]
        lines = [
            json.dumps(
                {
                    "Records": [
                        {"messageId": e["event_id"], "eventSource": "aws:sqs", "body": json.dumps(e)}
                        for e in batch
                    ]
                }
            )
            for batch in batches
        ]
        process = subprocess.Popen(
            [sys.executable, "-c", PROCESS],
            env=os.environ
            | {"PYTHONPATH": os.pathsep.join(map(str, (FUNCTION, FLATTENING))), "MILLRACE_REDIS_URL": url},
            stdin=subprocess.PIPE,
            text=True,
        )
        process.stdin.write("\n".join(lines))
        processes.append(process)
    for process in processes:
        process.stdin.close()
    assert [process.wait(120) for process in processes] == [0, 0, 0]
    expect(function, client, events)


def test_a_server_that_forgot_the_script_is_given_it_again(handle, function, client):
    events = [event("like", 1, NOW), event("like", 2, NOW, user_id="v")]
    assert handle(events[0]) == []
    client.script_flush()
    assert handle(events[1]) == []
    assert function.reading.read(client, "u", ["s"], since=NOW.date()).shows["s"].likes == 2


def test_what_was_counted_for_some_is_counted_for_the_rest_when_it_comes_again(handle, function, client):
    like, other = event("like", 1, NOW), event("like", 2, NOW, show_id="t")
    in_the_way = function.keys.counters("show", "s")
    client.lpush(in_the_way, "no text")
    assert handle(like, other) == [0]
    client.delete(in_the_way)
    assert handle(like) == []
    found = function.reading.read(client, "u", ["s", "t"], ["c"], since=NOW.date())
    assert (found.user.likes, found.shows["s"].likes, found.shows["t"].likes) == (2, 1, 1)
    assert found.creators["c"].likes == 2


def test_everything_expires(handle, function, client):
    yesterday = NOW - timedelta(days=1)
    assert handle(event("like", 1, NOW), event("session_started", 2, yesterday, session_id="1")) == []
    today = function.events.days(NOW)
    kept = {
        function.keys.counters("user", "u"): today + 1 + function.keys.COUNTED_DAYS,
        function.keys.seen("user", "u", today): today + 1 + function.keys.SEEN_DAYS,
        function.keys.seen("user", "u", today - 1): today + function.keys.SEEN_DAYS,
    }
    for key, day in kept.items():
        before = time.time()
        left = client.ttl(key)
        assert before + left - 1 <= day * 86_400 <= time.time() + left + 1
    names = list(client.scan_iter())
    assert len(names) == 3 * 3
    assert all(client.ttl(name) > 0 for name in names)


def test_days_that_nobody_asks_for_any_more_are_forgotten_at_the_next_event(function, client):
    start = NOW - timedelta(days=20)
    for days_later in (0, 5, 20):
        moment = start + timedelta(days=days_later)
        seen = function.observations.observation(event("session", days_later, moment, seconds=10), moment)
        client.persist(function.keys.counters("show", "s"))
        assert function.counting.count(client, [seen], moment) == [None]
    text = client.get(function.keys.counters("show", "s"))
    assert text.decode() == f"{function.events.days(NOW)},0,1,0,10000"


def test_the_keys_of_a_call_are_in_one_slot(function):
    slots = set()
    for number in range(500):
        for kind in KINDS:
            identity = f"{{{number}}}é"
            _, count, *rest = function.counting.call((kind, identity), [], 20_000)
            [slot] = {key_slot(key.encode()) for key in rest[:count]}
            slots.add(slot)
    assert len(slots) == function.keys.PARTITIONS


def test_without_redis_the_batch_fails_and_is_counted_when_it_comes_again(
    function, wheel, tmp_path, monkeypatch
):
    like = event("like", 1, NOW)
    function.handler._client.cache_clear()
    with running(wheel, tmp_path / "redis", "--appendonly", "yes", "--appendfsync", "always") as url:
        monkeypatch.setenv("MILLRACE_REDIS_URL", url)
        assert failures(function, like) == []
    with pytest.raises(RedisConnectionError):
        failures(function, like)
    function.handler._client.cache_clear()
