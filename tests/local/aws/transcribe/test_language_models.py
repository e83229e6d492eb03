"""Custom language models, as a client of AWS sees them."""

import json
from pathlib import Path

import pytest

from tests.local.aws.sagemaker.shapes import problems as compared
from tests.local.aws.transcribe.account import HELLO
from tests.local.aws.transcribe.test_refusals import refusal


def problems(operation, answer):
    return compared(operation, answer, "transcribe")


def _used(account, name, path, **changes):
    """The folder of the model that the engine is given."""
    account.transcript(name, {"items": HELLO, "asked": str(path)}, **changes)
    return Path(json.loads(path.read_text())["language_model"])


def test_a_model_is_trained_on_the_corpus_and_reaches_the_engine(account, tmp_path):
    request = account.model_request("trained", "one sentence")
    account.put("corpora/trained/training/two.txt", "another sentence")
    account.put("corpora/trained/tuning/one.txt", "to tune")
    request["InputDataConfig"]["TuningDataS3Uri"] = f"s3://{account.bucket}/corpora/trained/tuning/"
    answer = account.transcribe.create_language_model(**request)
    assert problems("CreateLanguageModel", answer) == []
    assert answer["ModelStatus"] == "IN_PROGRESS"
    assert account.trained("trained")["ModelStatus"] == "COMPLETED"
    whole = account.transcribe.describe_language_model(ModelName="trained")
    assert problems("DescribeLanguageModel", whole) == []
    folder = _used(account, "with-model", tmp_path / "a", ModelSettings={"LanguageModelName": "trained"})
    assert json.loads((folder / "model.json").read_text()) == {
        "training": ["one sentence", "another sentence"],
        "tuning": ["to tune"],
        "base_model": "WideBand",
    }
    account.transcribe.delete_language_model(ModelName="trained")
    assert not folder.exists()


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("<html>", "The training data has markup in line 1."),
        (b"x", "No S3 objects found"),
    ],
)
def test_a_corpus_at_fault_fails_the_model(account, text, reason):
    name = f"bad-{len(text)}"
    request = account.model_request(name, text)
    if text == b"x":
        request["InputDataConfig"]["S3Uri"] = f"s3://{account.bucket}/nothing/"
    account.transcribe.create_language_model(**request)
    model = account.trained(name)
    assert (model["ModelStatus"], reason in model["FailureReason"]) == ("FAILED", True)
    code, message = refusal(account.start, name=f"with-{name}", ModelSettings={"LanguageModelName": name})
    assert (code, "its status is FAILED" in message) == ("BadRequestException", True)


def test_what_is_no_text_file_fails_the_model(account):
    account.put("corpora/pdf/training/x.pdf", b"%PDF")
    account.transcribe.create_language_model(**account.model_request("pdf"))
    assert "must be .txt files, and x.pdf is none" in account.trained("pdf")["FailureReason"]


def test_models_of_other_languages_fail(account):
    account.transcribe.create_language_model(**account.model_request("german", LanguageCode="de-DE"))
    assert "this request asks for de-DE" in account.trained("german")["FailureReason"]


def test_a_role_that_transcribe_cannot_assume_is_refused(account):
    request = account.model_request("roleless")
    request["InputDataConfig"]["DataAccessRoleArn"] = "arn:aws:iam::123456789012:role/ghost"
    code, message = refusal(account.transcribe.create_language_model, **request)
    assert (code, "role/ghost can't be assumed" in message) == ("BadRequestException", True)


def test_the_eleventh_model_is_refused_and_the_oldest_named(account):
    client = account.transcribe
    for model in client.list_language_models(MaxResults=100)["Models"]:
        client.delete_language_model(ModelName=model["ModelName"])
    for number in range(10):
        client.create_language_model(**account.model_request(f"model-{number}"))
    code, message = refusal(client.create_language_model, **account.model_request("model-10"))
    assert code == "LimitExceededException"
    assert message.endswith("Delete one first; the oldest is model-0.")
    answer = client.list_language_models(NameContains="model-", MaxResults=3)
    assert problems("ListLanguageModels", answer) == []
    assert [m["ModelName"] for m in answer["Models"]] == ["model-9", "model-8", "model-7"]
    client.delete_language_model(ModelName="model-3")
    client.create_language_model(**account.model_request("model-10"))
    code, message = refusal(client.create_language_model, **account.model_request("model-10"))
    assert code == "ConflictException"
