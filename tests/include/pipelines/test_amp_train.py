import json
from dataclasses import replace
from datetime import date

import pytest

from bench.amp_serving_rig.modules import JOB, load
from include.pipelines import amp_train as spec
from tests.include.test_requests import check

PREFIX = "s3://millrace-test/main/amp_train/manual__1/"
PARAMS = {
    "day": None,
    "train_days": 7,
    "test_days": 2,
    "candidates": 50,
    "queries": 5000,
    "feature_days": 7,
    "trees": 200,
    "max_depth": 12,
    "min_samples_leaf": 20,
    "rows_per_tree": 100_000,
    "seed": 42,
    "min_auc": 0.6,
    "processing_instance_type": "ml.m5.xlarge",
    "training_instance_type": "ml.m5.2xlarge",
    "endpoint_instance_type": "ml.m5.large",
    "min_instances": 2,
    "max_instances": 5,
    "invocations_per_minute": 1000,
    "target_utilisation": 0.6,
    "store_milliseconds": 50,
}
METRICS = {
    "auc": 0.8,
    "ndcg": 0.6,
    "heuristic_ndcg": 0.4,
    "ndcg_gain": 0.2,
    "ndcg_gain_low": 0.1,
    "ndcg_gain_high": 0.3,
}


@pytest.fixture
def run(run):
    settings = run.settings.model_copy(update={"curated_bucket": "millrace-curated"})
    return replace(run, settings=settings, dag_id="amp_train", params=PARAMS)


def test_every_request_is_one_that_aws_takes(run):
    for job in (spec.training_set(run), spec.evaluation(run, "s3://b/model.tar.gz", "s3://b/old.tar.gz")):
        check("CreateProcessingJob", {**job.request(run), "ProcessingJobName": "a"})
    check("CreateTrainingJob", {**spec.training(run).request(run), "TrainingJobName": "a"})
    endpoint = spec.endpoint(run, "s3://b/model.tar.gz")
    check("CreateModel", endpoint.model_request(run, "a"))
    check("CreateEndpointConfig", endpoint.config_request(run, "a"))


def test_the_training_set_is_made_of_the_lake_and_the_feature_groups(run):
    job = spec.training_set(replace(run, params={**PARAMS, "day": "2025-03-06"}))
    arguments = " ".join(job.arguments)
    assert "--sessions s3://millrace-curated/main/amp/session " in arguments
    assert "--shows s3://millrace-curated/main/amp/show " in arguments
    assert f"--group user_topic={run.settings.environment}-main-amp-user-topic " in arguments
    assert "--day 2025-03-06 --train-days 7 --test-days 2 --candidates 50 --queries 5000" in arguments
    assert job.metrics_uri() == f"{PREFIX}training-set/metrics/metrics.json"
    assert max(map(len, job.arguments)) <= 256, "SageMaker's limit"


def test_the_day_is_the_run_s_own_unless_it_names_one(run):
    assert spec.day(run) == run.run_after.date()
    assert spec.day(replace(run, params={"day": "2025-03-06"})) == date(2025, 3, 6)


def test_a_day_that_has_not_begun_is_refused(run):
    with pytest.raises(ValueError, match="2026-01-02 has not begun when the run starts on 2026-01-01"):
        spec.training_set(replace(run, params={**PARAMS, "day": "2026-01-02"}))


def test_without_a_lake_there_is_nothing_to_train_on(run):
    settings = run.settings.model_copy(update={"curated_bucket": None})
    with pytest.raises(ValueError, match="MILLRACE_CURATED_BUCKET is not set"):
        spec.training_set(replace(run, settings=settings))


def test_a_container_in_isolation_cannot_read_the_lake(run):
    settings = run.settings.model_copy(update={"network_isolation": True})
    with pytest.raises(ValueError, match="MILLRACE_NETWORK_ISOLATION"):
        spec.training_set(replace(run, settings=settings))


def test_what_ranks_is_what_was_trained(run):
    """The scripts that train.py puts into the model are part of what ships."""
    shipped = load(JOB, names=["serving_files"]).serving_files
    assert set(shipped.SERVING) <= spec.code().files.keys()
    assert shipped.READERS == spec.READERS
    names = spec.training(run).request(run)["HyperParameters"]
    assert json.loads(names["trees"]) == 200


@pytest.mark.parametrize(
    ("change", "passed", "words"),
    [
        ({}, True, "no model serves yet"),
        ({"champion_ndcg": 0.5}, True, "beats the champion's 0.5"),
        ({"champion_ndcg": 0.6}, False, "ties with the champion"),
        ({"champion_ndcg": 0.7}, False, "loses to the champion's 0.7"),
        ({"auc": 0.59}, False, "AUC 0.5900 is under the bound 0.6"),
        ({"auc": float("nan")}, False, "AUC nan is under the bound"),
        ({"ndcg_gain_low": 0.0}, False, "95% +0.0000 to +0.3000: that may be chance"),
    ],
)
def test_only_a_ranking_that_is_surely_better_serves(run, change, passed, words):
    champion = "s3://b/old.tar.gz" if "champion_ndcg" in change else None
    verdict = spec.verdict(run, {**METRICS, **change}, champion)
    assert verdict.passed is passed
    assert words in verdict.reason


def test_a_champion_that_cannot_rank_these_rows_keeps_nobody_from_serving(run):
    verdict = spec.verdict(run, METRICS, "s3://b/old.tar.gz")
    assert verdict.passed
    assert "s3://b/old.tar.gz cannot rank these rows" in verdict.reason


def test_the_endpoint_is_told_where_features_are_and_no_secret(run):
    named = spec.endpoint(run, "s3://b/model.tar.gz").environment
    groups = json.loads(named["MILLRACE_FEATURE_GROUPS"])
    assert groups["user_topic"] == f"{run.settings.environment}-main-amp-user-topic"
    assert (named["MILLRACE_FEATURE_DAYS"], named["MILLRACE_STORE_MILLISECONDS"]) == ("7", "50")
    assert "MILLRACE_REDIS_SECRET_ARN" not in named
    arn = "arn:aws:secretsmanager:us-east-1:123456789012:secret:redis-AbCdEf"
    settings = run.settings.model_copy(update={"redis_secret_arn": arn})
    named = spec.endpoint(replace(run, settings=settings), "s3://b/model.tar.gz").environment
    assert named["MILLRACE_REDIS_SECRET_ARN"] == arn


@pytest.mark.parametrize(
    ("answer", "passed", "words"),
    [
        ({"ranked_by": "topics", "shows": []}, True, "lists 0 shows by topics"),
        ({"ranked_by": "forest", "shows": [{"score": 0.5}]}, True, "lists 1 shows by forest"),
        ({"ranked_by": "chance", "shows": []}, False, "by which of forest, topics"),
        ({"ranked_by": "forest", "shows": [{"score": None}]}, False, "has a score of at least 0"),
        ({"ranked_by": "forest"}, False, "has a score of at least 0"),
        ([], False, "by which of forest, topics"),
    ],
)
def test_a_ranked_list_is_one_that_says_by_what(run, answer, passed, words):
    verdict = spec.question(run).judge(answer)
    assert verdict.passed is passed
    assert words in verdict.reason


def test_the_endpoint_begins_with_its_fewest_instances(run):
    endpoint = spec.endpoint(run, "s3://b/model.tar.gz")
    assert endpoint.instances.count == 2
    assert endpoint.autoscaling.target == 600
    with pytest.raises(ValueError, match="6 to 5 instances"):
        spec.training_set(replace(run, params={**PARAMS, "min_instances": 6}))
