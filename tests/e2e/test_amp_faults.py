"""What goes wrong with events, with a schema and with a job: named, kept, and made up for by a rerun.

One lake of a few days is made by a backfill; each proof after that is about what it has got in its way.
"""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import psutil
import pytest

from tests.chaos.airflow import until
from tests.e2e.lake_objects import LakeObjects

pytestmark = [pytest.mark.slow, pytest.mark.timeout(3600)]
FEATURES, LAKE = "amp_batch_features", "amp_lake"
TODAY = datetime.now(UTC).date()
DAYS = 3
"""Of the sample world."""
MISSING = TODAY - timedelta(days=1)
"""A day on which nothing arrives, right after them."""
BACKFILLED = (MISSING - timedelta(days=1), MISSING)
"""Versions that Airflow is asked to make up for: up to the last one that was due."""
PATIENCE = 1500
ENDED = ("success", "failed")
GROUP = "local-main-amp-show"


def said(text: str) -> str:
    """As one line, wherever a console has broken it."""
    return " ".join(text.split())


def task(api, run_id: str, name: str, dag: str = FEATURES) -> dict[str, Any]:
    """A task of a run, the first one if it is mapped."""
    found = api.get(f"/dags/{dag}/dagRuns/{run_id}/taskInstances").raise_for_status().json()
    return next(each for each in found["task_instances"] if each["task_id"] == name)


def clear(api, run_id: str, name: str, dag: str = FEATURES) -> None:
    """Has a failed task, and what comes after it, run again."""
    again = {"task_ids": [name], "dag_run_id": run_id, "dry_run": False, "include_downstream": True}
    api.post(f"/dags/{dag}/clearTaskInstances", json=again | {"only_failed": False}).raise_for_status()


def session(number: int, moment: datetime, **fields: Any) -> dict[str, Any]:
    """A session by the contract."""
    given = {
        "event_id": f"planted-{number}",
        "event_type": "session",
        "event_time": f"{moment:%Y-%m-%dT%H:%M:%S}.000Z",
        "version": 1,
        "user_id": "u0000001",
        "show_id": "s00000001",
        "creator_id": "c000001",
        "topics": ["pop"],
        "show_minutes": 60,
        "started_at": f"{moment - timedelta(minutes=10):%Y-%m-%dT%H:%M:%S}.000Z",
        "seconds": 600,
        "device": "ios",
    }
    return given | fields


MIDNIGHT = datetime(TODAY.year, TODAY.month, TODAY.day, tzinfo=UTC)
NEW = [session(number, MIDNIGHT + timedelta(minutes=20 + number)) for number in range(2)]
"""Two events of today, nothing wrong with them."""
BROKEN = {
    '{"event_id": "planted-cut", "event_type": "ses': "not JSON",
    json.dumps(NEW[0] | {"event_id": "planted-type", "event_type": "wave"}): "event_type unknown: wave",
    json.dumps(NEW[0] | {"event_id": "planted-word", "seconds": "ten"}): (
        "wrong type: seconds is STRING, not bigint"
    ),
    json.dumps(session(3, MIDNIGHT + timedelta(days=1))): "clock",
}
"""Line -> why it is no event."""
WITHOUT_DEVICE = [
    json.dumps({name: value for name, value in each.items() if name != "device"})
    for each in (session(10 + number, MIDNIGHT) for number in range(12))
]


@pytest.fixture(scope="module")
def lake(own_stack) -> LakeObjects:
    return LakeObjects(own_stack)


@pytest.fixture(scope="module")
def backfilled(own_stack, lake) -> dict[str, dict[str, Any]]:
    """Partition -> run of the two days that Airflow was asked to make up for, from nothing."""
    lake.make_world(2000, DAYS, MISSING)
    with own_stack.api() as api:
        api.patch(f"/dags/{FEATURES}", json={"is_paused": False}).raise_for_status()
        first, last = (f"{day}T22:00:00Z" for day in BACKFILLED)
        wanted = {"dag_id": FEATURES, "from_date": first, "to_date": last, "max_active_runs": 1}
        # A young world has many more users each day.
        made = api.post("/backfills", json=wanted | {"dag_run_conf": {"max_change": 20}})
        assert made.is_success, made.text

        def runs() -> dict[str, dict[str, Any]]:
            found = api.get(f"/dags/{FEATURES}/dagRuns").raise_for_status().json()["dag_runs"]
            return {run["partition_key"]: run for run in found if run["run_type"] == "backfill"}

        def ended() -> bool:
            return len(found := runs()) == 2 and all(run["state"] in ENDED for run in found.values())

        until(ended, PATIENCE, "the backfill has not come to its end", every=1)
        return runs()


def test_a_backfill_makes_a_run_of_each_day_s_partition(backfilled):
    states = {day: run["state"] for day, run in backfilled.items()}
    assert states == {str(day): "success" for day in BACKFILLED}


def test_the_version_of_each_day_is_in_the_offline_store_and_the_newest_online(own_stack, lake, backfilled):
    def versions() -> set[str]:
        stored = lake.parquet(own_stack.bucket, f"main/{FEATURES}/live/offline-store/")
        users = [rows for key, rows in stored.items() if "/local-main-amp-user-1" in key]
        return {row["event_time"] for rows in users for row in rows}

    wanted = [f"{day}T00:00:00Z" for day in BACKFILLED]
    # The offline store is written some time after the online one, as on AWS.
    until(lambda: versions() == set(wanted), 120, "the offline store lacks a version", every=1)
    record = own_stack.client("sagemaker-featurestore-runtime").get_record(
        FeatureGroupName="local-main-amp-user", RecordIdentifierValueAsString="u0000000"
    )["Record"]
    assert {"FeatureName": "event_time", "ValueAsString": wanted[-1]} in record


@pytest.fixture(scope="module")
def delivery(own_stack, lake, backfilled) -> dict[str, Any]:
    """A day later: an hour without a field, lines that are no events, a day once more, and one that lacks."""
    before = lake.tables()
    rejected = {row["raw"] for rows in lake.rows("rejected").values() for row in rows}
    # What a wrong clock told of the future is none any more two days later.
    again = [
        [line for line in lines if line not in rejected]
        for lines in lake.arrived(MISSING - timedelta(days=2))
    ]
    for number, lines in enumerate(again):
        lake.arrive(TODAY, 0, lines, f"repeated-{number:03}")
    good = [json.dumps(event) for event in NEW]
    place = lake.arrive(TODAY, 1, [*good, *BROKEN, *WITHOUT_DEVICE], "planted")
    done = own_stack.millrace("run", FEATURES, "--param", f"day={TODAY}", timeout=PATIENCE)
    assert done.returncode != 0, done.stdout[-3000:]
    return {
        "before": before,
        "place": place,
        "repeated": sum(map(len, again)),
        "run": own_stack.last_run(),
        "says": said(done.stdout + done.stderr),
        "rejected": [row for rows in lake.rows("rejected").values() for row in rows],
    }


def test_what_is_no_event_is_kept_with_object_line_and_reason(delivery):
    found = {
        (row["object"], row["line"]): (row["raw"], row["reason"])
        for row in delivery["rejected"]
        if row["object"] == delivery["place"]
    }
    lines = [*BROKEN, *WITHOUT_DEVICE]
    reasons = [*BROKEN.values(), *["field missing: device"] * len(WITHOUT_DEVICE)]
    # The first two lines of the object are events.
    expected = {
        (delivery["place"], number): (line, reason)
        for number, (line, reason) in enumerate(zip(lines, reasons, strict=True), len(NEW) + 1)
    }
    assert found == expected


def test_each_line_is_counted_once(delivery):
    metrics = delivery["run"]["metrics"]
    assert metrics["lines"] == delivery["repeated"] + len(NEW) + len(BROKEN) + len(WITHOUT_DEVICE)
    assert metrics["lines"] == metrics["events"] + metrics["duplicates"] + metrics["rejected"]
    assert metrics["rejected"] == len(BROKEN) + len(WITHOUT_DEVICE)
    assert metrics["duplicates"] == delivery["repeated"]
    assert (metrics["rejected_clock"], metrics["rejected_not_json"]) == (1, 1)


def test_a_day_that_arrives_twice_changes_no_file(lake, delivery):
    assert delivery["run"]["metrics"]["events"] == len(NEW)
    changed = {key for key, tag in lake.tables().items() if delivery["before"].get(key) != tag}
    assert {key.removeprefix("main/amp/").rpartition("/")[0] for key in changed} == {
        f"session/day={TODAY}",
        f"rejected/day={TODAY}",
    }


def test_the_gate_names_the_column_that_is_gone_and_since_when(delivery):
    says = f"session: column device is gone: most events that arrived since {TODAY} 01:00 UTC lack it"
    assert says in delivery["says"], delivery["says"][-3000:]


def test_the_gate_names_the_missing_day_and_what_to_do(delivery):
    assert f"session: {MISSING} is missing: it has 0 rows" in delivery["says"], delivery["says"][-3000:]
    assert "name it in known_missing_days" in delivery["says"]
    assert not {"build_partials", "roll_up", "ingest"} & delivery["run"]["steps"].keys()


@pytest.fixture(scope="module")
def refused(own_stack, delivery) -> dict[str, Any]:
    """The missing day is known now; but somebody has added a feature to a group."""
    own_stack.client("sagemaker").update_feature_group(
        FeatureGroupName=GROUP, FeatureAdditions=[{"FeatureName": "shares", "FeatureType": "Integral"}]
    )
    known = json.dumps([str(MISSING)])
    options = ("--param", f"day={TODAY}", "--param", f"known_missing_days={known}")
    done = own_stack.millrace("run", FEATURES, *options, timeout=PATIENCE)
    assert done.returncode != 0, done.stdout[-3000:]
    return {"run": own_stack.last_run(), "says": said(done.stdout + done.stderr)}


def test_a_known_missing_day_is_no_obstacle_and_repeated_days_are_not_aggregated_again(refused):
    metrics = refused["run"]["metrics"]
    assert (metrics["partials_rebuilt"], metrics["partials_unchanged"]) == (0, DAYS), metrics


def test_a_schema_that_aws_cannot_change_is_refused_with_the_remedy(refused):
    says = refused["says"]
    assert f"feature group {GROUP}: feature shares (Integral) is in the group and not in its def" in says
    assert "Put the definition back, or raise version of the definition from 1 to 2" in says
    assert "ingest" not in refused["run"]["steps"], "records went into a group that is not as it should be"


def test_a_group_that_is_as_defined_again_takes_the_records(own_stack, refused):
    run_id = refused["run"]["run_id"]
    own_stack.client("sagemaker").delete_feature_group(FeatureGroupName=GROUP)
    with own_stack.api() as api:
        clear(api, run_id, "define_groups")

        def state() -> str:
            run = api.get(f"/dags/{FEATURES}/dagRuns/{run_id}").raise_for_status().json()
            return run["state"]

        until(lambda: state() in ENDED, PATIENCE, "the cleared run has not come to its end", every=1)
        assert state() == "success"
    described = own_stack.client("sagemaker").describe_feature_group(FeatureGroupName=GROUP)
    assert "shares" not in {each["FeatureName"] for each in described["FeatureDefinitions"]}


class KilledBuild:
    """A run of amp_lake whose Spark job is killed when some of its files are in the lake."""

    def __init__(self, own_stack, lake, api) -> None:
        self.own_stack, self.api = own_stack, api
        lake.remove()
        self.run_id = own_stack.millrace("trigger", LAKE).stdout.strip()
        until(lake.tables, PATIENCE, "no file is published", every=0.02)
        self.killed = self.kill()
        until(lambda: self.build()["state"] == "failed", PATIENCE, "the task has not failed", every=1)
        self.left, self.was_over = lake.tables(), lake.has_bookmark()

    def kill(self) -> list[int]:
        """Ends every process of the job at once, as a host that goes away; their ids."""
        jobs = self.own_stack.home / "aws" / "jobs" / "emr-containers"
        found = [
            each for each in psutil.process_iter(["cwd"]) if str(each.info["cwd"]).startswith(f"{jobs}/")
        ]
        for each in found:
            each.kill()
        return [each.pid for each in found]

    def build(self) -> dict[str, Any]:
        """The task."""
        return task(self.api, self.run_id, "build_lake", LAKE)

    def clear(self) -> None:
        """Has the job run again, to its end."""
        clear(self.api, self.run_id, "build_lake", LAKE)
        until(lambda: self.build()["state"] == "success", PATIENCE, "the rerun has not ended", every=1)


def test_a_spark_job_that_is_killed_half_way_leaves_nothing_double_and_nothing_half(own_stack, lake, refused):
    whole, listing = lake.rows(), lake.tables().keys()
    with own_stack.api() as api:
        build = KilledBuild(own_stack, lake, api)
        assert build.killed
        assert not build.was_over, "the job had come to its end before it was killed"
        assert 0 < len(build.left) <= len(listing)
        half = lake.rows()
        assert all(rows == whole[key] for key, rows in half.items()), "a file is there and not whole"
        build.clear()
    assert lake.tables().keys() == listing
    assert lake.rows() == whole
    assert not lake.staged()
