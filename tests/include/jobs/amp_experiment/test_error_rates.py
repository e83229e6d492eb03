"""The proof: of many experiments on the sample world, 3% is found as often as stated, and 0% as seldom."""

import json

import pytest

from tests.include.jobs.amp_experiment.conftest import HERE, SAMPLE, in_image

pytestmark = pytest.mark.slow

EXPERIMENTS, EVENTS = 200, 5_000_000
UNLIKELY = 1e-3
"""A rate is not what is stated where the binomial distribution makes what was seen so unlikely."""


@pytest.fixture(scope="module")
def simulated(shipped):
    return json.loads(in_image(HERE / "simulate.py", EXPERIMENTS, EVENTS, 0.03, path=[shipped, SAMPLE]))


@pytest.fixture(params=["engagement", "playback_minutes"])
def metric(request, simulated):
    return simulated["metrics"][request.param]


def test_an_uplift_of_3_percent_is_found_with_the_stated_power(metric):
    assert metric["power"] >= 0.75, "the world is too small to say anything"
    assert metric["found_p"] > UNLIKELY, metric


def test_where_there_is_none_one_is_found_at_the_stated_error_rate(metric):
    assert metric["false_p"] > UNLIKELY, metric


def test_the_interval_covers_the_planted_uplift(metric):
    assert metric["covered_p"] > UNLIKELY, metric
