"""Tuning jobs that learn from others, and what may not differ between them."""

import copy
import logging

import pytest

from tests.local.aws.sagemaker.account import until
from tests.local.aws.sagemaker.shapes import problems

X = {"Name": "x", "MinValue": "0", "MaxValue": "10"}
C = {"Name": "c", "Values": ["red", "blue"]}
RANGES = {"ContinuousParameterRanges": [X], "CategoricalParameterRanges": [C]}
LOSS = "print(f\"loss={(float(hp['x']) - 3) ** 2 + (hp['c'] == 'red')}\")"
DEFINITION, CONFIG = "TrainingJobDefinition", "HyperParameterTuningJobConfig"


def _request(account, name, ranges=RANGES, *, parents=("parent",), kind="TransferLearning", **options):
    request = account.tuning_request(name, LOSS, ranges, **{"jobs": 2, "parallel": 1} | options)
    if parents:
        names = [{"HyperParameterTuningJobName": parent} for parent in parents]
        request["WarmStartConfig"] = {"ParentHyperParameterTuningJobs": names, "WarmStartType": kind}
    return request


def _tune(account, request):
    account.sagemaker.create_hyper_parameter_tuning_job(**request)
    job = account.tuned(request["HyperParameterTuningJobName"])
    assert problems("DescribeHyperParameterTuningJob", job) == []
    return job


@pytest.fixture(scope="module")
def parent(account):
    """Six random training jobs."""
    return _tune(account, _request(account, "parent", parents=(), jobs=6, parallel=2, RandomSeed=1))


def _value(summary):
    return summary["FinalHyperParameterTuningJobObjectiveMetric"]["Value"]


def test_the_best_of_all_is_told_where_data_and_algorithm_are_the_same(account, parent, caplog):
    request = _request(account, "same", kind="IdenticalDataAndAlgorithm", strategy="Bayesian", RandomSeed=1)
    with caplog.at_level(logging.INFO):
        job = _tune(account, request)
    assert job["WarmStartConfig"] == request["WarmStartConfig"]
    overall = job["OverallBestTrainingJob"]
    bests = {"parent": parent["BestTrainingJob"], "same": job["BestTrainingJob"]}
    name, best = min(bests.items(), key=lambda item: _value(item[1]))
    assert overall == {**best, "TuningJobName": name}
    assert "same proposes point 1 by the results of points [] and 6 of its parents' while" in caplog.text


def test_only_what_the_ranges_hold_is_learned(account, parent, caplog):
    """What was tuned and is static now must have had its value of now."""
    listed = account.sagemaker.list_training_jobs_for_hyper_parameter_tuning_job(
        HyperParameterTuningJobName="parent"
    )["TrainingJobSummaries"]
    tried = [job["TunedHyperParameters"] for job in listed]
    fitting = [point for point in tried if float(point["x"]) <= 8 and point["c"] == "red"]
    assert 0 < len(fitting) < len(tried)
    ranges = {"ContinuousParameterRanges": [{**X, "MaxValue": "8"}]}
    request = _request(account, "narrower", ranges, jobs=12, strategy="Bayesian")
    request[CONFIG]["ResourceLimits"]["MaxNumberOfTrainingJobs"] = 4
    request[DEFINITION]["StaticHyperParameters"]["c"] = "red"
    with caplog.at_level(logging.INFO):
        job = _tune(account, request)
    assert "OverallBestTrainingJob" not in job
    last = [record.getMessage() for record in caplog.records if "narrower proposes" in record.getMessage()][
        -1
    ]
    assert f"points [1, 2, 3] and {len(fitting)} of its parents'" in last


def _changed(request, path, value):
    request, (*parents, last) = copy.deepcopy(request), path.split(".")
    target = request
    for name in parents:
        target = target[name]
    target[last] = value
    return request


STATIC = f"{DEFINITION}.StaticHyperParameters"
PARENTS = "WarmStartConfig.ParentHyperParameterTuningJobs"
OBJECTIVE = f"{CONFIG}.HyperParameterTuningJobObjective"
REFUSED = [
    ("WarmStartConfig.WarmStartType", "Hot", "enum value set: [IdenticalDataAndAlgorithm, TransferLearning]"),
    (PARENTS, [], "length greater than or equal to 1"),
    (PARENTS, [{"HyperParameterTuningJobName": f"p{n}"} for n in range(6)], "less than or equal to 5"),
    (PARENTS, [{"HyperParameterTuningJobName": "ghost"}], "Parent hyperparameter tuning job ghost does not"),
    (f"{CONFIG}.Strategy", "Grid", "WarmStartConfig does not go with strategy Grid"),
    (f"{OBJECTIVE}.Type", "Maximize", "The objective metric is not the same across current and parent"),
    (
        f"{STATIC}.more",
        "1",
        "The set of tunable plus static HyperParameter names is not the same across current and parent",
    ),
    (
        f"{CONFIG}.ParameterRanges",
        {"IntegerParameterRanges": [X], "CategoricalParameterRanges": [C]},
        "The type of hyperparameter x is not the same across current and parent tuning jobs",
    ),
    (f"{DEFINITION}.EnableNetworkIsolation", True, "Only the following fields in TrainingJobDefinition"),
]


@pytest.mark.parametrize(("path", "value", "says"), REFUSED)
def test_what_may_not_differ(account, parent, path, value, says):
    if value == "Grid":
        ranges = {"CategoricalParameterRanges": [{"Name": "x", "Values": ["1", "2"]}, C]}
        request = _request(account, "never-made", ranges, jobs=4, strategy="Grid")
    else:
        request = _changed(_request(account, "never-made"), path, value)
    with pytest.raises(account.sagemaker.exceptions.ClientError) as caught:
        account.sagemaker.create_hyper_parameter_tuning_job(**request)
    error = caught.value.response["Error"]
    assert (error["Code"], says in error["Message"]) == ("ValidationException", True), error


def test_identical_data_are_the_same_channels(account, parent):
    channel = {"ChannelName": "train", "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix"}}}
    channel["DataSource"]["S3DataSource"]["S3Uri"] = account.put("warm/data")
    request = _request(account, "other-data", kind="IdenticalDataAndAlgorithm", jobs=1)
    request[DEFINITION]["InputDataConfig"] = [channel]
    with pytest.raises(account.sagemaker.exceptions.ClientError, match="needs the InputDataConfig and the"):
        account.sagemaker.create_hyper_parameter_tuning_job(**request)
    request["WarmStartConfig"]["WarmStartType"] = "TransferLearning"
    assert _tune(account, request)["HyperParameterTuningJobStatus"] == "Completed"


def test_ten_values_of_static_hyperparameters_may_change(account):
    """Two for each that has another value, and one for each value that could be chosen before."""
    one = {"CategoricalParameterRanges": [{"Name": "x", "Values": ["1", "2", "3", "4"]}]}
    names = [f"h{n}" for n in range(5)]
    first = _request(account, "many", one, parents=(), jobs=1)
    first[DEFINITION]["StaticHyperParameters"] |= {"c": "red", "y": "1", **dict.fromkeys(names, "1")}
    _tune(account, first)
    second = _request(
        account, "changed", {"ContinuousParameterRanges": [{**X, "Name": "y"}]}, parents=["many"]
    )
    static = second[DEFINITION]["StaticHyperParameters"]
    static |= {"c": "red", "x": "4", **dict.fromkeys(names, "1"), "h0": "2", "h1": "2", "h2": "2"}
    assert _tune(account, second)["HyperParameterTuningJobStatus"] == "Completed"
    static["h3"] = "2"
    second["HyperParameterTuningJobName"] = "too-many"
    with pytest.raises(account.sagemaker.exceptions.ClientError, match="12 values of static hyperparameters"):
        account.sagemaker.create_hyper_parameter_tuning_job(**second)


def test_a_parent_that_runs_is_refused(account):
    request = _request(account, "runs", parents=(), jobs=1)
    static = request[DEFINITION]["StaticHyperParameters"]
    static["code"] = "import time; time.sleep(600)"
    account.sagemaker.create_hyper_parameter_tuning_job(**request)
    child = _request(account, "too-soon", parents=["runs"])
    with pytest.raises(account.sagemaker.exceptions.ClientError, match="runs is in status InProgress"):
        account.sagemaker.create_hyper_parameter_tuning_job(**child)
    account.sagemaker.stop_hyper_parameter_tuning_job(HyperParameterTuningJobName="runs")
    until(lambda: account.tuned("runs"), bool)
