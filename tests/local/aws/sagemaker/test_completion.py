"""What ends a tuning job early, by itself; with training jobs it is tried in test_tuning."""

import pytest

from local.aws.services.sagemaker.completion import Completion


def _completion(goal="Minimize", limits=None, **criteria):
    return Completion.of(
        {
            "HyperParameterTuningJobObjective": {"Type": goal, "MetricName": "loss"},
            "ResourceLimits": {"MaxNumberOfTrainingJobs": 9, **(limits or {})},
            "TuningJobCompletionCriteria": criteria,
        }
    )


def test_without_criteria_nothing_is_enough():
    assert _completion().reason([0.0] * 100, 1e9) is None


@pytest.mark.parametrize(
    ("goal", "values", "reached"),
    [
        ("Minimize", [0.3, 0.11], False),
        ("Minimize", [0.3, 0.1, 0.4], True),
        ("Maximize", [0.05], False),
        ("Maximize", [0.05, 0.2], True),
    ],
)
def test_the_target_is_reached_by_one_training_job(goal, values, reached):
    reason = _completion(goal, TargetObjectiveMetricValue=0.1).reason(values, 0)
    assert (reason == "a training job has reached TargetObjectiveMetricValue, 0.1") is reached


@pytest.mark.parametrize(
    ("goal", "values", "count"),
    [
        ("Minimize", [], 0),
        ("Minimize", [5.0], 0),
        ("Minimize", [5.0, 6.0, 4.96, 5.0], 3),
        ("Minimize", [5.0, 6.0, 4.95], 0),
        ("Maximize", [5.0, 5.04, 5.06, 4.0], 1),
        ("Minimize", [-5.0, -5.04], 1),
        ("Minimize", [-5.0, -5.05], 0),
        ("Minimize", [0.0, 0.0], 1),
    ],
)
def test_who_is_not_better_by_one_per_cent_does_not_improve(goal, values, count):
    completion = _completion(goal, BestObjectiveNotImproving={"MaxNumberOfTrainingJobsNotImproving": 3})
    assert completion.not_improving(values) == count
    assert (completion.reason(values, 0) is not None) is (count >= 3)


def test_the_time_is_up():
    completion = _completion(limits={"MaxRuntimeInSeconds": 120})
    assert completion.reason([], 119) is None
    assert completion.reason([], 120) == "it has run for MaxRuntimeInSeconds, 120"
