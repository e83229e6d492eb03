import json
import runpy
import sys
from dataclasses import replace
from datetime import date

import pytest

from include.bundles import JOBS
from include.pipelines import amp_batch_features as spec
from include.pipelines import amp_lake
from tests.include.test_requests import check

PARAMS = {
    "day": None,
    "events": None,
    "sample_days": 60,
    "versions": 2,
    "max_change": 0.5,
    "known_missing_days": [],
    "instance_type": "ml.m5.xlarge",
    "instance_count": 2,
}
TYPES = {"bigint": "Integral", "double": "Fractional"}


@pytest.fixture
def run(run):
    settings = replace_settings(run, raw_bucket="the-raw", curated_bucket="the-lake")
    return replace(run, settings=settings, dag_id="amp_batch_features", params=PARAMS)


def replace_settings(run, **changes):
    return run.settings.model_copy(update=changes)


def with_params(run, **changes):
    return replace(run, params={**PARAMS, **changes})


def test_every_request_is_one_that_aws_takes(run):
    asked = with_params(run, events=1000, known_missing_days=["2026-01-01"])
    for build in (spec.sample, spec.partials, spec.roll_up, spec.quality):
        check("CreateProcessingJob", {**build(asked).request(asked), "ProcessingJobName": "a"})


def test_no_sample_is_made_unless_asked_for(run):
    assert spec.sample(run) is None


def test_the_day_is_that_of_the_form_or_of_the_partition_else_of_the_run(run):
    today = run.run_after.date()
    assert spec.day(run) == today
    assert spec.day(replace(run, partition_key="2025-03-01")) == date(2025, 3, 1)
    assert spec.day(with_params(run, day="2025-02-01")) == date(2025, 2, 1)


def test_a_backfill_does_not_make_one_day_for_each_of_its_days(run):
    both = replace(with_params(run, day="2025-02-01"), partition_key="2025-03-01")
    with pytest.raises(
        ValueError, match="day is 2025-02-01 and the run's partition 2025-03-01: leave day empty"
    ):
        spec.day(both)


@pytest.mark.parametrize(("day", "says"), [("2026-02-30", "is none"), ("2999-01-01", "has not begun")])
def test_a_day_that_cannot_be_is_refused_by_the_first_task(run, day, says):
    with pytest.raises(ValueError, match=says):
        spec.sample(with_params(run, day=day))


def test_partials_are_of_all_runs_and_features_of_one(run):
    partials, rolled_up = spec.partials(run).arguments, spec.roll_up(run).arguments
    shared = "s3://millrace-test/main/amp_batch_features/live/partials"
    assert shared in partials
    assert shared in rolled_up
    assert "s3://the-lake/main/amp" in partials
    assert run.uri("features") in rolled_up
    assert spec.features_uri(run, "user") == f"{run.uri('features')}/user"


def test_the_two_gates_of_a_run_leave_a_report_each(run):
    asked = with_params(run, max_rejected_fraction=0.01)
    gates = spec.quality(asked), amp_lake.quality(asked, {"objects": 1})
    reports = [gate.outputs["report"] for gate in gates]
    assert reports == [run.uri("quality"), run.uri("lake-quality")]


def test_a_past_run_names_its_missing_days_to_both_jobs(run):
    asked = with_params(run, known_missing_days=["2025-12-25"])
    for build in (spec.partials, spec.roll_up):
        assert "2025-12-25" in build(asked).arguments


def test_the_groups_are_those_that_the_job_writes(monkeypatch):
    """The job's folder ships alone, so both say it."""
    monkeypatch.setattr(sys, "path", [str(JOBS / "amp_batch_features"), *sys.path])
    written = runpy.run_path(str(JOBS / "amp_batch_features" / "groups.py"))["GROUPS"]
    assert written.keys() == spec.GROUPS.keys()
    for name, group in written.items():
        mine = spec.GROUPS[name]
        assert (mine.key, list(mine.features)) == (group.key, group.columns)
        assert all(mine.features[feature] == TYPES[form] for feature, form in group.features.items())
    assert sum(len(group.features) for group in written.values()) == 21


def test_the_suite_knows_every_column():
    suite = json.loads(spec.SUITE.read_text())
    for name, group in spec.GROUPS.items():
        judged = {each["kwargs"]["column"].rpartition("_")[0] for each in suite[name]}
        assert set(group.features) <= judged
