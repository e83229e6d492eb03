"""The median rule, by itself; with training jobs it is tried in test_tuning."""

import math

import pytest

from local.aws.services.sagemaker.early_stopping import falls_behind

PREVIOUS = [[4.0, 2.0, 0.0], [6.0, 4.0, 2.0], [9.0, 9.0, 9.0, 9.0]]
"""Running averages 4, 3, 2; 6, 5, 4; 9, 9, 9, 9: their medians are 6, 5, 4, 9."""


@pytest.mark.parametrize(
    ("values", "epoch"),
    [
        ([], None),
        ([6.0, 5.0, 4.0, 9.0], None),
        ([6.1], 1),
        ([1.0, 1.0, 4.1], 3),
        ([1.0, 1.0, 1.0, 9.1], 4),
        ([1.0, 1.0, 1.0, 1.0, 99.0], None),
        ([5.0, math.nan], 2),
        ([math.inf], 1),
    ],
)
def test_what_is_worse_than_the_median_of_the_running_averages_is_stopped(values, epoch):
    assert falls_behind(values, PREVIOUS, "Minimize") == epoch
    negative = [[-value for value in series] for series in PREVIOUS]
    assert falls_behind([-value for value in values], negative, "Maximize") == epoch


def test_an_epoch_is_compared_once_with_the_training_jobs_that_had_ended_then():
    assert falls_behind([9, 1], [[4, 2]], "Minimize") == 1
    assert falls_behind([9, 1], [[4, 2]], "Minimize", since=1) is None
    assert falls_behind([9, 9], [[4, 2]], "Minimize", since=1) == 2
    assert falls_behind([9, 9], [[4, 2]], "Minimize", since=2) is None


def test_nobody_is_compared_with_a_training_job_that_tells_its_objective_once():
    assert falls_behind([100.0], [[1.0], [2.0]], "Minimize") is None
    assert falls_behind([100.0], [[1.0], [2.0, 2.0]], "Minimize") == 1


def test_nobody_is_compared_with_one_that_has_diverged():
    assert falls_behind([100.0], [[math.nan, math.nan]], "Minimize") is None
    assert falls_behind([100.0], [[math.inf, 1.0], [2.0, 2.0]], "Minimize") == 1
