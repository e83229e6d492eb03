from dataclasses import replace

import pytest

from include.pipelines import xgoals as spec
from tests.include.test_requests import check

PREFIX = "s3://millrace-test/main/xgoals/manual__1/"
PARAMS = {
    "input_uri": None,
    "sample_matches": None,
    "match_uri": None,
    "provider": "sportec",
    "min_shots": 500,
    "max_set_aside": 0.1,
    "tuning_jobs": 6,
    "warm_start": [],
    "parallel_jobs": 2,
    "num_round": 300,
    "seed": 42,
    "min_auc": 0.6,
    "min_calibration_p": 0.001,
    "processing_instance_type": "ml.m5.xlarge",
    "volume_gb": 30,
    "training_instance_type": "ml.m5.large",
    "endpoint_instance_type": "ml.m5.large",
    "idle_minutes": 5,
}
GOOD = {"auc": 0.78, "calibration_p": 0.4}


@pytest.fixture
def run(run):
    return replace(run, dag_id="xgoals", params=PARAMS)


def with_params(run, **params):
    return replace(run, params={**PARAMS, **params})


def inputs(job):
    return dict(job.inputs)


def test_every_request_is_one_that_aws_takes(run):
    jobs = [
        spec.sample(with_params(run, sample_matches=40)),
        spec.features(run),
        spec.quality(run),
        spec.evaluation(run, "s3://b/model.tar.gz", "s3://b/champion.tar.gz"),
        spec.scoring(run),
    ]
    for job in jobs:
        check("CreateProcessingJob", {**job.request(run), "ProcessingJobName": "a"})
    request = spec.tuning(run).request(run)
    check("CreateHyperParameterTuningJob", {**request, "HyperParameterTuningJobName": "a"})


def test_without_an_input_the_current_matches_are_taken(run):
    assert spec.sample(run) is None
    assert inputs(spec.features(run)) == {"history": "s3://millrace-test/main/input/xgoals/current/"}
    named = with_params(run, input_uri="s3://b/season/")
    assert inputs(spec.features(named)) == {"history": "s3://b/season/"}


def test_a_sample_goes_before_what_is_named(run):
    run = with_params(run, sample_matches=40, input_uri="s3://b/season/")
    made = spec.sample(run)
    assert tuple(made.arguments[:2]) == ("--matches", "40")
    assert inputs(spec.features(run)) == {"history": made.outputs["sample"] + "/"}
    assert {"generate.py", "goal_view.py", "failure.py"} <= set(made.files["code"].files)


def test_the_search_maximises_auc_and_no_weight_spoils_the_chances(run):
    request = spec.tuning(run).request(run)
    config = request["HyperParameterTuningJobConfig"]
    assert config["Strategy"] == "Bayesian"
    assert config["HyperParameterTuningJobObjective"] == {"Type": "Maximize", "MetricName": "validation:auc"}
    given = request["TrainingJobDefinition"]["StaticHyperParameters"]
    assert "scale_pos_weight" not in given
    # Early stopping goes by the last metric.
    assert given["eval_metric"].split(",") == ["auc", "logloss"]


def test_the_search_knows_those_before_that_are_named(run):
    assert "WarmStartConfig" not in spec.tuning(run).request(run)
    config = spec.tuning(with_params(run, warm_start=["spring", "summer"])).request(run)["WarmStartConfig"]
    parents = [{"HyperParameterTuningJobName": name} for name in ("spring", "summer")]
    assert config == {"WarmStartType": "TransferLearning", "ParentHyperParameterTuningJobs": parents}


def test_one_training_is_never_two_at_a_time(run):
    assert spec.tuning(with_params(run, tuning_jobs=1)).max_parallel_jobs == 1


def test_the_last_match_is_scored_unless_some_are_named(run):
    kept = spec.features(run).outputs["last"]
    assert inputs(spec.scoring(run)) == {"matches": f"{kept}/"}
    named = spec.scoring(with_params(run, match_uri="s3://b/derby/"))
    assert inputs(named) == {"matches": "s3://b/derby/"}


def test_an_isolated_job_could_not_ask_the_endpoint(run):
    isolated = replace(run, settings=run.settings.model_copy(update={"network_isolation": True}))
    with pytest.raises(ValueError, match="NETWORK_ISOLATION"):
        spec.features(isolated)


@pytest.mark.parametrize(
    ("metrics", "passed", "said"),
    [
        (GOOD, True, "there is no champion yet"),
        ({**GOOD, "auc": 0.55}, False, "AUC 0.55 is under the bound 0.6"),
        ({**GOOD, "calibration_p": 1e-9}, False, "its chances do not come true"),
        ({**GOOD, "calibration_p": float("nan")}, False, "its chances do not come true"),
        ({**GOOD, "champion_auc": 0.77}, True, "beats the champion's 0.77"),
        ({**GOOD, "champion_auc": 0.79}, False, "loses to the champion's 0.79"),
    ],
)
def test_a_model_serves_whose_chances_come_true_and_that_orders_better(run, metrics, passed, said):
    verdict = spec.verdict(run, metrics, None)
    assert verdict.passed is passed
    assert said in verdict.reason


def test_the_winner_is_put_in_service(run):
    champion = {"artifact": "s3://b/old.tar.gz", "package": "old"}
    better = {"better": True, "package": "new", "reason": "AUC 0.8"}
    assert spec.winner(run, "s3://b/new.tar.gz", champion, better) == {
        "artifact": "s3://b/new.tar.gz",
        "package": "new",
    }
    worse = {**better, "better": False}
    # The loser's package is rejected already: nothing is to be decided about it any more.
    assert spec.winner(run, "s3://b/new.tar.gz", champion, worse) == {
        "artifact": "s3://b/old.tar.gz",
        "package": None,
    }


def test_without_any_good_model_the_run_ends_with_the_reason(run):
    nobody = {"artifact": None, "package": None}
    lost = {"better": False, "package": "new", "reason": "AUC 0.5 is under the bound 0.6"}
    with pytest.raises(ValueError, match=r"no model can serve .*AUC 0.5 is under the bound 0.6"):
        spec.winner(run, "s3://b/new.tar.gz", nobody, lost)
