"""Forms become answers."""

import json

import pytest
from werkzeug.datastructures import MultiDict

from local.aws.review.answers import AnswerError, answer_content


def test_each_field_is_a_member():
    assert answer_content(MultiDict([("transcript", "an EC2 instance"), ("sure", "yes")])) == {
        "transcript": "an EC2 instance",
        "sure": "yes",
    }


def test_the_last_of_a_repeated_field_counts():
    assert answer_content(MultiDict([("_", "first"), ("_", "last")])) == {"_": "last"}


def test_a_document_is_the_whole_answer():
    answer = {"topic": {"label": "Storage"}}
    assert answer_content(MultiDict([("answerContent", json.dumps(answer)), ("other", "x")])) == answer


@pytest.mark.parametrize(
    ("form", "message"),
    [
        ({}, "The form is empty"),
        ({"answerContent": "{"}, "is no JSON"),
        ({"answerContent": "[" * 100_000}, "is no JSON"),
        ({"answerContent": "[1]"}, "holds list: post a JSON object"),
    ],
)
def test_what_is_no_answer_is_refused(form, message):
    with pytest.raises(AnswerError, match=message):
        answer_content(MultiDict(form))
