"""Hyperparameter tuning jobs through boto3: real training jobs, and what is learned from them."""

import json
import logging
import re
import statistics
import time

import pytest

from local.aws.services.sagemaker import context, tuning
from tests.local.aws.sagemaker.account import TRUST, until
from tests.local.aws.sagemaker.shapes import problems

X = {"Name": "x", "MinValue": "0", "MaxValue": "10"}
ONE = {"ContinuousParameterRanges": [X]}
LOSS = "print(f\"loss={(float(hp['x']) - 3) ** 2}\")"
WAITS = "import time; print('loss=1', flush=True); time.sleep(600)"


def _tune(account, name, code, ranges, **options):
    account.sagemaker.create_hyper_parameter_tuning_job(
        **account.tuning_request(name, code, ranges, **options)
    )
    return account.tuned(name)


def _jobs(account, name, **options):
    answer = account.sagemaker.list_training_jobs_for_hyper_parameter_tuning_job(
        HyperParameterTuningJobName=name, **options
    )
    assert problems("ListTrainingJobsForHyperParameterTuningJob", answer) == []
    return answer["TrainingJobSummaries"]


def _value(summary):
    return summary["FinalHyperParameterTuningJobObjectiveMetric"]["Value"]


@pytest.fixture(scope="module")
def random_search(account):
    ranges = {
        "ContinuousParameterRanges": [X],
        "IntegerParameterRanges": [{"Name": "n", "MinValue": "1", "MaxValue": "3"}],
        "CategoricalParameterRanges": [{"Name": "c", "Values": ["red", "blue"]}],
    }
    code = "assert 1 <= int(hp['n']) <= 3 and hp['c'] in ('red', 'blue')\n" + LOSS
    request = account.tuning_request("random", code, ranges, jobs=5, parallel=2, RandomSeed=3)
    tags = [{"Key": "millrace:dag", "Value": "abalone"}]
    arn = account.sagemaker.create_hyper_parameter_tuning_job(**request, Tags=tags)[
        "HyperParameterTuningJobArn"
    ]
    job = account.tuned("random")
    assert job["HyperParameterTuningJobArn"] == arn
    return job


def test_the_best_of_all_training_jobs_is_told(account, random_search):
    assert problems("DescribeHyperParameterTuningJob", random_search) == []
    assert random_search["HyperParameterTuningJobStatus"] == "Completed", random_search
    assert random_search["TrainingJobStatusCounters"] == {
        "Completed": 5,
        "InProgress": 0,
        "RetryableError": 0,
        "NonRetryableError": 0,
        "Stopped": 0,
    }
    assert random_search["ObjectiveStatusCounters"] == {"Succeeded": 5, "Pending": 0, "Failed": 0}
    jobs = _jobs(account, "random")
    best = random_search["BestTrainingJob"]
    assert best == min(jobs, key=_value)
    assert _value(best) == pytest.approx((float(best["TunedHyperParameters"]["x"]) - 3) ** 2)
    assert set(best["TunedHyperParameters"]) == {"x", "n", "c"}
    assert random_search["CreationTime"] <= best["CreationTime"]
    assert best["TrainingEndTime"] <= random_search["HyperParameterTuningEndTime"]
    assert random_search["ConsumedResources"]["RuntimeInSeconds"] >= 1


def test_its_training_jobs_are_like_all_others(account, random_search):
    jobs = _jobs(account, "random")
    assert [re.fullmatch(r"random-(\d{3})-[0-9a-f]{8}", j["TrainingJobName"]).group(1) for j in jobs] == [
        "001",
        "002",
        "003",
        "004",
        "005",
    ]
    job = account.sagemaker.describe_training_job(TrainingJobName=jobs[0]["TrainingJobName"])
    assert problems("DescribeTrainingJob", job) == []
    assert job["TuningJobArn"] == random_search["HyperParameterTuningJobArn"]
    given = dict(job["HyperParameters"])
    assert given.pop("code").endswith(LOSS)
    assert given.pop("_tuning_objective_metric") == "loss"
    assert given == jobs[0]["TunedHyperParameters"]
    tags = account.sagemaker.list_tags(ResourceArn=job["TrainingJobArn"])["Tags"]
    assert tags == [{"Key": "millrace:dag", "Value": "abalone"}]
    assert tags == account.sagemaker.list_tags(ResourceArn=job["TuningJobArn"])["Tags"]
    artifact = job["ModelArtifacts"]["S3ModelArtifacts"]
    assert artifact == f"s3://{account.bucket}/models/{job['TrainingJobName']}/output/model.tar.gz"


def test_the_training_jobs_of_a_tuning_job_are_listed_in_any_order(account, random_search):
    values = [_value(job) for job in _jobs(account, "random", SortBy="FinalObjectiveMetricValue")]
    assert values == sorted(values)
    assert len(values) == 5
    newest = _jobs(account, "random", SortBy="CreationTime", SortOrder="Descending", MaxResults=1)
    assert newest[0]["TrainingJobName"].startswith("random-005-")
    assert _jobs(account, "random", StatusEquals="Failed") == []
    listed = account.sagemaker.list_hyper_parameter_tuning_jobs(
        NameContains="random", StatusEquals="Completed"
    )
    assert problems("ListHyperParameterTuningJobs", listed) == []
    [summary] = listed["HyperParameterTuningJobSummaries"]
    assert (summary["HyperParameterTuningJobName"], summary["Strategy"]) == ("random", "Random")
    assert summary["ResourceLimits"]["MaxNumberOfTrainingJobs"] == 5
    after = {"LastModifiedTimeAfter": random_search["LastModifiedTime"]}
    later = account.sagemaker.list_hyper_parameter_tuning_jobs(NameContains="random", **after)
    assert later["HyperParameterTuningJobSummaries"] == []


def test_a_seed_repeats_a_search(account, random_search):
    assert random_search["HyperParameterTuningJobConfig"]["RandomSeed"] == 3
    points = []
    for name, seed in (("seeded-1", 11), ("seeded-2", 11), ("seeded-3", 12)):
        _tune(account, name, LOSS, ONE, jobs=2, parallel=1, RandomSeed=seed)
        points.append([job["TunedHyperParameters"] for job in _jobs(account, name)])
    assert points[0] == points[1] != points[2]


def test_a_grid_is_every_combination_once(account):
    ranges = {
        "CategoricalParameterRanges": [
            {"Name": "x", "Values": ["1", "3", "9"]},
            {"Name": "c", "Values": ["red", "blue"]},
        ]
    }
    request = account.tuning_request("grid", LOSS, ranges, parallel=3, strategy="Grid")
    del request["HyperParameterTuningJobConfig"]["ResourceLimits"]["MaxNumberOfTrainingJobs"]
    account.sagemaker.create_hyper_parameter_tuning_job(**request)
    job = account.tuned("grid")
    assert job["HyperParameterTuningJobConfig"]["ResourceLimits"]["MaxNumberOfTrainingJobs"] == 6
    tried = {(j["TunedHyperParameters"]["x"], j["TunedHyperParameters"]["c"]) for j in _jobs(account, "grid")}
    assert tried == {(x, c) for x in "139" for c in ("red", "blue")}
    assert job["BestTrainingJob"]["TunedHyperParameters"]["x"] == "3"
    assert _value(job["BestTrainingJob"]) == 0


def test_bayesian_search_learns_from_its_training_jobs(account):
    """With the seed all is fixed: three points are random, the last ones are better."""
    job = _tune(account, "bayesian", LOSS, ONE, jobs=12, parallel=1, strategy="Bayesian", RandomSeed=0)
    values = [_value(job) for job in _jobs(account, "bayesian")]
    assert _value(job["BestTrainingJob"]) == min(values) < min(values[:3])
    assert statistics.median(values[-6:]) < statistics.median(values[:3])


def test_maximize(account):
    objective = {"Type": "Maximize", "MetricName": "loss"}
    job = _tune(
        account, "largest", LOSS, ONE, jobs=3, RandomSeed=1, HyperParameterTuningJobObjective=objective
    )
    assert job["BestTrainingJob"] == max(_jobs(account, "largest"), key=_value)


def test_no_more_training_jobs_are_in_progress_than_may(account):
    code = f"import time; time.sleep(0.5)\n{LOSS}"
    request = account.tuning_request("narrow", code, ONE, jobs=4, parallel=2)
    account.sagemaker.create_hyper_parameter_tuning_job(**request)
    seen = []

    def look():
        job = account.sagemaker.describe_hyper_parameter_tuning_job(HyperParameterTuningJobName="narrow")
        seen.append(job["TrainingJobStatusCounters"]["InProgress"])
        return job

    until(look, lambda job: job["HyperParameterTuningJobStatus"] == "Completed")
    assert max(seen) == 2
    jobs = _jobs(account, "narrow", SortBy="CreationTime")
    # The third is started when one of the first two has ended, the fourth when two have.
    ends = sorted(job["TrainingEndTime"] for job in jobs)
    assert jobs[2]["CreationTime"] >= ends[0]
    assert jobs[3]["CreationTime"] >= ends[1]


def test_a_point_is_chosen_by_what_has_ended_only(account, caplog):
    """The log names the results that each point was chosen by, and which points ran then."""
    code = f"import time; time.sleep(0.2)\n{LOSS}"
    with caplog.at_level(logging.INFO):
        _tune(account, "logged", code, ONE, jobs=7, parallel=2, strategy="Bayesian")
    pattern = (
        r"logged proposes point (\d+) by the results of points (\[.*?\]) and 0 of .* points (\[.*?\]) run"
    )
    found = [
        (record.created, *map(json.loads, match.groups()))
        for record in caplog.records
        if (match := re.search(pattern, record.getMessage()))
    ]
    assert [number for _, number, _, _ in found] == list(range(1, 8))
    ends = {n: job["TrainingEndTime"].timestamp() for n, job in enumerate(_jobs(account, "logged"), 1)}
    for when, number, finished, running in found:
        assert len(running) < 2
        assert not set(finished) & set(running)
        assert all(ends[other] <= when for other in finished)
        # Until there are three results, points are random.
        ended = set(range(1, number)) - set(running)
        assert set(finished) == (ended if len(ended) >= 3 else set())


EPOCHS = """
import time
for epoch in range(200 if float(hp["x"]) > 5 else 3):
    print(f"loss={(float(hp['x']) - 3) ** 2 - epoch / 100}", flush=True)
    time.sleep(0.05)
"""


def test_training_jobs_that_fall_behind_are_stopped_early(account):
    ranges = {"CategoricalParameterRanges": [{"Name": "x", "Values": ["4", "9", "2"]}]}
    early = {"TrainingJobEarlyStoppingType": "Auto"}
    job = _tune(account, "early", EPOCHS, ranges, jobs=3, parallel=1, strategy="Grid", **early)
    assert job["HyperParameterTuningJobStatus"] == "Completed"
    first, behind, last = _jobs(account, "early")
    assert [j["TrainingJobStatus"] for j in (first, behind, last)] == ["Completed", "Stopped", "Completed"]
    assert behind["ObjectiveStatus"] == "Succeeded"
    assert 30 < _value(behind) <= 36
    assert job["TrainingJobStatusCounters"]["Stopped"] == 1
    assert job["ObjectiveStatusCounters"] == {"Succeeded": 3, "Pending": 0, "Failed": 0}


def test_a_target_that_is_reached_completes_the_job(account):
    code = f"import time\nif float(hp['x']) > 5:\n    time.sleep(600)\n{LOSS}"
    ranges = {"CategoricalParameterRanges": [{"Name": "x", "Values": ["9", "3", "4"]}]}
    criteria = {"TuningJobCompletionCriteria": {"TargetObjectiveMetricValue": 0.5}}
    job = _tune(account, "target", code, ranges, jobs=3, parallel=2, strategy="Grid", **criteria)
    assert job["HyperParameterTuningJobStatus"] == "Completed"
    assert [j["TrainingJobStatus"] for j in _jobs(account, "target")] == ["Stopped", "Completed"]
    assert job["BestTrainingJob"]["TunedHyperParameters"] == {"x": "3"}


def test_training_jobs_that_do_not_improve_complete_the_job(account):
    ranges = {"CategoricalParameterRanges": [{"Name": "x", "Values": ["3", "4", "5", "6", "7", "8"]}]}
    criteria = {"BestObjectiveNotImproving": {"MaxNumberOfTrainingJobsNotImproving": 3}}
    options = {"strategy": "Grid", "TuningJobCompletionCriteria": criteria}
    job = _tune(account, "flat", LOSS, ranges, jobs=6, parallel=1, **options)
    assert job["HyperParameterTuningJobStatus"] == "Completed"
    assert job["TuningJobCompletionDetails"] == {"NumberOfTrainingJobsObjectiveNotImproving": 3}
    assert job["TrainingJobStatusCounters"]["Completed"] == 4


def test_tuning_jobs_take_no_places_from_their_training_jobs(account):
    """Four tuning jobs in the two places for jobs would wait for ever."""
    names = [f"crowd-{n}" for n in range(4)]
    for name in names:
        request = account.tuning_request(name, LOSS, ONE, jobs=2, parallel=2)
        account.sagemaker.create_hyper_parameter_tuning_job(**request)
    assert {account.tuned(name)["HyperParameterTuningJobStatus"] for name in names} == {"Completed"}


def test_failed_training_jobs_are_counted_and_do_not_fail_the_others(account):
    ranges = {"CategoricalParameterRanges": [{"Name": "x", "Values": ["1", "2", "bad", "4"]}]}
    job = _tune(account, "some-fail", LOSS, ranges, jobs=4, strategy="Grid")
    assert job["HyperParameterTuningJobStatus"] == "Completed"
    assert job["TrainingJobStatusCounters"]["NonRetryableError"] == 1
    assert job["TrainingJobStatusCounters"]["Completed"] == 3
    assert job["ObjectiveStatusCounters"] == {"Succeeded": 3, "Pending": 0, "Failed": 1}
    [failed] = _jobs(account, "some-fail", StatusEquals="Failed")
    assert failed["ObjectiveStatus"] == "Failed"
    assert failed["FailureReason"].startswith("AlgorithmError: ValueError: could not convert")
    assert failed not in _jobs(account, "some-fail", SortBy="FinalObjectiveMetricValue")
    assert len(_jobs(account, "some-fail", SortBy="FinalObjectiveMetricValue")) == 3


def test_five_failures_and_no_success_fail_the_job(account):
    job = _tune(account, "all-fail", "raise ValueError('no')", ONE, jobs=9, parallel=1)
    assert job["HyperParameterTuningJobStatus"] == "Failed"
    assert job["FailureReason"] == (
        "No training job succeeded after 5 attempts. Please take a look at the training job failures to get "
        "more details."
    )
    assert len(_jobs(account, "all-fail")) == 5
    assert "BestTrainingJob" not in job
    assert problems("DescribeHyperParameterTuningJob", job) == []


def test_an_objective_that_is_never_printed_fails_the_job(account):
    job = _tune(account, "silent", "print('gain=1')", ONE, jobs=2)
    assert job["HyperParameterTuningJobStatus"] == "Failed"
    assert job["FailureReason"].startswith("No objective metrics found after running 2 training jobs.")
    assert job["TrainingJobStatusCounters"]["Completed"] == 2
    assert job["ObjectiveStatusCounters"] == {"Succeeded": 0, "Pending": 0, "Failed": 2}


def test_stop_stops_its_training_jobs(account):
    request = account.tuning_request("stops", WAITS, ONE, jobs=8, parallel=4)
    account.sagemaker.create_hyper_parameter_tuning_job(**request)
    # Two train and two wait for a place.
    until(lambda: account.log("/aws/sagemaker/TrainingJobs", "stops-"), lambda lines: len(lines) == 2)
    account.sagemaker.stop_hyper_parameter_tuning_job(HyperParameterTuningJobName="stops")
    job = account.tuned("stops")
    assert job["HyperParameterTuningJobStatus"] == "Stopped"
    assert job["TrainingJobStatusCounters"]["Stopped"] == 4
    assert job["ObjectiveStatusCounters"] == {"Succeeded": 2, "Pending": 0, "Failed": 2}
    assert {j["TrainingJobStatus"] for j in _jobs(account, "stops")} == {"Stopped"}
    assert "BestTrainingJob" not in job, "it may have no model"
    assert problems("DescribeHyperParameterTuningJob", job) == []
    with pytest.raises(account.sagemaker.exceptions.ClientError, match="is in status Stopped"):
        account.sagemaker.stop_hyper_parameter_tuning_job(HyperParameterTuningJobName="stops")


def test_a_full_quota_of_training_jobs_is_waited_for(account, monkeypatch):
    account.sagemaker.create_training_job(**account.training_request("takes-it", WAITS))
    monkeypatch.setattr(context.current(), "quota", 1)
    request = account.tuning_request("patient", LOSS, ONE, jobs=1)
    account.sagemaker.create_hyper_parameter_tuning_job(**request)
    describe = account.sagemaker.describe_hyper_parameter_tuning_job
    job = describe(HyperParameterTuningJobName="patient")
    assert job["HyperParameterTuningJobStatus"] == "InProgress"
    assert job["TrainingJobStatusCounters"]["InProgress"] == 0
    account.sagemaker.stop_training_job(TrainingJobName="takes-it")
    assert account.tuned("patient")["TrainingJobStatusCounters"]["Completed"] == 1
    [waited] = _jobs(account, "patient")
    assert waited["CreationTime"] >= account.trained("takes-it")["TrainingEndTime"]


def test_a_search_that_waits_changes_nothing(account, monkeypatch):
    """Each change saves the state of the whole server."""
    monkeypatch.setattr(tuning, "WAIT_SECONDS", 0.05)
    request = account.tuning_request("idle", WAITS, ONE, jobs=2, parallel=1)
    account.sagemaker.create_hyper_parameter_tuning_job(**request)

    def look():
        return account.sagemaker.describe_hyper_parameter_tuning_job(HyperParameterTuningJobName="idle")

    seen = until(look, lambda job: job["TrainingJobStatusCounters"]["InProgress"] == 1)
    time.sleep(0.5)
    assert look()["LastModifiedTime"] == seen["LastModifiedTime"]
    account.sagemaker.stop_hyper_parameter_tuning_job(HyperParameterTuningJobName="idle")
    account.tuned("idle")


def test_a_training_job_that_is_refused_ends_the_others(account, tmp_path):
    role = account.iam.create_role(RoleName="brief", AssumeRolePolicyDocument=json.dumps(TRUST))["Role"]
    flag = tmp_path / "role-is-gone"
    code = f"""
import pathlib, time
while hp["x"] == "600" or not pathlib.Path({str(flag)!r}).exists():
    time.sleep(0.05)
"""
    ranges = {"CategoricalParameterRanges": [{"Name": "x", "Values": ["1", "600", "2"]}]}
    request = account.tuning_request("refused", code, ranges, jobs=3, parallel=2, strategy="Grid")
    request["TrainingJobDefinition"]["RoleArn"] = role["Arn"]
    account.sagemaker.create_hyper_parameter_tuning_job(**request)
    until(lambda: _jobs(account, "refused"), lambda jobs: len(jobs) == 2)
    account.iam.delete_role(RoleName="brief")
    flag.touch()
    job = account.tuned("refused")
    assert job["HyperParameterTuningJobStatus"] == "Failed"
    assert job["FailureReason"].startswith(f"ClientError: Could not assume role {role['Arn']}.")
    counters = job["TrainingJobStatusCounters"]
    assert (counters["Completed"], counters["Stopped"], counters["InProgress"]) == (1, 1, 0)


def test_checkpoints_are_kept_apart(account):
    request = account.tuning_request("apart", LOSS, ONE, jobs=2)
    uri = f"s3://{account.bucket}/checkpoints/"
    request["TrainingJobDefinition"]["CheckpointConfig"] = {"S3Uri": uri}
    account.sagemaker.create_hyper_parameter_tuning_job(**request)
    account.tuned("apart")
    for summary in _jobs(account, "apart"):
        job = account.sagemaker.describe_training_job(TrainingJobName=summary["TrainingJobName"])
        assert job["CheckpointConfig"]["S3Uri"] == f"{uri}{summary['TrainingJobName']}"


def _refusal(call, **request):
    with pytest.raises(Exception) as caught:  # noqa: PT011
        call(**request)
    error = caught.value.response["Error"]
    return error["Code"], error["Message"]


def _range(kind, low, high, scaling="Auto"):
    entry = {"Name": "x", "MinValue": low, "MaxValue": high, "ScalingType": scaling}
    return {f"{kind}ParameterRanges": [entry]}


CONFIG = "HyperParameterTuningJobConfig"
REFUSED = [
    ("HyperParameterTuningJobName", "x" * 33, "Member must have length less than or equal to 32"),
    (f"{CONFIG}.Strategy", "Hyperband", "Strategy Hyperband is not supported"),
    (f"{CONFIG}.Strategy", "Guess", "enum value set: [Bayesian, Random, Hyperband, Grid]"),
    (f"{CONFIG}.Strategy", "Grid", "Strategy Grid needs categorical ranges only, and x has none"),
    (f"{CONFIG}.ResourceLimits", {"MaxParallelTrainingJobs": 1}, "MaxNumberOfTrainingJobs is required"),
    (f"{CONFIG}.HyperParameterTuningJobObjective", None, "HyperParameterTuningJobObjective is required"),
    (
        f"{CONFIG}.HyperParameterTuningJobObjective.MetricName",
        "gain",
        "A metric is required for this hyperparameter tuning job objective",
    ),
    (f"{CONFIG}.ParameterRanges", {}, "holds no range"),
    (f"{CONFIG}.ParameterRanges", None, "holds no range"),
    (f"{CONFIG}.ParameterRanges", _range("Continuous", "a", "1"), "of x must be numbers"),
    (f"{CONFIG}.ParameterRanges", _range("Continuous", "0", "inf"), "of x must be finite"),
    (f"{CONFIG}.ParameterRanges", _range("Integer", "0.5", "2"), "of x must be numbers"),
    (f"{CONFIG}.ParameterRanges", _range("Integer", "3", "2"), "is greater than MaxValue 2"),
    (f"{CONFIG}.ParameterRanges", _range("Integer", "0", "2", "Logarithmic"), "needs values greater than 0"),
    (f"{CONFIG}.ParameterRanges", _range("Integer", "0", "2", "ReverseLogarithmic"), "needs 0 <= x < 1"),
    (f"{CONFIG}.ParameterRanges", _range("Continuous", "0", "1", "ReverseLogarithmic"), "needs 0 <= x < 1"),
    (
        f"{CONFIG}.ParameterRanges",
        {**ONE, "CategoricalParameterRanges": [{"Name": "x", "Values": ["a"]}]},
        "Hyperparameter x has more than one range",
    ),
    ("WarmStartConfig", {"ParentHyperParameterTuningJobs": [{}]}, "warmStartType"),
    (
        f"{CONFIG}.TuningJobCompletionCriteria",
        {"ConvergenceDetected": {"CompleteOnConvergence": "Enabled"}},
        "TuningJobCompletionCriteria.ConvergenceDetected is not supported",
    ),
    ("TrainingJobDefinition", None, "TrainingJobDefinition is required"),
    ("TrainingJobDefinition.StaticHyperParameters", {"x": "1"}, "x is both tuned and static"),
    ("TrainingJobDefinition.RoleArn", "arn:aws:iam::123456789012:role/nobody", "the role exists"),
    ("TrainingJobDefinition.AlgorithmSpecification.TrainingImage", "x/unheard-of", "Images here: tiny"),
    ("TrainingJobDefinition.ResourceConfig", None, "ResourceConfig is required"),
]


@pytest.mark.parametrize(("path", "value", "says"), REFUSED)
def test_refused_requests(account, path, value, says):
    request = account.tuning_request("never-made", LOSS, ONE)
    *parents, last = path.split(".")
    target = request
    for name in parents:
        target = target[name]
    if value is None:
        target.pop(last)
    else:
        target[last] = value
    code, message = _refusal(account.sagemaker.create_hyper_parameter_tuning_job, **request)
    assert (code, says in message) == ("ValidationException", True), message
    found = account.sagemaker.list_hyper_parameter_tuning_jobs(NameContains="never-made")
    assert found["HyperParameterTuningJobSummaries"] == []


def test_several_definitions_are_refused(account):
    request = account.tuning_request("never-made", LOSS, ONE)
    request["TrainingJobDefinitions"] = [request.pop("TrainingJobDefinition")]
    code, message = _refusal(account.sagemaker.create_hyper_parameter_tuning_job, **request)
    assert (code, message.split(" is ")[0]) == ("ValidationException", "TrainingJobDefinitions")


def test_a_grid_has_its_own_number_of_training_jobs(account):
    ranges = {"CategoricalParameterRanges": [{"Name": "x", "Values": ["1", "2"]}]}
    request = account.tuning_request("never-made", LOSS, ranges, jobs=3, strategy="Grid")
    _, message = _refusal(account.sagemaker.create_hyper_parameter_tuning_job, **request)
    assert message.startswith("MaxNumberOfTrainingJobs is 3 and the grid has 2 combinations")


def test_a_name_is_used_once(account, random_search):
    request = account.tuning_request("random", LOSS, ONE)
    code, message = _refusal(account.sagemaker.create_hyper_parameter_tuning_job, **request)
    arn = "arn:aws:sagemaker:us-east-1:123456789012:hyper-parameter-tuning-job/random"
    assert code == "ResourceInUse"
    assert message.endswith(f"and a hyperparameter tuning job with this name already exists ({arn})")


def test_an_unknown_job(account):
    sm = account.sagemaker
    for call in (
        sm.describe_hyper_parameter_tuning_job,
        sm.stop_hyper_parameter_tuning_job,
        sm.list_training_jobs_for_hyper_parameter_tuning_job,
    ):
        code, message = _refusal(call, HyperParameterTuningJobName="ghost")
        assert code == "ResourceNotFound"
        assert message == "Amazon SageMaker can't find a tuning job called ghost. Type another name."
