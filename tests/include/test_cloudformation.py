"""What a stack is asked to be, and how that differs from what is there."""

import pytest

from include.cloudformation import HIDDEN, Stack
from tests.include.test_requests import check

ONE = "Resources:\n  Queue:\n    Type: AWS::SQS::Queue\n    Properties: {QueueName: !Sub '${A}-b'}\n"
OTHER = ONE.replace("-b", "-c") + "  Topic:\n    Type: AWS::SNS::Topic\n"


def stack(template, secrets=None, **parameters):
    return Stack("s", template, parameters, "arn:aws:iam::123456789012:role/r", secrets or {}, {"team": "ml"})


def test_the_request_is_one_that_aws_takes_and_has_the_secrets():
    made = stack(ONE, {"Url": "redis://:pw@h"}, Shards="1").request()
    check("CreateStack", made, service="cloudformation")
    check("UpdateStack", made, service="cloudformation")
    assert {"ParameterKey": "Url", "ParameterValue": "redis://:pw@h"} in made["Parameters"]


def test_secrets_are_shown_to_nobody():
    made = stack(ONE, {"Url": "redis://:pw@h"}, Shards="1")
    assert "pw" not in repr(made)
    assert "pw" not in str(made.changes(ONE, {"Url": HIDDEN, "Shards": "2"}))


@pytest.mark.parametrize(
    ("before", "after", "sentences"),
    [
        ("", OTHER, ["Queue is made", "Topic is made"]),
        (ONE, ONE, []),
        (ONE, OTHER, ["Topic is made", "Queue changes"]),
        (OTHER, ONE, ["Topic is taken away", "Queue changes"]),
    ],
)
def test_changes_of_resources_are_told(before, after, sentences):
    assert stack(after).changes(before, {}) == sentences


def test_changes_of_parameters_are_told():
    assert stack(ONE, Shards="2", Code="a").changes(ONE, {"Shards": "1", "Code": "a"}) == [
        "Shards: 1 becomes 2"
    ]
