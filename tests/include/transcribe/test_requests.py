"""Every request is checked against AWS's own model, as botocore carries it."""

import re
from dataclasses import replace

import botocore.session
import pytest
from botocore.validate import validate_parameters

from include.transcribe import (
    CallAnalyticsJob,
    Filter,
    LanguageModel,
    TranscriptionJob,
    Vocabulary,
    VocabularyFilter,
    base_of,
    transcript_uri,
)

MODEL = botocore.session.get_session().get_service_model("transcribe")


def check(operation, request):
    """The request; raises ParamValidationError where AWS's own model refuses it."""
    shape = MODEL.operation_model(operation).input_shape
    validate_parameters(request, shape)
    for name, value in request.items():
        member = shape.members[name]
        if "pattern" in member.metadata:
            assert re.fullmatch(member.metadata["pattern"].rstrip("$"), value), name
    return request


def transcription(run, **changes):
    job = TranscriptionJob(**{"media": "s3://b/a.flac", "output": "s3://bucket/run/a.json", **changes})
    return check("StartTranscriptionJob", {**job.request(run), "TranscriptionJobName": "a"})


@pytest.fixture
def with_key(run, settings):
    values = settings.model_dump() | {"output_kms_key": "key-2"}
    return replace(run, settings=type(settings)(**values))


def test_a_transcription_says_where_its_transcript_goes_and_is_queued_where_too_many_run(run):
    request = transcription(run)
    assert (request["OutputBucketName"], request["OutputKey"]) == ("bucket", "run/a.json")
    assert request["JobExecutionSettings"] == {
        "AllowDeferredExecution": True,
        "DataAccessRoleArn": run.settings.role_arn,
    }
    assert request["LanguageCode"] == "en-US"
    assert {"Settings", "ModelSettings", "IdentifyLanguage"}.isdisjoint(request)


def test_a_transcription_with_everything(with_key):
    request = transcription(
        with_key,
        media_format="flac",
        sample_rate=16_000,
        vocabulary="words",
        vocabulary_filter=Filter("rude", "remove"),
        language_model="lectures",
        separate_channels=True,
        alternatives=3,
        subtitles=("vtt",),
    )
    assert request["Settings"] == {
        "VocabularyName": "words",
        "VocabularyFilterName": "rude",
        "VocabularyFilterMethod": "remove",
        "ChannelIdentification": True,
        "ShowAlternatives": True,
        "MaxAlternatives": 3,
    }
    assert request["ModelSettings"] == {"LanguageModelName": "lectures"}
    assert request["OutputEncryptionKMSKeyId"] == "key-2"
    assert request["Subtitles"] == {"Formats": ["vtt"]}


def test_without_a_language_aws_identifies_it(run):
    request = transcription(run, language=None)
    assert request["IdentifyLanguage"] is True
    assert "LanguageCode" not in request


def test_speakers_are_told_apart_up_to_a_number(run):
    assert transcription(run, speakers=4)["Settings"] == {"ShowSpeakerLabels": True, "MaxSpeakerLabels": 4}


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"output": "b/a.json"}, "is not s3://bucket/key"),
        ({"output": "s3://b/a=1/a.json"}, "is not s3://bucket/key"),
        ({"output": "s3://b"}, "is not s3://bucket/key"),
        ({"output": "s3://b/folder"}, "ends neither in .json nor"),
        ({"separate_channels": True, "speakers": 2}, "choose one of the two"),
    ],
)
def test_what_aws_would_refuse_is_refused_before(run, changes, reason):
    with pytest.raises(ValueError, match=re.escape(reason)):
        transcription(run, **changes)


@pytest.mark.parametrize(("agent", "roles"), [(0, ["AGENT", "CUSTOMER"]), (1, ["CUSTOMER", "AGENT"])])
def test_a_call_has_its_two_channels(run, agent, roles):
    job = CallAnalyticsJob("s3://b/call.wav", "s3://b/run/calls/", agent_channel=agent)
    request = check("StartCallAnalyticsJob", {**job.request(run), "CallAnalyticsJobName": "a"})
    by_channel = {each["ChannelId"]: each["ParticipantRole"] for each in request["ChannelDefinitions"]}
    assert [by_channel[0], by_channel[1]] == roles
    assert request["Settings"] == {"LanguageOptions": ["en-US"]}


def test_a_call_with_everything(with_key):
    job = CallAnalyticsJob(
        "s3://b/call.wav",
        "s3://b/run/calls/",
        language=None,
        vocabulary="words",
        vocabulary_filter=Filter("rude"),
        language_model="calls",
    )
    request = check("StartCallAnalyticsJob", {**job.request(with_key), "CallAnalyticsJobName": "a"})
    assert request["Settings"] == {
        "VocabularyName": "words",
        "VocabularyFilterName": "rude",
        "VocabularyFilterMethod": "mask",
        "LanguageModelName": "calls",
    }
    assert request["OutputEncryptionKMSKeyId"] == "key-2"


@pytest.mark.parametrize("operation", ["CreateVocabulary", "UpdateVocabulary"])
def test_a_vocabulary_is_created_and_updated_with_the_same_request(run, operation):
    vocabulary = Vocabulary("words", "s3://b/words.txt")
    request = check(operation, {**vocabulary.request(run), "VocabularyName": vocabulary.name})
    assert request["VocabularyFileUri"] == "s3://b/words.txt"
    assert request["DataAccessRoleArn"] == run.settings.role_arn


def test_a_vocabulary_filter_is_created_from_a_file(run):
    request = VocabularyFilter("rude", "s3://b/rude.txt").request(run)
    check("CreateVocabularyFilter", {**request, "VocabularyFilterName": "rude"})


@pytest.mark.parametrize("tuning", [None, "s3://b/tuning/"])
def test_a_language_model_may_have_tuning_data(run, tuning):
    request = LanguageModel("s3://b/training/", "WideBand", tuning).request(run)
    check("CreateLanguageModel", {**request, "ModelName": "a"})
    assert request["InputDataConfig"].get("TuningDataS3Uri") == tuning


@pytest.mark.parametrize(
    ("rate", "base"), [(8_000, "NarrowBand"), (15_999, "NarrowBand"), (16_000, "WideBand")]
)
def test_the_base_model_goes_by_the_sample_rate(rate, base):
    assert base_of(rate) == base


@pytest.mark.parametrize(
    ("address", "uri"),
    [
        ("https://s3.us-east-1.amazonaws.com/bucket/run/a%20b.json", "s3://bucket/run/a b.json"),
        ("http://127.0.0.1:4566/bucket/a.json", "s3://bucket/a.json"),
        ("s3://bucket/a.json", "s3://bucket/a.json"),
    ],
)
def test_a_transcript_is_found_in_s3(address, uri):
    assert transcript_uri(address) == uri


def test_an_address_without_a_key_is_refused():
    with pytest.raises(ValueError, match="names no object"):
        transcript_uri("https://bucket.s3.amazonaws.com/a.json")
