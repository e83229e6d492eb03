"""Params from the command line to what a DAG declares."""

import math
from pathlib import Path

import pytest

from local.cli import params
from local.stack.airflow_api import AirflowRefusedError
from local.stack.errors import MillraceError
from millrace.params import S3_OBJECT, VOCABULARY_NAME

DAG = {
    "dag_id": "abalone",
    "params": {
        "input_uri": {"schema": {"type": ["null", "string"]}},
        "num_round": {"schema": {"type": "integer", "minimum": 1}},
        "instance_type": {"schema": {"type": "string"}},
        "anything": {"schema": {}},
    },
}


def test_words_are_split_at_the_first_equals_sign():
    assert params.split(["a=1", "b=c=d", "e="]) == {"a": "1", "b": "c=d", "e": ""}


@pytest.mark.parametrize("word", ["a", "=1", " =1", ""])
def test_a_word_that_is_no_pair_is_refused(word):
    with pytest.raises(MillraceError, match=f"--param '{word}' is not of the form name=value"):
        params.split([word])


def test_a_name_that_comes_twice_is_refused():
    with pytest.raises(MillraceError, match="--param a is given twice"):
        params.split(["a=1", "a=2"])


@pytest.mark.parametrize(
    ("text", "value"),
    [("7", 7), ("0.5", 0.5), ("true", True), ("null", None), ('{"a": [1]}', {"a": [1]}), ('"7"', "7")],
)
def test_json_is_json(text, value):
    assert params.parse(text, {}) == value


@pytest.mark.parametrize(
    "text", ["s3://bucket/key", "ml.m5.xlarge", "007", "NaN", "-Infinity", "", "{", "a b"]
)
def test_everything_else_is_text(text):
    assert params.parse(text, {}) == text


@pytest.mark.parametrize("text", ["7", "true", "null", '"quoted"'])
def test_a_param_that_takes_strings_only_gets_the_text_itself(text):
    assert params.parse(text, {"type": "string"}) == text


def test_no_value_becomes_a_number_that_is_none():
    assert not any(
        isinstance(value, float) and math.isnan(value)
        for value in params.conf({"anything": "NaN"}, DAG).values()
    )


def test_values_follow_their_schemas():
    values = {"num_round": "5", "instance_type": "5", "input_uri": "null"}
    assert params.conf(values, DAG) == {"num_round": 5, "instance_type": "5", "input_uri": None}


def test_an_unknown_param_is_answered_with_the_known_ones():
    with pytest.raises(
        MillraceError, match=r"no Param 'rounds'.*anything, input_uri, instance_type, num_round"
    ):
        params.conf({"rounds": "5"}, DAG)


def test_a_dag_without_params_says_so():
    with pytest.raises(MillraceError, match="Its Params: none"):
        params.conf({"a": "1"}, {"dag_id": "plain", "params": None})


def test_a_dag_that_takes_no_input_says_so():
    params.require_input(DAG)
    with pytest.raises(MillraceError, match="plain has no Param input_uri"):
        params.require_input({"dag_id": "plain", "params": {}})


def test_airflows_refusal_becomes_one_sentence_with_param_value_and_bound():
    answer = AirflowRefusedError(
        400,
        "Invalid input for param eta: 2 is greater than the maximum of 1\n\n"
        "Failed validating 'maximum' in schema:\n    {'maximum': 1}\n\nOn instance:\n    2",
    )
    assert str(params.refusal(answer)) == "Param eta: 2 is greater than the maximum of 1."


def test_another_bad_request_keeps_its_detail():
    answer = AirflowRefusedError(422, "body.logical_date: Field required")
    assert str(params.refusal(answer)) == "Airflow answered 422: body.logical_date: Field required"


def test_another_refusal_is_left_as_it_is():
    answer = AirflowRefusedError(500, "Internal Server Error")
    assert params.refusal(answer) is answer


TABLES = {
    "dag_id": "automl",
    "params": {
        "train": {"schema": {"type": ["null", "string"], "pattern": S3_OBJECT}},
        "vocabulary": {"schema": {"pattern": f"{S3_OBJECT}|{VOCABULARY_NAME}"}},
        "program": {"schema": {"type": "string", "pattern": r"^[\w.-]+\.py$"}},
        "anything": {"schema": {}},
    },
}


@pytest.mark.parametrize("text", ["bank_train.csv", "./a b.csv", "../x", "/data/x.csv", "C:\\x.csv"])
def test_what_is_no_uri_where_one_is_taken_is_a_file(text):
    conf = params.conf({"train": text, "program": text, "anything": text}, TABLES)
    assert params.files(conf, TABLES) == {"train": Path(text)}


@pytest.mark.parametrize("text", ["s3://bucket/key.csv", "s3://NO BUCKET", "null", ""])
def test_a_uri_even_a_wrong_one_and_nothing_are_no_files(text):
    assert params.files(params.conf({"train": text}, TABLES), TABLES) == {}


def test_what_the_param_takes_as_it_is_is_no_file():
    names = {text: params.files({"vocabulary": text}, TABLES) for text in ("my.words", "folder/words.tsv")}
    assert names == {"my.words": {}, "folder/words.tsv": {"vocabulary": Path("folder/words.tsv")}}
