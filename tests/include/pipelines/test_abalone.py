from dataclasses import replace

import pytest

from include.gates import Verdict
from include.pipelines import abalone
from tests.include.test_requests import check

PARAMS = {
    "input_uri": None,
    "processing_instance_type": "ml.m5.xlarge",
    "processing_instance_count": 1,
    "training_instance_type": "ml.m5.xlarge",
    "training_instance_count": 1,
    "endpoint_instance_type": "ml.m5.large",
    "algorithm": "script",
    **dict.fromkeys(abalone.HYPERPARAMETERS, 1),
    "min_rows": 100,
    "max_rejected_fraction": 0.05,
    "max_rmse": 3.0,
}


@pytest.fixture
def run(run):
    return replace(run, params=PARAMS)


def test_every_request_is_one_that_aws_takes(run):
    for job in (
        abalone.features(run),
        abalone.quality(run),
        abalone.evaluation(run, "s3://b/model.tar.gz", "s3://b/champion.tar.gz"),
    ):
        check("CreateProcessingJob", {**job.request(run), "ProcessingJobName": "a"})
    check("CreateTrainingJob", {**abalone.training(run).request(run), "TrainingJobName": "a"})


def test_every_step_writes_under_the_run_s_own_prefix(run):
    jobs = (abalone.features(run), abalone.quality(run), abalone.evaluation(run, "s3://b/m", None))
    written = [uri for job in jobs for uri in job.outputs.values()] + [abalone.training(run).output]
    assert written
    assert all(uri.startswith("s3://millrace-test/main/abalone/manual__1/") for uri in written)


def test_without_an_input_the_current_data_is_taken(run):
    assert abalone.features(run).inputs["data"] == "s3://millrace-test/main/input/abalone/current/"
    named = replace(run, params={**PARAMS, "input_uri": "s3://b/k.csv"})
    assert abalone.features(named).inputs["data"] == "s3://b/k.csv"


def test_the_built_in_algorithm_ships_no_script(run):
    run = replace(run, params={**PARAMS, "algorithm": "built-in"})
    assert abalone.training(run).bundles() == []
    assert "sagemaker_program" not in abalone.training(run).request(run)["HyperParameters"]


def test_without_a_champion_only_the_new_model_is_measured(run):
    job = abalone.evaluation(run, "s3://b/m", None)
    assert "--champion" not in job.arguments
    assert "champion" not in job.inputs


def test_the_verdict_uses_the_run_s_bound(run):
    assert abalone.verdict(run, {"rmse": 2.0}, None).passed
    strict = replace(run, params={**PARAMS, "max_rmse": 1.0})
    assert abalone.verdict(strict, {"rmse": 2.0}, None) == Verdict(False, "rmse 2 is over the bound 1")


def test_a_champion_that_cannot_score_the_rows_is_replaced_and_named(run):
    verdict = abalone.verdict(run, {"rmse": 2.0}, "s3://b/old.tar.gz")
    assert verdict.passed
    assert "s3://b/old.tar.gz cannot score these rows" in verdict.reason
