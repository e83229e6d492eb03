"""Candidates, labels and features of the training set, against a reference in plain Python."""

import json
import re
from collections import defaultdict
from datetime import datetime, timedelta

import pytest

from tests.include.jobs.amp_train.conftest import in_spark_image
from tests.include.jobs.amp_train.make_world_facts import CREATORS_ON_AIR, GROUPS, topics_of

PLANTED = "Feature group user: a version of u0000004 says that it is of"
DAYS = ["train/2026-03-01", "train/2026-03-02", "train/2026-03-03", "test/2026-03-04", "test/2026-03-05"]


def moment(text):
    return datetime.fromisoformat(str(text))


def flat(tables):
    return [row for rows in tables.values() for row in rows]


@pytest.fixture(scope="module")
def heard(amp_world):
    """Seconds by hour, user and show."""
    found = defaultdict(int)
    for session in json.loads((amp_world / "heard.json").read_text()):
        start = moment(session["started_at"])
        hour = start.replace(minute=0, second=0)
        found[hour, session["user_id"], session["show_id"]] += session["seconds"]
    return found


@pytest.fixture(scope="module")
def versions(amp_world):
    """Records by group and key."""
    found = defaultdict(list)
    for group, record in json.loads((amp_world / "versions.json").read_text()):
        key = next(iter(record.values()))
        found[group, key].append(record)
    return found


def known(versions, group, key, at):
    """The features of the newest version at a time, the newest writing of it; None where there is none."""
    before = [each for each in versions[group, key] if moment(each["event_time"]) <= at]
    if not before:
        return None, None
    newest = max(before, key=lambda each: (moment(each["event_time"]), moment(each["write_time"])))
    values = [None if newest["is_deleted"] else newest[name] for name in GROUPS[group]]
    return values, moment(newest["event_time"])


def expected(versions, row, topics):
    """All 21 features of a row."""
    at, user, creator = moment(row["hour"]), row["user_id"], row["creator_id"]
    keys = {"user": user, "creator": creator, "show": row["show_id"], "user_creator": f"{user}:{creator}"}
    found = {group: known(versions, group, key, at)[0] for group, key in keys.items()}
    pairs = [known(versions, "user_topic", f"{user}:{topic}", at)[0] for topic in topics[creator]]
    columns = zip(*[pair for pair in pairs if pair], strict=True)
    summed = [[value for value in column if value is not None] for column in columns]
    found["user_topic"] = [sum(column) if column else None for column in summed] or None
    return {
        f"{group}_{name}": value
        for group, names in GROUPS.items()
        for name, value in zip(names, found[group] or [None] * len(names), strict=True)
    }


def test_each_day_has_a_file_and_the_last_ones_are_held_out(rows):
    assert sorted(rows) == sorted(f"{day}.parquet" for day in DAYS)


def test_every_feature_of_every_row_is_what_was_known_at_its_hour(rows, versions, amp_world):
    topics = topics_of(amp_world)
    for row in flat(rows):
        for name, value in expected(versions, row, topics).items():
            assert row[name] == (pytest.approx(value, rel=1e-6) if value is not None else None), (name, row)


def test_the_world_has_the_cases_that_matter(rows):
    """Else the test above would not see them."""
    times = {
        (moment(row["hour"]) - moment(row["user_event_time"])) // timedelta(hours=1) for row in flat(rows)
    }
    assert {0, 18} <= times, "of the hour itself, of the day's beginning"
    assert any(hours > 24 for hours in times), "of the day before"
    assert any(row["show_listens"] is None for row in flat(rows))
    assert any(row["user_listening_minutes"] == 77.0 for row in flat(rows)), "written again"
    assert any(row["user_sessions"] is None for row in flat(rows)), "deleted"


def test_a_query_is_a_user_and_an_hour_in_which_they_listened(rows, heard):
    queries = {(moment(row["hour"]), row["user_id"]) for row in flat(rows)}
    assert queries == {(hour, user) for hour, user, _ in heard}


def test_a_show_is_positive_if_it_was_listened_to_for_more_than_five_minutes(rows, heard):
    for row in flat(rows):
        seconds = heard.get((moment(row["hour"]), row["user_id"], row["show_id"]), 0)
        assert row["label"] == (seconds > 300), row
    wanted = {key for key, seconds in heard.items() if seconds > 300}
    positive = {(moment(row["hour"]), row["user_id"], row["show_id"]) for row in flat(rows) if row["label"]}
    assert positive == wanted, "sampling drops none"


def test_a_session_over_midnight_belongs_to_the_day_on_which_it_began(rows):
    late = [row for row in rows["train/2026-03-01.parquet"] if moment(row["hour"]).hour == 23]
    assert [row["label"] for row in late] == [1]


def test_candidates_are_what_was_on_the_air(all_rows):
    by_query = defaultdict(set)
    for row in flat(all_rows):
        if moment(row["hour"]).hour != 23:
            by_query[row["hour"], row["user_id"]].add(row["creator_id"])
    assert {frozenset(each) for each in by_query.values()} == {frozenset(CREATORS_ON_AIR)}


def test_at_most_so_many_are_candidates(rows, all_rows):
    counts = defaultdict(int)
    for row in flat(rows):
        counts[row["hour"], row["user_id"]] += 1
    assert set(counts.values()) == {1, 8}, "one show was on the air at midnight"
    drawn = {row["creator_id"] for row in flat(rows)}
    assert drawn == {row["creator_id"] for row in flat(all_rows)}, "other shows for other users"


def test_the_same_inputs_and_seed_give_the_same_bytes_from_s3_too(built):
    good, remote, other = (
        {path.name: path.read_bytes() for path in built[name].output.rglob("*.parquet")}
        for name in ("good", "from s3", "another seed")
    )
    assert good == remote
    assert all(good[name] != content for name, content in other.items())


def test_queries_are_sampled_whole(built):
    metrics = built["few queries"].json("metrics/metrics.json")
    assert (metrics["train_queries"], metrics["test_queries"]) == (10, 10)
    assert metrics["train_rows"] > 70


def test_metrics_are_flat_and_count_what_was_checked(built, rows):
    metrics = built["good"].json("metrics/metrics.json")
    assert metrics["train_rows"] + metrics["test_rows"] == len(flat(rows))
    assert metrics["train_positives"] == sum(
        row["label"] for name, each in rows.items() if name.startswith("train") for row in each
    )
    sizes = {group: len(names) for group, names in GROUPS.items()}
    assert metrics["values_checked"] == sum(
        sizes[group] for row in flat(rows) for group in GROUPS if row[f"{group}_event_time"]
    )


def test_older_versions_may_be_left_out(built):
    """Only the user who has no version on one of the days has fewer."""
    fresh, good = (built[name].json("metrics/metrics.json") for name in ("fresh features only", "good"))
    assert good["user_null"] == 0 < fresh["user_null"] < 0.05


def test_the_request_is_one_query_with_its_label(built):
    lines = (built["good"].output / "request" / "rows.csv").read_text().splitlines()
    assert {len(line.split(",")) for line in lines} == {22}
    assert [line[0] for line in lines] == ["1", *"0" * (len(lines) - 1)]


@pytest.mark.parametrize(
    ("case", "message"),
    [
        ("after", f"{PLANTED} 2026-03-04T00:00:00Z, but lies among the versions of 2026-03-03T00:00:00Z"),
        ("before", f"{PLANTED} 2026-03-02T00:00:00Z, but lies among the versions of 2026-03-03T00:00:00Z"),
        ("early", f"{PLANTED} 2026-03-03T00:00:00Z, but was written before, at 2026-03-02T23:00:00Z"),
        ("missing", "Feature group creator has no version for any candidate of 2026-03-01"),
        ("column", "of feature group show lacks 'likes'"),
        ("a day is missing", "has no partition of 2026-03-03: run amp_lake until it is there"),
        ("no such group", "There is no feature group nobody: run amp_batch_features first"),
        ("before the first day", "has no partition of 2026-02-24"),
    ],
)
def test_what_cannot_be_trained_on_fails_with_a_sentence(built, case, message):
    assert built[case].code == 1
    assert message in built[case].message.replace("+00:00", "Z")


def test_a_row_with_a_feature_from_after_its_hour_is_caught(built, jobs):
    """The check looks at what was written, whoever joined it."""
    path = next((built["good"].output / "test").glob("*.parquet"))
    planted = path.parents[2] / "planted.parquet"
    code = (
        "import sys; sys.path[:0] = sys.argv[1:3]; import pandas as pd; from pathlib import Path\n"
        "from point_in_time import check_rows; from failure import JobError\n"
        "rows = pd.read_parquet(sys.argv[3]); at = rows['hour'][9]\n"
        "rows.loc[9, 'show_event_time'] = at + pd.Timedelta(seconds=1); rows.to_parquet(sys.argv[4])\n"
        "print(check_rows(Path(sys.argv[3])))\n"
        "try: check_rows(Path(sys.argv[4]))\n"
        "except JobError as error: print(error)\n"
    )
    folders = (jobs / "amp_train", jobs / "shared")
    checked, caught = in_spark_image("-c", code, *folders, path, planted).splitlines()
    assert int(checked) > 1000
    assert re.search(
        r"Feature group show: the features of s\d{8} are of .*:00:01\+00:00, after the event", caught
    )
