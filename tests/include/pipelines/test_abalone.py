import json
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
    "scoring_instance_type": "ml.c5.large",
    "algorithm": "script",
    "xgboost_version": None,
    "training_format": "csv",
    "input_mode": "File",
    "continue_from": None,
    "spot": False,
    "max_wait_seconds": 7200,
    "batch_uri": None,
    **dict.fromkeys(abalone.HYPERPARAMETERS, 1),
    "min_rows": 100,
    "max_rejected_fraction": 0.05,
    "max_rmse": 3.0,
    "bias_bounds": {},
    "bias_container": "millrace",
}


FEATURES = "local-abalone-build-features-0123456789-1"
"""The name of the job that made the features."""


def with_params(run, **changes):
    return replace(run, params={**PARAMS, **changes})


@pytest.fixture
def run(run):
    return replace(run, params=PARAMS)


def test_every_request_is_one_that_aws_takes(run):
    for job in (
        abalone.features(run),
        abalone.quality(run),
        abalone.evaluation(run, "s3://b/model.tar.gz", "s3://b/champion.tar.gz"),
        abalone.bias(run).job(),
    ):
        check("CreateProcessingJob", {**job.request(run), "ProcessingJobName": "a"})
    check("CreateTrainingJob", {**abalone.training(run, FEATURES).request(run), "TrainingJobName": "a"})


def test_every_step_writes_under_the_run_s_own_prefix(run):
    jobs = (abalone.features(run), abalone.quality(run), abalone.evaluation(run, "s3://b/m", None))
    written = [uri for job in jobs for uri in job.outputs.values()] + [abalone.training(run, FEATURES).output]
    assert written
    assert all(uri.startswith("s3://millrace-test/main/abalone/manual__1/") for uri in written)


def test_without_an_input_the_current_data_is_taken(run):
    assert option(abalone.features(run), "--input") == "s3://millrace-test/main/input/abalone/current/"
    named = replace(run, params={**PARAMS, "input_uri": "s3://b/k.csv"})
    assert option(abalone.features(named), "--input") == "s3://b/k.csv"


def test_spark_reads_and_writes_the_run_s_own_prefix_itself(run):
    features, quality = abalone.features(run), abalone.quality(run)
    assert option(features, "--output") == option(quality, "--input")
    assert option(features, "--output") == "s3://millrace-test/main/abalone/manual__1/features"
    assert {*features.inputs} == set()
    assert {*quality.inputs} == {"metrics"}


def test_what_spark_writes_is_encrypted_as_the_job_s_outputs_are(run):
    key = "arn:aws:kms:us-east-1:123456789012:key/1"
    job = abalone.features(replace(run, settings=run.settings.model_copy(update={"output_kms_key": key})))
    assert option(job, "--kms-key") == key
    (written,) = job.files["conf"].files.values()
    assert json.loads(written)[0]["Properties"]["fs.s3a.encryption.key"] == key


def test_an_isolated_container_could_not_read(run):
    isolated = replace(run, settings=run.settings.model_copy(update={"network_isolation": True}))
    for build in (abalone.features, abalone.quality):
        with pytest.raises(ValueError, match="MILLRACE_NETWORK_ISOLATION is on"):
            build(isolated)


def option(job, name):
    arguments = list(job.arguments)
    return arguments[arguments.index(name) + 1]


def test_only_spark_and_training_take_more_hosts(run):
    run = with_params(run, processing_instance_count=3, training_instance_count=2, batch_uri="s3://b/rows/")
    request = abalone.evaluation(run, "s3://b/m", None).request(run)
    assert request["ProcessingResources"]["ClusterConfig"]["InstanceCount"] == 1
    assert abalone.features(run).instances.count == abalone.quality(run).instances.count == 3
    assert abalone.training(run, FEATURES).instances.count == 2
    assert abalone.scoring(run, "model").instances.type == "ml.c5.large"


def test_the_built_in_algorithm_ships_no_script(run):
    run = replace(run, params={**PARAMS, "algorithm": "built-in"})
    assert abalone.training(run, FEATURES).bundles() == []
    assert "sagemaker_program" not in abalone.training(run, FEATURES).request(run)["HyperParameters"]


@pytest.mark.parametrize("mode", ["File", "FastFile", "Pipe"])
@pytest.mark.parametrize(
    ("form", "content_type"), [("csv", "text/csv"), ("parquet", "application/x-parquet")]
)
def test_training_reads_either_format_in_every_mode(run, form, content_type, mode):
    job = abalone.training(with_params(run, training_format=form, input_mode=mode), FEATURES)
    for name in ("train", "validation"):
        channel = job.channels[name]
        assert (channel.content_type, channel.mode) == (content_type, mode)
        assert channel.uri == f"s3://millrace-test/main/abalone/manual__1/features/{form}/{name}"


def test_training_goes_on_from_an_earlier_model_with_another_version(run):
    changed = with_params(run, continue_from="s3://b/model.tar.gz", xgboost_version="3.0-1")
    job = abalone.training(changed, FEATURES)
    assert job.channels["model"].uri == "s3://b/model.tar.gz"
    assert job.request(changed)["AlgorithmSpecification"]["TrainingImage"].endswith("/xgboost:3.0-1")


def test_checkpoints_are_those_of_the_same_features_and_the_same_code(run):
    run = with_params(run, spot=True)
    jobs = [
        abalone.training(with_params(run, spot=True, algorithm=algorithm), features)
        for features in (FEATURES, f"{FEATURES}0")
        for algorithm in ("script", "built-in")
    ]
    assert len({job.checkpoints for job in jobs}) == len(jobs)
    assert abalone.training(run, FEATURES).checkpoints == jobs[0].checkpoints
    check("CreateTrainingJob", {**jobs[0].request(run), "TrainingJobName": "a"})


def test_what_training_would_be_refused_for_is_refused_before_spark_is_paid_for(run):
    with pytest.raises(ValueError, match="max_wait_seconds is 60, less than the"):
        abalone.features(with_params(run, spot=True, max_wait_seconds=60))


def test_only_a_run_that_names_rows_scores_them(run):
    assert abalone.scoring(run, "model") is None
    named = with_params(run, batch_uri="s3://b/rows/")
    job = abalone.scoring(named, "model")
    request = check("CreateTransformJob", {**job.request(named), "TransformJobName": "a"})
    assert request["ModelName"] == "model"
    assert request["TransformInput"]["DataSource"]["S3DataSource"]["S3Uri"] == "s3://b/rows/"


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
