"""The examples of AWS's own tables: what becomes of an alarm when data points are missing.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html
"""

import pytest

from local.aws.services.cloudwatch.evaluation import (
    ALARM,
    BREACHING,
    IGNORE,
    INSUFFICIENT_DATA,
    MISSING,
    NOT_BREACHING,
    OK,
    Rule,
)

KEPT = "as it was"
SIGNS = {"0": 0.0, "X": 9.0, "-": None}
TREATMENTS = (MISSING, IGNORE, BREACHING, NOT_BREACHING)


def cases(datapoints, table):
    return [
        (datapoints, data, treatment, state)
        for data, states in table.items()
        for treatment, state in zip(TREATMENTS, states, strict=True)
    ]


THREE_OF_THREE = {
    "0 - X - X": (OK, OK, OK, OK),
    "0 - - - -": (OK, OK, OK, OK),
    "- - - - -": (INSUFFICIENT_DATA, KEPT, ALARM, OK),
    "0 X X - X": (ALARM, ALARM, ALARM, ALARM),
    "- - X - -": (ALARM, KEPT, ALARM, OK),
    # It does not go off at once: the next one may be well.
    "- - - - X": (INSUFFICIENT_DATA, KEPT, ALARM, OK),
    "- - - X -": (INSUFFICIENT_DATA, KEPT, ALARM, OK),
}
TWO_OF_THREE = {
    "0 - X - X": (ALARM, ALARM, ALARM, ALARM),
    "0 0 X 0 X": (ALARM, ALARM, ALARM, ALARM),
    "0 - X - -": (OK, OK, ALARM, OK),
    "- - - - 0": (OK, OK, ALARM, OK),
    "- - - X -": (ALARM, KEPT, ALARM, OK),
}


@pytest.mark.parametrize(
    ("datapoints", "data", "treatment", "state"), cases(3, THREE_OF_THREE) + cases(2, TWO_OF_THREE)
)
def test_missing_data_are_taken_as_aws_takes_them(datapoints, data, treatment, state):
    rule = Rule("GreaterThanThreshold", 5, 3, datapoints, treatment)
    points = [SIGNS[sign] for sign in data.split()]
    assert len(points) == rule.range
    for before in (OK, ALARM, INSUFFICIENT_DATA):
        assert rule.state(points, before) == (before if state == KEPT else state)


@pytest.mark.parametrize(
    ("comparison", "states"),
    [
        ("GreaterThanThreshold", (OK, OK, ALARM)),
        ("GreaterThanOrEqualToThreshold", (OK, ALARM, ALARM)),
        ("LessThanThreshold", (ALARM, OK, OK)),
        ("LessThanOrEqualToThreshold", (ALARM, ALARM, OK)),
    ],
)
def test_a_value_is_compared_with_the_threshold(comparison, states):
    rule = Rule(comparison, 5, 1, 1)
    assert tuple(rule.state([None, None, value], OK) for value in (4.0, 5.0, 6.0)) == states
