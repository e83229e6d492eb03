from dataclasses import replace
from datetime import date

import pytest

from include.bundles import Bundle
from include.pipelines import amp_experiment as spec
from tests.include.test_requests import check

PREFIX = "s3://millrace-test/main/amp_experiment/manual__1/"
PARAMS = {
    "experiment": "ranking",
    "salt": None,
    "end": None,
    "days": 14,
    "days_before": 7,
    "control_share": 0.5,
    "treatment_share": 0.25,
    "metrics": ["engagement", "playback_minutes"],
    "alpha": 0.05,
    "power": 0.8,
    "planted_uplift": None,
    "planted_loss": 0.0,
    "events": None,
    "sample_days": 28,
    "instance_type": "ml.m5.xlarge",
}


@pytest.fixture
def with_params(run):
    buckets = {"curated_bucket": "millrace-curated", "raw_bucket": "millrace-raw"}
    made = replace(run, settings=run.settings.model_copy(update=buckets), dag_id="amp_experiment")
    return lambda **changes: replace(made, params={**PARAMS, **changes})


def test_the_requests_are_ones_that_aws_takes(with_params):
    run = with_params(events=5000, salt="-2", planted_uplift=-0.03)
    for job in (spec.sample(run), spec.measurement(run)):
        check("CreateProcessingJob", {**job.request(run), "ProcessingJobName": "a"})
        assert max(map(len, job.arguments)) <= 256, "SageMaker's limit"
        assert min(map(len, job.arguments)) > 0


def test_the_lake_is_measured_as_the_form_says(with_params):
    job = spec.measurement(with_params())
    arguments = " ".join(job.arguments)
    assert "--lake s3://millrace-curated/main/amp --world s3://millrace-raw/main/amp/events " in arguments
    assert "--name ranking --control-share 0.5 --treatment-share 0.25 --end 2026-01-01 --days 14" in arguments
    assert "--days-before 7 --metrics engagement playback_minutes --alpha 0.05 --power 0.8" in arguments
    assert "--salt" not in arguments
    assert "--planted-uplift" not in arguments
    assert job.metrics_uri() == f"{PREFIX}experiment/metrics.json"


@pytest.mark.parametrize(
    ("change", "argument"),
    [
        ({"salt": "-2"}, "--salt=-2"),
        ({"planted_uplift": 0.0}, "--planted-uplift=0.0"),
        ({"planted_uplift": -0.03}, "--planted-uplift=-0.03"),
        ({"end": "2025-12-24"}, "2025-12-24"),
    ],
)
def test_what_may_be_empty_is_told_when_it_is_not(with_params, change, argument):
    assert argument in spec.measurement(with_params(**change)).arguments


def test_whoever_serves_a_variant_can_ship_the_same_assignment(with_params):
    measured = spec.measurement(with_params()).files["code"].files["assignment.py"]
    assert Bundle.of_job("amp_train", "experiments").files["assignment.py"] == measured


def test_no_sample_is_made_unless_asked_for(with_params):
    assert spec.sample(with_params()) is None
    assert "--until" in spec.sample(with_params(events=5000)).arguments


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"end": "2026-01-02"}, "2026-01-02 has not begun when the run starts on 2026-01-01"),
        ({"control_share": 0.9}, r"sum up to 1.15, which is over 1"),
        ({"treatment_share": 0.0}, "treatment_share is 0"),
        ({"metrics": []}, "metrics is empty"),
        ({"events": 5000, "sample_days": 20}, "sample_days 20 is under the 21 days"),
    ],
)
def test_what_contradicts_itself_is_told_before_anything_is_done(with_params, change, message):
    with pytest.raises(ValueError, match=message):
        spec.sample(with_params(**change))


def test_a_container_in_isolation_cannot_read_the_lake(with_params):
    run = with_params()
    settings = run.settings.model_copy(update={"network_isolation": True})
    with pytest.raises(ValueError, match="MILLRACE_NETWORK_ISOLATION"):
        spec.measurement(replace(run, settings=settings))


def test_the_end_is_the_day_of_the_run_unless_it_is_named(with_params):
    assert spec.end(with_params()) == date(2026, 1, 1)
    assert spec.end(with_params(end="2025-12-24")) == date(2025, 12, 24)


@pytest.mark.parametrize(("outcome", "passed"), [("ship", True), ("do not ship", True), ("invalid", False)])
def test_only_an_experiment_that_may_not_be_read_is_no_verdict(with_params, outcome, passed):
    document = {"verdict": {"outcome": outcome, "sentence": "Because."}, "planted": None}
    found = spec.verdict(with_params(), document)
    assert found == {"passed": passed, "outcome": outcome, "reason": f"{outcome}: Because."}


def test_a_verdict_on_made_up_data_says_so(with_params):
    verdict = {"outcome": "ship", "sentence": "Because."}
    document = {"verdict": verdict, "planted": {"uplift": 0.03, "loss": 0.0}}
    found = spec.verdict(with_params(), document)
    assert found["reason"] == "ship (made-up data, planted uplift +3.0%): Because."
