"""Each event once, in the day that it happened, whatever arrives how often and whenever a run is killed."""

import json

import pytest

from tests.include.jobs.amp_lake.conftest import CURATED, LIVE, Lake, event, without

DAY, NEXT = "2026-03-01", "2026-03-02"


def likes(count: int, time: str = f"{DAY}T10:00:00", first: int = 0) -> list[dict]:
    return [event("like", time, number) for number in range(first, first + count)]


def test_events_become_sorted_rows_of_their_table_and_day(lake):
    rows = [*likes(3), event("session", f"{DAY}T10:20:00", seconds=0), event("like", f"{NEXT}T00:10:00")]
    lake.arrive(f"{DAY}T10", *rows[:3], rows[3])
    lake.arrive(f"{NEXT}T00", rows[4])
    metrics = lake.build()
    assert sorted(lake.objects()) == [
        f"like/day={DAY}/part-00000-of-00001.parquet",
        f"like/day={NEXT}/part-00000-of-00001.parquet",
        f"session/day={DAY}/part-00000-of-00001.parquet",
    ]
    found = lake.rows("like", DAY)
    assert [row["event_id"] for row in found] == sorted(row["event_id"] for row in rows[:3])
    [session] = lake.rows("session")
    assert session == {
        **rows[3],
        "event_time": f"{DAY}T10:20:00+00:00",
        "started_at": f"{DAY}T10:00:00+00:00",
    }
    assert (metrics["objects"], metrics["lines"], metrics["events"]) == (2, 5, 5)
    assert (metrics["tables"], metrics["partitions_rewritten"], metrics["files_published"]) == (2, 3, 3)
    assert metrics["bytes"] > 0
    assert lake.s3.list_objects_v2(Bucket=CURATED, Prefix=f"_staging/{lake.name}")["KeyCount"] == 0


@pytest.mark.slow
def test_nothing_new_changes_nothing(lake):
    lake.arrive(f"{DAY}T10", *likes(2))
    lake.build()
    before = lake.objects(), lake.objects(LIVE, "")
    assert lake.build()["objects"] == 0
    assert (lake.objects(), lake.objects(LIVE, "")) == before


def test_repeats_and_a_day_that_arrives_twice_are_no_rows(lake):
    rows = likes(4)
    lake.arrive(f"{DAY}T10", *rows, rows[0], rows[3])
    assert lake.build()["duplicates"] == 2
    before = lake.objects()
    lake.arrive(f"{DAY}T11", *rows)
    metrics = lake.build()
    assert (metrics["events"], metrics["duplicates"], metrics["files_published"]) == (0, 4, 0)
    assert lake.objects() == before
    lake.build("--again")
    assert lake.objects() == before


@pytest.mark.slow
def test_late_events_go_to_their_own_day_and_touch_no_other_object(lake):
    lake.arrive(f"{DAY}T10", *likes(3), event("follow", f"{DAY}T10:01:00"))
    lake.arrive(f"{NEXT}T10", *likes(3, f"{NEXT}T10:00:00"))
    lake.build()
    before = lake.objects()
    lake.arrive(f"{NEXT}T11", *likes(1, first=7))
    assert lake.build()["late"] == 1
    after = lake.objects()
    assert [key for key in after if after[key] != before[key]] == [
        f"like/day={DAY}/part-00000-of-00001.parquet"
    ]
    assert len(lake.rows("like", DAY)) == 4


REJECTS = {
    '{"event_id": "a", "event_ty': "not JSON",
    "": "not JSON",
    "[1]": "not JSON",
    json.dumps(event("like", f"{DAY}T10:00:00")) * 2: "not JSON",
    json.dumps(without(event("like", f"{DAY}T10:00:01"), "event_type")): "field missing: event_type",
    json.dumps(event("like", f"{DAY}T10:00:02") | {"event_type": "wave"}): "event_type unknown: wave",
    json.dumps(without(event("like", f"{DAY}T10:00:03"), "show_id")): "field missing: show_id",
    json.dumps(event("like", f"{DAY}T10:00:04", user_id=None)): "field missing: user_id",
    json.dumps(event("like", f"{DAY}T10:00:05", user_id=5)): "wrong type: user_id is BIGINT, not string",
    json.dumps(event("session", f"{DAY}T10:00:06", seconds="5")): "wrong type: seconds is STRING, not bigint",
    json.dumps(event("session", f"{DAY}T10:00:07", started_at="now")): "wrong type: started_at is no time",
    json.dumps(event("like", f"{DAY}T25:00:00")): "event_time unreadable",
    json.dumps(event("like", f"{DAY}T12:00:01")): "clock",
    json.dumps(event("like", "2026-01-29T10:00:00")): "too late",
    json.dumps(
        event("like", f"{DAY}T10:00:08", **{"The Level": 1})
    ): "field name: The Level cannot be a column",
}


def test_what_is_no_event_is_kept_with_its_place_and_reason(lake):
    good = [event("like", f"{DAY}T12:00:00"), event("like", "2026-01-30T10:00:00")]
    key = lake.arrive(f"{DAY}T10", good[0], *REJECTS, good[1])
    metrics = lake.build()
    found = sorted(lake.rows("rejected"), key=lambda row: row["line"])
    assert [(row["line"], row["raw"], row["reason"]) for row in found] == [
        (number, raw, reason) for number, (raw, reason) in enumerate(REJECTS.items(), start=2)
    ]
    assert {row["object"] for row in found} == {f"s3://raw/{key}"}
    assert len({row["event_id"] for row in found}) == len(REJECTS)
    assert found[5]["event_type"] == "wave"
    assert (metrics["events"], metrics["rejected"], metrics["lines"]) == (2, 15, 17)
    rules = {name.removeprefix("rejected_"): count for name, count in metrics.items() if "rejected_" in name}
    assert rules.pop("fraction") == 15 / 17
    assert sum(rules.values()) == 15
    assert (rules["clock"], rules["too_late"], rules["not_json"]) == (1, 1, 4)
    before = lake.objects()
    lake.build("--again")
    assert lake.objects() == before


def test_unknown_fields_become_columns_and_other_types_are_rejected(lake):
    lake.arrive(f"{DAY}T10", *likes(2))
    lake.build()
    lake.arrive(
        f"{NEXT}T10", event("like", f"{NEXT}T10:00:00", level=3, place={"x": 1}, tags=["a"], none=None)
    )
    assert lake.build()["new_columns"] == 3
    [row] = lake.rows("like", NEXT)
    assert (row["level"], row["place"], row["tags"]) == (3, '{"x":1}', ["a"])
    assert "level" not in lake.rows("like", DAY)[0]
    lake.arrive(
        f"{NEXT}T11",
        event("like", f"{NEXT}T11:00:00", level="high"),
        event("like", f"{DAY}T11:00:00", level=4, weight=1),
        event("like", f"{DAY}T11:01:00", weight=1.5),
    )
    metrics = lake.build()
    assert (metrics["new_columns"], metrics["rejected_type_conflict"], metrics["events"]) == (1, 1, 2)
    assert lake.reasons() == {"type conflict: level is string, the lake has bigint": 1}
    assert [(row["level"], row["weight"]) for row in lake.rows("like", DAY)] == [
        (None, None),
        (None, None),
        (4, 1.0),
        (None, 1.5),
    ]


WHERE = {
    "before anything is written": ("staged_lines", "read_lines", 0),
    "when the lines are staged": ("build_lake", "merged", 0),
    "when a table is staged": ("build_lake", "merge", 1),
    "before a file is published": ("publish", "copy", 0),
    "between two files": ("publish", "copy", 2),
    "when all are published": ("build_lake", "delete_below", 1),
    "before the bookmark": ("build_lake", "write_bookmark", 0),
}


def mixed(lake) -> None:
    lake.arrive(
        f"{DAY}T10",
        *likes(3),
        "broken",
        event("session", f"{DAY}T10:20:00"),
        event("follow", f"{DAY}T10:01:00"),
    )
    lake.arrive(
        f"{NEXT}T10", *likes(3, f"{NEXT}T10:00:00"), *likes(4), event("like", f"{NEXT}T10:01:00", level=1)
    )


@pytest.fixture(scope="module")
def expected(aws, steps, tmp_path_factory):
    whole = Lake("whole", aws[0], steps, tmp_path_factory.mktemp("whole"))
    mixed(whole)
    whole.build()
    return without_object(whole.content())


def without_object(content):
    """The place of a rejected line has the lake's own name in it."""
    rejected = [without(row, "object", "event_id") for row in content["rejected"]]
    return {**content, "rejected": rejected}


QUICK = ("when a table is staged",)


@pytest.mark.parametrize(
    "where", [name if name in QUICK else pytest.param(name, marks=pytest.mark.slow) for name in WHERE]
)
def test_a_run_that_is_broken_off_is_made_up_for(lake, expected, where):
    mixed(lake)
    module, name, after = WHERE[where]
    lake.build(code=137, stop={"module": module, "name": name, "after": after})
    published = lake.objects()
    metrics = lake.build()
    assert metrics["lines"] == 14
    assert without_object(lake.content()) == expected
    assert {key: lake.objects()[key] for key in published} == published


@pytest.mark.slow
def test_a_process_that_is_killed_leaves_whole_files_only(lake, steps, expected):
    mixed(lake)
    other = steps.other()
    lake.build(code=9, steps=other, kill=True, stop={"module": "publish", "name": "copy", "after": 2})
    other.end()
    published = lake.objects()
    assert 0 < len(published) < 5
    assert sum(len(rows) for rows in lake.content().values()) > 0
    lake.build()
    assert without_object(lake.content()) == expected
    assert {key: lake.objects()[key] for key in published} == published


@pytest.mark.slow
def test_a_file_that_somebody_else_writes_meanwhile_is_not_overwritten(lake):
    lake.arrive(f"{DAY}T10", *likes(2))
    lake.build()
    lake.arrive(f"{DAY}T11", *likes(1, first=5))
    [key] = lake.objects()
    meanwhile = {"module": "build_lake", "name": "moves", "after": 0}
    lake.build(code=1, stop={**meanwhile, "overwrite": [CURATED, f"{lake.name}/amp/{key}"]})
    assert "has been written by another job while this one ran" in lake.message()
    found = lake.s3.get_object(Bucket=CURATED, Key=f"{lake.name}/amp/{key}")["Body"].read()
    assert found == b"of another job"


@pytest.mark.slow
def test_days_out_of_retention_go_as_a_whole(lake):
    lake.arrive(f"{DAY}T10", *likes(2), "broken", event("follow", f"{DAY}T10:01:00"))
    lake.build()
    lake.arrive("2026-04-02T10", *likes(1, "2026-04-02T10:00:00"))
    metrics = lake.build("--retention-days", "31")
    assert metrics["partitions_retired"] == 3
    assert sorted(lake.objects()) == ["like/day=2026-04-02/part-00000-of-00001.parquet"]


@pytest.mark.slow
def test_a_run_takes_at_most_so_many_objects_and_says_that_there_are_more(lake):
    for hour in range(10, 20):
        lake.arrive(f"{DAY}T{hour}", *likes(1, f"{DAY}T{hour}:00:00"))
    first, second = lake.build("--max-objects", "4"), lake.build("--max-objects", "6")
    assert (first["objects"], first["more_objects"]) == (4, 1)
    assert (second["objects"], second["more_objects"]) == (6, 0)
    assert len(lake.rows("like")) == 10
    bookmark = json.loads(lake.s3.get_object(Bucket=LIVE, Key=f"{lake.name}/bookmark.json")["Body"].read())
    assert bookmark["closed"] == "2026/03/01/16"
    assert len(bookmark["done"]) == 3


@pytest.mark.slow
def test_damaged_gzip_is_named(lake):
    key = lake.arrive(f"{DAY}T10", *likes(2000))
    whole = lake.s3.get_object(Bucket="raw", Key=key)["Body"].read()
    lake.s3.put_object(Bucket="raw", Key=key, Body=whole[:-200])
    lake.build(code=1)
    assert key.rpartition("/")[2] in lake.message()
