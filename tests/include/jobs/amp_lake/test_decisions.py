"""What needs no Spark: which objects are new, which columns a table has, what has not come."""

import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest

import absences
import arrived_objects
from arrived_objects import Arrivals, moved_on
from bookmark import Bookmark
from event_types import event_types
from gone_columns import Tally, gone_columns
from include.bundles import JOBS
from lake_columns import Shape, column_type, fields_of, merged
from objects import Found, Location

EVENTS = Location("raw", "main/amp/events")
NOW = datetime(2026, 3, 5, tzinfo=UTC)


def arrived(*names):
    found = tuple(Found(EVENTS.child(f"{name}-a.gz"), 1) for name in names)
    return Arrivals(found, ignored=0, more=False)


def test_hours_are_closed_by_what_arrived_later():
    marked = moved_on(
        Bookmark(), EVENTS, arrived("2026/03/01/23/x", "2026/03/02/01/x", "2026/03/02/02/x"), NOW
    )
    assert (marked.closed, marked.first, marked.newest) == ("2026/03/01/23", "2026/03/01/23", "2026/03/02/02")
    assert marked.done == {"2026/03/02/01/x-a.gz", "2026/03/02/02/x-a.gz"}


def test_an_hour_to_come_closes_nothing():
    before = Bookmark(closed="2026/03/01/10", newest="2026/03/01/13", first="2026/03/01/10")
    marked = moved_on(before, EVENTS, arrived("2099/01/01/00/x"), NOW)
    assert marked == replace(before, done=frozenset({"2099/01/01/00/x-a.gz"}))


def test_the_bookmark_never_goes_back():
    before = Bookmark(closed="2026/03/02/10", newest="2026/03/02/13", first="2026/03/01/10")
    assert moved_on(before, EVENTS, arrived("2026/02/01/00/x"), NOW).closed == before.closed


@pytest.mark.parametrize(
    ("key", "hour"),
    [
        ("2026/03/01/10/amp-events-1-a.gz", "2026/03/01/10"),
        ("2026/03/01/10/deeper/a.gz", None),
        ("2026/03/01/10/a.json", None),
        ("processing-failed/2026/03/01/10/a.gz", None),
    ],
)
def test_only_what_firehose_names_is_taken(key, hour):
    assert arrived_objects.hour_of(key) == hour


def like(lines=1, **types):
    fields = ", ".join(f"{name}: {of}" for name, of in {"event_id": "STRING", **types}.items())
    return Shape("like", f"OBJECT<{fields}>", lines)


@pytest.mark.parametrize(
    ("json_type", "column"),
    [
        ("BIGINT", "bigint"),
        ("DECIMAL(20,0)", "double"),
        ("DECIMAL(4,2)", "double"),
        ("DOUBLE", "double"),
        ("BOOLEAN", "boolean"),
        ("STRING", "string"),
        ("ARRAY<STRING>", "array<string>"),
        ("ARRAY<OBJECT<a: BIGINT>>", "string"),
        ("OBJECT<a: BIGINT>", "string"),
    ],
)
def test_types_of_new_columns(json_type, column):
    assert column_type(json_type) == column
    assert merged({}, [like(level=json_type)]).tables == {"like": {"level": column}}


def test_fields_are_told_apart_whatever_is_nested_in_them():
    types = "OBJECT<a: DECIMAL(3,1), b: OBJECT<c: ARRAY<STRING>, d: VOID>, e: BOOLEAN>"
    assert list(fields_of(types)) == [
        ("a", "DECIMAL(3,1)"),
        ("b", "OBJECT<c: ARRAY<STRING>, d: VOID>"),
        ("e", "BOOLEAN"),
    ]


def test_null_makes_no_column_and_fits_each():
    columns = merged({"like": {"level": "bigint"}}, [like(level="VOID", other="VOID")])
    assert (columns.tables, columns.refused) == ({"like": {"level": "bigint"}}, {})


def test_integers_are_widened_to_numbers_but_a_column_never_changes():
    both = merged({}, [like(9, level="BIGINT"), like(1, level="DECIMAL(2,1)")])
    assert (both.tables, both.refused) == ({"like": {"level": "double"}}, {})
    later = merged(both.tables, [like(level="BIGINT")])
    assert (later.tables, later.refused) == (both.tables, {})
    wrong = like(level="DOUBLE")
    assert merged({"like": {"level": "bigint"}}, [wrong]).refused == {
        wrong: "type conflict: level is double, the lake has bigint"
    }


def test_of_two_types_the_one_of_more_lines_is_taken():
    many, few = like(9, level="STRING"), like(1, level="BIGINT")
    columns = merged({}, [few, many])
    assert columns.tables == {"like": {"level": "string"}}
    assert columns.refused == {few: "type conflict: level is bigint, the lake has string"}


def test_a_table_has_so_many_columns_and_no_more():
    shapes = [like(**{f"field_{number:03}": "BIGINT"}) for number in range(201)]
    columns = merged({}, shapes)
    assert len(columns.tables["like"]) + len(event_types()["like"]) == 200
    assert len(columns.refused) == 201 - len(columns.tables["like"])
    assert all(reason.startswith("too many columns: like has 200") for reason in columns.refused.values())


def tallies(hour, lines, lacking=0, table="like"):
    return [Tally(table, hour, None, lines - lacking), Tally(table, hour, "show_id", lacking)]


def test_a_column_is_gone_since_the_first_hour_of_the_last_ones_that_lack_it():
    found = [*tallies("01", 9, 9), *tallies("02", 50, 1), *tallies("03", 9, 9), *tallies("04", 9, 8)]
    assert gone_columns(found, {}) == {"like.show_id": "03"}
    assert gone_columns(tallies("05", 9, 9), {}) == {}, "nine lines say nothing"
    assert gone_columns(tallies("05", 90, 89), {"like.show_id": "03"}) == {"like.show_id": "03"}
    assert gone_columns(tallies("06", 90, 1), {"like.show_id": "03"}) == {}
    assert gone_columns(tallies("06", 90, 1, "follow"), {"like.show_id": "03"}) == {"like.show_id": "03"}


def sentences(rows, accepted=()):
    entries = absences.day_entries({"like": rows}, "2026-03-01", accepted)
    return [entry["sentence"] for entry in entries if not entry["success"]]


def test_a_missing_day_is_named_even_if_something_came_late_for_it():
    rows = {f"2026-03-0{day}": 100 for day in range(1, 7)}
    assert sentences(rows) == []
    assert sentences({**rows, "2026-02-20": 1}) == [], "before the first arrival nothing is expected"
    [late] = sentences({**rows, "2026-03-04": 2})
    assert late.startswith("like: 2026-03-04 is missing: it has 2 rows, usual are 100")
    without = {day: count for day, count in rows.items() if day != "2026-03-03"}
    assert [sentence[:30] for sentence in sentences(without)] == ["like: 2026-03-03 is missing: i"]
    assert sentences(without, ["2026-03-03"]) == []
    assert sentences({**rows, "2026-03-06": 1}) == [], "the last day may still be going on"


def test_a_table_of_few_rows_may_have_days_without_any():
    assert sentences({"2026-03-01": 9, "2026-03-04": 9}) == []


def test_the_contract_has_types_that_lines_can_be_checked_for():
    contract = json.loads((JOBS / "amp" / "events.json").read_text())
    assert set(contract.pop("*")) == {"event_id", "event_type", "event_time", "version"}
    assert len(contract) == 11
    types = {of for fields in event_types().values() for of in fields.values()}
    assert types == {"string", "timestamp", "bigint", "boolean", "array<string>"}
