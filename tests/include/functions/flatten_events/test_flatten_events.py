"""Nested records become lines of the lake; what does not stays as it was and is marked."""

import base64
import json
from pathlib import Path

import pytest

from bench.amp_serving_rig.modules import INCLUDE, load

RECORD = {
    "event_id": "1",
    "event_time": "2026-11-22T10:00:00.000Z",
    "show": {
        "id": "s1",
        "title": "Späte Nacht",
        "status": "live",
        "topics": ["pop"],
        "creator": {"id": "c1"},
        "schedule": {"starts_at": "2026-11-22T10:00:00.000Z", "minutes": 45},
    },
}
CONTRACT = INCLUDE / "jobs" / "amp" / "events.json"


@pytest.fixture(scope="module")
def function():
    return load(INCLUDE / "functions" / "flatten_events")


def handled(function, *records):
    entries = [
        {"recordId": str(number), "data": base64.b64encode(data).decode()}
        for number, data in enumerate(records)
    ]
    return function.handler.handler({"records": entries}, None)["records"]


def test_a_record_becomes_one_line_with_the_fields_of_the_contract(function):
    [made] = handled(function, json.dumps(RECORD).encode())
    assert (made["recordId"], made["result"]) == ("0", "Ok")
    text = base64.b64decode(made["data"]).decode()
    assert text.endswith("\n")
    assert text.count("\n") == 1
    line = json.loads(text)
    contract = json.loads(Path(CONTRACT).read_text())
    assert line.keys() == (contract["*"] | contract["show"]).keys()
    assert (line["event_type"], line["title"], line["creator_id"], line["minutes"]) == (
        "show",
        "Späte Nacht",
        "c1",
        45,
    )


def without(*path):
    record = json.loads(json.dumps(RECORD))
    inner = record
    for name in path[:-1]:
        inner = inner[name]
    del inner[path[-1]]
    return json.dumps(record).encode()


@pytest.mark.parametrize(
    "data",
    [
        b"{",
        b"\xff",
        b"[" * 100_000,
        b"[]",
        json.dumps(RECORD | {"show": RECORD["show"] | {"title": "\ud800"}}).encode(),
        without("event_id"),
        without("show"),
        without("show", "creator", "id"),
        without("show", "schedule"),
        json.dumps(RECORD | {"event_time": 5}).encode(),
        json.dumps(RECORD | {"show": RECORD["show"] | {"topics": [1]}}).encode(),
        json.dumps(
            RECORD | {"show": RECORD["show"] | {"schedule": {"starts_at": "x", "minutes": True}}}
        ).encode(),
    ],
)
def test_what_is_no_event_is_kept_as_it_was_and_takes_nothing_from_the_others(function, data):
    bad, good = handled(function, data, json.dumps(RECORD).encode())
    assert (bad["result"], good["result"]) == ("ProcessingFailed", "Ok")
    assert base64.b64decode(bad["data"]) == data
