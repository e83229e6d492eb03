"""How far behind, and what is too far."""

from datetime import UTC, datetime

import pytest

from include.lag import Bound, Metric, exceeded, metric_request
from tests.include.test_requests import check

BOUNDS = [Bound("age", 60, "look"), Bound("dead", 0, "replay")]


def test_metrics_are_asked_for_as_aws_takes_it():
    metrics = [Metric("AWS/SQS", "ApproximateAgeOfOldestMessage", "QueueName", name) for name in ("a", "b")]
    made = check("GetMetricData", metric_request(metrics, datetime.now(UTC)), service="cloudwatch")
    assert [each["Id"] for each in made["MetricDataQueries"]] == ["m0", "m1"]


@pytest.mark.parametrize(
    ("values", "sentences"),
    [
        ({"age": 60.0, "dead": 0.0}, []),
        ({"age": 61.0, "dead": 0.0}, ["age is 61, over 60: look"]),
        ({"age": 61.0, "dead": 2.0}, ["age is 61, over 60: look", "dead is 2, over 0: replay"]),
        ({"age": None}, []),
    ],
)
def test_a_bound_that_is_exceeded_is_a_sentence(values, sentences):
    assert exceeded(values, BOUNDS) == sentences
