"""What the service refuses, before anything runs."""

import pytest
from botocore.exceptions import ClientError

from tests.local.aws.transcribe.account import HELLO


def refusal(call, **request):
    with pytest.raises(ClientError) as caught:
        call(**request)
    return caught.value.response["Error"]["Code"], caught.value.response["Error"]["Message"]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"TranscriptionJobName": "a b"}, "Value 'a b' at 'transcriptionJobName' failed to satisfy"),
        ({"MediaFormat": "aiff"}, "at 'mediaFormat' failed to satisfy constraint: Member must satisfy enum"),
        ({"MediaSampleRateHertz": 7999}, "Member must have value greater than or equal to 8000"),
        ({"OutputKey": "a b"}, "at 'outputKey' failed to satisfy constraint"),
        ({"Settings": {"ShowAlternatives": True, "MaxAlternatives": 11}}, "less than or equal to 10"),
        ({"Settings": {"MaxAlternatives": 3}}, "ShowAlternatives and MaxAlternatives belong together"),
        ({"Settings": {"ShowAlternatives": True}}, "ShowAlternatives and MaxAlternatives belong together"),
        ({"Settings": {"VocabularyFilterMethod": "mask"}}, "VocabularyFilterMethod without"),
        ({"Settings": {"VocabularyFilterName": "x"}}, "VocabularyFilterName without"),
        (
            {"Settings": {"VocabularyFilterName": "x", "VocabularyFilterMethod": "mask"}},
            "The requested vocabulary filter couldn't be found",
        ),
        ({"Settings": {"VocabularyName": "ghost"}}, "The requested vocabulary couldn't be found"),
        ({"ModelSettings": {"LanguageModelName": "ghost"}}, "The requested model couldn't be found"),
        ({"LanguageCode": None}, "exactly one of LanguageCode, IdentifyLanguage"),
        ({"IdentifyLanguage": True}, "exactly one of LanguageCode, IdentifyLanguage"),
        ({"Media": {"MediaFileUri": "s3://speech/nothing.wav"}}, "doesn't point to an S3 object"),
        ({"Media": {"MediaFileUri": "s3://no-such-bucket/x.wav"}}, "doesn't point to an S3 object"),
        ({"Media": {"MediaFileUri": "https://elsewhere.example/x.wav"}}, "isn't valid: give s3://bucket/key"),
        ({"OutputBucketName": "no-such-bucket"}, "there is no bucket no-such-bucket"),
        ({"OutputBucketName": None, "OutputKey": "x"}, "OutputKey without OutputBucketName"),
        ({"JobExecutionSettings": {"AllowDeferredExecution": True}}, "without DataAccessRoleArn"),
        (
            {"JobExecutionSettings": {"DataAccessRoleArn": "arn:aws:iam::123456789012:role/ghost"}},
            "role/ghost can't be assumed",
        ),
        (
            {"Settings": {"ShowSpeakerLabels": True, "MaxSpeakerLabels": 2}},
            "Settings.ShowSpeakerLabels: the local engine does not do this",
        ),
        ({"Subtitles": {"Formats": ["srt"]}}, "Subtitles: the local engine does not do this"),
    ],
)
def test_a_transcription_job_is_refused(account, change, says):
    code, message = refusal(account.start, name="refused", **change)
    assert (code, says in message) == ("BadRequestException", True), message


def test_a_name_is_taken_once(account):
    account.start("twice")
    code, message = refusal(account.start, name="twice")
    assert (code, message) == (
        "ConflictException",
        "The requested job name already exists. Use a different job name.",
    )


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"ChannelDefinitions": None}, "channel 0 and channel 1 the roles AGENT and CUSTOMER"),
        (
            {
                "ChannelDefinitions": [
                    {"ChannelId": 0, "ParticipantRole": "AGENT"},
                    {"ChannelId": 1, "ParticipantRole": "AGENT"},
                ]
            },
            "channel 0 and channel 1 the roles AGENT and CUSTOMER",
        ),
        ({"OutputLocation": "s3://no-such-bucket/x"}, "there is no bucket no-such-bucket"),
        ({"OutputLocation": None, "OutputEncryptionKMSKeyId": "key"}, "without OutputLocation"),
        ({"Settings": {"VocabularyName": "ghost"}}, "The requested vocabulary couldn't be found"),
        (
            {"Settings": {"Summarization": {"GenerateAbstractiveSummary": True}}},
            "Settings.Summarization: the local engine does not do this",
        ),
    ],
)
def test_a_call_analytics_job_is_refused(account, change, says):
    request = account.call_request("refused", {"items": HELLO, "channels": 2}, **change)
    code, message = refusal(account.transcribe.start_call_analytics_job, **request)
    assert (code, says in message) == ("BadRequestException", True), message


@pytest.mark.parametrize(
    ("operation", "argument", "code", "what"),
    [
        ("get_transcription_job", "TranscriptionJobName", "BadRequestException", "job"),
        ("delete_transcription_job", "TranscriptionJobName", "BadRequestException", "job"),
        ("get_call_analytics_job", "CallAnalyticsJobName", "NotFoundException", "job"),
        ("delete_call_analytics_job", "CallAnalyticsJobName", "BadRequestException", "job"),
        ("get_vocabulary", "VocabularyName", "NotFoundException", "vocabulary"),
        ("delete_vocabulary", "VocabularyName", "NotFoundException", "vocabulary"),
        ("get_vocabulary_filter", "VocabularyFilterName", "NotFoundException", "vocabulary filter"),
        ("delete_vocabulary_filter", "VocabularyFilterName", "NotFoundException", "vocabulary filter"),
        ("describe_language_model", "ModelName", "NotFoundException", "model"),
        ("delete_language_model", "ModelName", "BadRequestException", "model"),
    ],
)
def test_what_is_not_there_is_not_found(account, operation, argument, code, what):
    found = refusal(getattr(account.transcribe, operation), **{argument: "ghost"})
    message = f"The requested {what} couldn't be found. Check the {what} name and try your request again."
    assert found == (code, message)


def test_a_token_of_another_operation_is_refused(account):
    code, message = refusal(account.transcribe.list_vocabularies, NextToken="abc")
    assert (code, "'abc' isn't valid" in message) == ("BadRequestException", True)
