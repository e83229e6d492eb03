"""Every entity and every feature, against plain Python over the raw lines, whatever happens to the lake.

One story in order: a build that is killed, the next attempt, the next day with late events and a new field, a
rerun, a past day. That lines come twice is part of the world.
"""

import json
import math
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.include.jobs.amp_batch_features import reference
from tests.include.jobs.amp_batch_features.conftest import LAKE, ONE_OF_ONE, OURS
from tests.include.jobs.amp_batch_features.small_world import (
    DAY,
    FIRST,
    SmallWorld,
    arrivals,
    lake_of,
    whole,
    write_raw,
)

KEYS = {
    "user": "user_id",
    "creator": "creator_id",
    "show": "show_id",
    "user_topic": "user_topic",
    "user_creator": "user_creator",
}
NEXT, PAST, LATE = DAY + timedelta(1), DAY - timedelta(2), DAY - timedelta(20)
WORLD = "main"
SUITE = Path(__file__).parents[4] / "include" / "expectations" / "amp_batch_features.json"
PARTIALS = f"{WORLD}/partials/"
NOT_FEATURES = {"event_time", "user_id", "creator_id", "topic"}


def features(amp, name, day):
    """As the reference has them."""
    return {
        group: {
            row[key]: {name: value for name, value in row.items() if name not in {*NOT_FEATURES, key}}
            for row in amp.rows(WORLD, name, group)
            if row["event_time"] == f"{day}T00:00:00Z"
        }
        for group, key in KEYS.items()
    }


def values(features):
    """(day, group, entity, feature) -> value; for null infinity, which no feature is: `approx` takes none."""
    return {
        (day, group, entity, name): math.inf if value is None else value
        for day, groups in features.items()
        for group, entities in groups.items()
        for entity, found in entities.items()
        for name, value in found.items()
    }


def expected_values(chapter):
    """The reference's; sums of real numbers in another order may differ in the last digits."""
    groups = [entities for day in chapter.expected.values() for entities in day.values()]
    assert groups
    assert all(len(entities) > 4 for entities in groups)
    return pytest.approx(values(chapter.expected), rel=1e-9, abs=1e-9)


def tables_of(lines):
    return lake_of(event for _, line in lines if (event := whole(line)))


def changed(before, after):
    return {key: rows for key, rows in after.items() if before.get(key) != rows}


class Story:
    """Chapters in order, each of which leaves metrics, objects, features as found and as expected."""

    def __init__(self, amp, raw):
        self.amp, self.raw, self.lake, self.chapters = amp, raw, {}, {}
        self.lines = list(arrivals(SmallWorld(), FIRST, NEXT))

    def tell(self, name, day, lines, versions=1, roll_up=True, **build):
        tables, amp = tables_of(lines), self.amp
        found = SimpleNamespace(before=self.lake, tables=tables)
        amp.put_lake(WORLD, changed(self.lake, tables))
        self.lake = self.lake | tables
        more = ("--versions", str(versions))
        found.code = amp.build(WORLD, *more, day=day, **build)
        found.message, found.metrics, found.partials = amp.message, amp.metrics, amp.objects(PARTIALS)
        if roll_up:
            assert found.code == 0, amp.message
            assert amp.roll_up(WORLD, name, *more, day=day) == 0, amp.message
            found.rolled_up, found.files = amp.metrics, amp.objects(f"{WORLD}/features/{name}/")
            write_raw(self.raw / name, lines)
            days = [day - timedelta(back) for back in range(versions)]
            found.features = {each: features(amp, name, each) for each in days}
            found.expected = {each: reference.features(self.raw / name, each) for each in days}
        self.chapters[name] = found

    def __getitem__(self, name):
        return self.chapters[name]


@pytest.fixture(scope="module")
def story(amp, tmp_path_factory):
    told = Story(amp, tmp_path_factory.mktemp("raw"))
    on_time = [(moment, line) for moment, line in told.lines if moment.date() < DAY]
    killed = ("partial_files", "write_manifest", 25)
    told.tell("killed", DAY, on_time, roll_up=False, kill=killed)
    told.tell("first", DAY, on_time)
    return told


@pytest.fixture(scope="module")
def whole_story(story):
    extra = json.loads(next(line for _, line in story.lines if whole(line) and '"session"' in line))
    late = {**extra, "event_id": "late", "event_time": f"{LATE}T12:00:00.000Z", "mood": "happy"}
    story.lines.append((story.lines[-1][0], json.dumps(late)))
    story.tell("next", NEXT, story.lines)
    story.tell("again", NEXT, story.lines, versions=2)
    story.tell("past", PAST, story.lines)
    return story


def test_every_entity_and_every_feature_is_the_reference_s(story):
    assert values(story["first"].features) == expected_values(story["first"])


@pytest.mark.slow
@pytest.mark.parametrize("chapter", ["next", "again", "past"])
def test_so_they_are_of_the_next_day_of_several_versions_and_of_a_past_day(whole_story, chapter):
    assert values(whole_story[chapter].features) == expected_values(whole_story[chapter])


def test_there_are_21_features(story):
    (expected,) = story["first"].expected.values()
    assert sum(len(next(iter(entities.values()))) for entities in expected.values()) == 21
    metrics = story["first"].rolled_up
    assert (metrics["features"], metrics["users"]) == (21, len(expected["user"]))


def test_a_killed_build_leaves_whole_days_that_the_next_one_keeps(story):
    killed, first = story["killed"], story["first"]
    assert killed.code == "KeyboardInterrupt: killed"
    manifests = {key for key in killed.partials if "_manifests" in key}
    assert len(manifests) == 25
    assert first.metrics["partials_rebuilt"] == (DAY - FIRST).days - 25
    assert all(first.partials[key] == killed.partials[key] for key in manifests)
    assert not [key for key in first.partials if "_staging" in key]


@pytest.mark.slow
def test_a_rerun_rebuilds_no_day(amp, whole_story):
    before = amp.objects(PARTIALS)
    assert whole_story["next"].partials.items() <= before.items()
    assert amp.build(WORLD, day=NEXT) == 0, amp.message
    assert (amp.metrics["partials_rebuilt"], amp.metrics["base_days"]) == (0, 0)
    assert amp.objects(PARTIALS) == before


@pytest.mark.slow
def test_a_rerun_gives_the_same_features_to_the_last_byte(whole_story):
    """Asked for the day before as well, it makes that one too."""
    before, again = whole_story["next"], whole_story["again"]
    digests = [
        {key.rpartition("features/")[2].partition("/")[2]: etag for key, (etag, _) in each.files.items()}
        for each in (before, again)
    ]
    assert len(digests[0]) == 6
    assert digests[0].items() <= digests[1].items()
    assert (again.metrics["partials_rebuilt"], again.rolled_up["versions"]) == (0, 2)


@pytest.mark.slow
def test_a_day_that_comes_rebuilds_itself_and_the_days_that_late_events_are_of(whole_story):
    days = {
        day
        for table, day in changed(whole_story["next"].before, whole_story["next"].tables)
        if table != "promotion" and day < str(NEXT)
    }
    assert {str(DAY), str(LATE)} < days, "the world has no other late event"
    assert whole_story["next"].metrics["partials_rebuilt"] == len(days)
    touched = {
        key.partition("day=")[2][:10]
        for key, what in whole_story["next"].partials.items()
        if "_bases" not in key and whole_story["first"].partials.get(key) != what
    }
    assert touched == days


@pytest.mark.slow
def test_the_base_advances_by_a_day(whole_story):
    assert whole_story["first"].metrics["base_days"] == 7
    assert whole_story["next"].metrics["base_days"] == 1


def test_events_are_counted(story):
    tables = story["first"].tables
    start = str(DAY - timedelta(60))
    inside = [
        rows for (table, day), rows in tables.items() if table != "promotion" and start <= day < str(DAY)
    ]
    assert story["first"].metrics["events"] == sum(map(len, inside))


def test_a_missing_day_is_named(amp, story):
    gone = DAY - timedelta(9)
    key = f"{WORLD}/amp/session/day={gone}/{ONE_OF_ONE}"
    kept = amp.s3.get_object(Bucket=LAKE, Key=key)["Body"].read()
    amp.s3.delete_object(Bucket=LAKE, Key=key)
    try:
        assert amp.build(WORLD) == 1
        assert f"1 of 60 days of the window have no sessions in the lake: {gone}." in amp.message
        assert amp.build(WORLD, "--known-missing-days", str(gone)) == 0, amp.message
    finally:
        amp.s3.put_object(Bucket=LAKE, Key=key, Body=kept)


@pytest.mark.slow
def test_an_event_without_a_value_is_named(amp, story):
    rows = [{**row} for row in story["first"].tables["session", str(DAY - timedelta(3))]]
    for row in rows:
        del row["seconds"]
    amp.put_rows({f"{WORLD}/amp/session/day={DAY - timedelta(3)}/{ONE_OF_ONE}": rows})
    assert amp.build(WORLD) == 1
    assert amp.message == (
        f"The lake cannot be aggregated: session of {DAY - timedelta(3)} has an event without 'seconds'."
    )


@pytest.mark.parametrize(
    ("world", "says"),
    [
        ("nobody", f"The lake at s3://{LAKE}/nobody/amp has no session before {DAY}"),
    ],
)
def test_a_lake_without_sessions_is_refused(amp, world, says):
    assert amp.build(world) == 1
    assert says in amp.message


def test_a_roll_up_without_partials_is_refused(amp):
    assert amp.roll_up("nobody", "none") == 1
    assert f"60 days have no partials at s3://{OURS}/nobody/partials" in amp.message


def check(amp, name, *more, day=DAY, suite=SUITE):
    where = ["--features", amp.features(WORLD, name), "--history", f"s3://{OURS}/{WORLD}/versions"]
    given = [*where, "--day", str(day), "--suite", str(suite), *more]
    code = amp.run("check_features", *given, report="--output")
    report = amp.out / "report.json"
    return code, json.loads(report.read_text()) if report.exists() else None


@pytest.mark.slow
def test_good_features_pass_and_are_what_the_next_version_is_compared_with(amp, whole_story):
    code, report = check(amp, "first", day=DAY)
    assert code == 0, amp.message
    assert [item["sentence"] for item in report["expectations"] if not item["success"]] == []
    page = (amp.out / "data_docs" / "index.html").read_text()
    assert page.count("<svg") == 21
    counts = json.loads(amp.s3.get_object(Bucket=OURS, Key=f"{WORLD}/versions/day={DAY}.json")["Body"].read())
    assert counts == {group: len(entities) for group, entities in whole_story["first"].expected[DAY].items()}
    amp.s3.put_object(
        Bucket=OURS, Key=f"{WORLD}/versions/day={DAY}.json", Body=json.dumps({**counts, "user": 8})
    )
    code, report = check(amp, "next", "--max-change", "0.9", day=NEXT)
    (failed,) = [item["sentence"] for item in report["expectations"] if not item["success"]]
    assert failed.startswith("user: ")
    assert "expected value <= 0.9" in failed
    assert not amp.objects(f"{WORLD}/versions/day={NEXT}")


@pytest.mark.slow
def test_each_record_that_cannot_be_is_counted(amp, story):
    """An affinity of 2, a key twice, a negative count, a null: put beside the good records of a version."""
    good = amp.rows(WORLD, "first", "user_topic")[0]
    wrong = [{**good, "affinity": 2.0, "likes": -1, "declared": None}]
    for key in amp.objects(f"{WORLD}/features/first/"):
        copied = {"Bucket": OURS, "Key": key.replace("/first/", "/wrong/")}
        amp.s3.copy_object(CopySource={"Bucket": OURS, "Key": key}, **copied)
    key = f"{WORLD}/features/wrong/user_topic/part-{DAY}-00001.parquet"
    amp.ask({"do": "write", "bucket": OURS, "objects": {key: wrong}, "events": False})
    code, report = check(amp, "wrong", "--max-change", "9")
    assert code == 0
    failed = {item["column"]: item["sentence"] for item in report["expectations"] if not item["success"]}
    assert sorted(failed) == [
        *("affinity_largest", "declared_nulls", "likes_least", "repeated_keys"),
        "users_with_uneven_affinities",
    ]
    assert "expected value <= 1" in failed["affinity_largest"]


def test_features_that_are_not_whole_are_not_judged(amp, story):
    code, _ = check(amp, "nowhere")
    assert (code, "_SUCCESS is missing" in amp.message) == (1, True)
