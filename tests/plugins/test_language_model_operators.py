"""Decisions over an account's language models, and their deletion, against the local AWS."""

import json
from types import SimpleNamespace

import boto3
import pytest

from millrace.operators.language_models import DeleteLanguageModelsOperator, LanguageModelDecisionOperator


@pytest.fixture
def transcribe(aws):
    client = boto3.client("transcribe")
    yield client
    for model in client.list_language_models(MaxResults=100)["Models"]:
        client.delete_language_model(ModelName=model["ModelName"])


@pytest.fixture
def create(transcribe, settings_now):
    """Starts to train on nothing: a model that fails takes a place as well."""

    def make(*names):
        data = {
            "S3Uri": f"s3://{settings_now().bucket}/nothing/",
            "DataAccessRoleArn": settings_now().role_arn,
        }
        for name in names:
            transcribe.create_language_model(
                LanguageCode="en-US", BaseModelName="WideBand", ModelName=name, InputDataConfig=data
            )

    return make


def names(transcribe):
    return {model["ModelName"] for model in transcribe.list_language_models(MaxResults=100)["Models"]}


def test_a_decision_sees_every_model_of_every_page(context, create, monkeypatch):
    monkeypatch.setattr("millrace.operators.language_models.PAGE", 2)
    create("a", "b", "c", "d", "e")
    task = LanguageModelDecisionOperator(
        task_id="step",
        decide=lambda run, models, least: (models, least),
        arguments={"least": 3},
        aws_conn_id=None,
    )
    models, least = task.execute(context)
    by_date = sorted(models, key=lambda model: model["created"])
    assert [model["name"] for model in by_date] == ["a", "b", "c", "d", "e"]
    assert least == 3


def test_an_account_without_models_has_none(context, transcribe):
    task = LanguageModelDecisionOperator(task_id="step", decide=lambda run, models: models, aws_conn_id=None)
    assert task.execute(context) == []


def deletion(*chosen):
    return DeleteLanguageModelsOperator(
        task_id="step", decide=lambda run, models: [*chosen], aws_conn_id=None
    )


def test_the_models_that_were_decided_for_are_deleted_and_no_others(context, transcribe, create):
    create("a", "b", "c")
    assert deletion("a", "c").execute(context) == {"deleted": ["a", "c"]}
    assert names(transcribe) == {"b"}


def test_a_model_that_is_gone_already_is_no_error(context, transcribe, create):
    create("b")
    assert deletion("a", "b").execute(context) == {"deleted": ["a", "b"]}
    assert names(transcribe) == set()


def test_a_model_that_aws_keeps_is_named_after_the_others_are_deleted(context, transcribe, create):
    create("a", "b")
    task = deletion("a", "b")
    refusing(task.client, "a")
    with pytest.raises(RuntimeError, match=r"1 of 2 language models are still there: a: .*is being trained"):
        task.execute(context)
    assert names(transcribe) == {"a"}


def refusing(client, name):
    """Has the deletion of one model answered as AWS answers while it is trained."""

    def answer(model, params, **_):
        if json.loads(params["body"])["ModelName"] != name:
            return None
        error = {"Code": "BadRequestException", "Message": "The model is being trained."}
        return SimpleNamespace(status_code=400), {"Error": error}

    client.meta.events.register("before-call.transcribe.DeleteLanguageModel", answer)
