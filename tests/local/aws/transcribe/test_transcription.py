"""Transcription jobs, as a client of AWS sees them."""

import json
import os

import httpx
import pytest

from tests.local.aws.sagemaker.shapes import problems as compared
from tests.local.aws.transcribe.account import ACCOUNT, HELLO, stop, until, word


def problems(operation, answer):
    return compared(operation, answer, "transcribe")


def _texts(results):
    return [item["alternatives"][0]["content"] for item in results["items"]]


def test_a_job_goes_from_queued_to_a_transcript(account):
    answer = account.start("first", Tags=[{"Key": "team", "Value": "speech"}])
    assert problems("StartTranscriptionJob", answer) == []
    assert answer["TranscriptionJob"]["TranscriptionJobStatus"] == "QUEUED"
    job = account.transcribed("first")
    assert job["TranscriptionJobStatus"] == "COMPLETED"
    assert job["CreationTime"] <= job["StartTime"] <= job["CompletionTime"]
    assert (job["MediaFormat"], job["MediaSampleRateHertz"]) == ("wav", 16000)
    assert job["Tags"] == [{"Key": "team", "Value": "speech"}]
    assert job["Transcript"] == {
        "TranscriptFileUri": f"https://s3.us-east-1.amazonaws.com/{account.bucket}/first.json"
    }
    whole = account.transcribe.get_transcription_job(TranscriptionJobName="first")
    assert problems("GetTranscriptionJob", whole) == []


def test_the_transcript_has_awss_form(account):
    found = account.transcript("form")
    assert found == {
        "jobName": "form",
        "accountId": ACCOUNT,
        "status": "COMPLETED",
        "results": {
            "transcripts": [{"transcript": "hello world."}],
            "items": [
                {
                    "id": 0,
                    "type": "pronunciation",
                    "alternatives": [{"confidence": "0.9000", "content": "hello"}],
                    "start_time": "0.50",
                    "end_time": "0.90",
                },
                {
                    "id": 1,
                    "type": "pronunciation",
                    "alternatives": [{"confidence": "0.9000", "content": "world"}],
                    "start_time": "1.00",
                    "end_time": "1.50",
                },
                {
                    "id": 2,
                    "type": "punctuation",
                    "alternatives": [{"confidence": "0.0", "content": "."}],
                },
            ],
            "audio_segments": [
                {
                    "id": 0,
                    "transcript": "hello world.",
                    "start_time": "0.50",
                    "end_time": "1.50",
                    "items": [0, 1, 2],
                }
            ],
        },
    }


def test_silence_gives_an_empty_transcript(account):
    found = account.transcript("silence", {"items": []})["results"]
    assert found == {"transcripts": [{"transcript": ""}], "items": [], "audio_segments": []}


@pytest.mark.parametrize(
    ("key", "place"),
    [
        (None, "{name}.json"),
        ("a/b.json", "a/b.json"),
        ("folder", "folder/{name}.json"),
        ("folder/", "folder/{name}.json"),
    ],
)
def test_the_output_key_names_a_file_or_a_folder(account, key, place):
    name = f"key-{(key or 'none').replace('/', '-')}"
    account.start(name, OutputKey=key)
    uri = account.transcribed(name)["Transcript"]["TranscriptFileUri"]
    assert uri.endswith(f"/{account.bucket}/{place.format(name=name)}")
    assert account.read(place.format(name=name))["jobName"] == name


def test_without_a_bucket_a_temporary_address_leads_to_the_transcript(account):
    account.start("kept", OutputBucketName=None)
    uri = account.transcribed("kept")["Transcript"]["TranscriptFileUri"]
    assert httpx.get(uri).json()["jobName"] == "kept"
    assert f"{ACCOUNT}/kept/" in uri
    assert [b["Name"] for b in account.s3.list_buckets()["Buckets"]] == [account.bucket]
    summaries = account.transcribe.list_transcription_jobs(JobNameContains="kept")
    assert summaries["TranscriptionJobSummaries"][0]["OutputLocationType"] == "SERVICE_BUCKET"


def test_encrypted_media_and_an_encrypted_transcript(account):
    key = account.kms.create_key()["KeyMetadata"]["Arn"]
    uri = account.put("media/secret.wav", {"items": HELLO}, ServerSideEncryption="aws:kms", SSEKMSKeyId=key)
    account.start("secret", Media={"MediaFileUri": uri}, OutputEncryptionKMSKeyId=key)
    assert account.transcribed("secret")["TranscriptionJobStatus"] == "COMPLETED"
    found = account.s3.head_object(Bucket=account.bucket, Key="secret.json")
    assert (found["ServerSideEncryption"], found["SSEKMSKeyId"]) == ("aws:kms", key)


@pytest.mark.parametrize(
    "form",
    [
        "https://s3.us-east-1.amazonaws.com/{bucket}/{key}",
        "https://{bucket}.s3.us-east-1.amazonaws.com/{key}",
        "{endpoint}/{bucket}/{key}",
    ],
)
def test_media_may_be_named_by_an_http_address(account, form):
    account.put("media/a file.wav", {"items": HELLO})
    uri = form.format(bucket=account.bucket, key="media/a%20file.wav", endpoint=account.endpoint_url)
    name = f"http-{abs(hash(form))}"
    assert account.transcript(name, Media={"MediaFileUri": uri})["jobName"] == name


def test_the_engine_is_asked_for_what_the_request_says(account, tmp_path):
    asked = tmp_path / "asked"
    said = {"items": HELLO, "channels": 2, "asked": str(asked)}
    settings = {"ChannelIdentification": True, "ShowAlternatives": True, "MaxAlternatives": 4}
    account.transcript("asked", said, MediaFormat="flac", MediaSampleRateHertz=8000, Settings=settings)
    request = json.loads(asked.read_text())
    assert {name: request[name] for name in ("media_format", "sample_rate", "alternatives")} == {
        "media_format": "flac",
        "sample_rate": 8000,
        "alternatives": 4,
    }
    assert request["separate_channels"] is True
    assert (request["vocabulary"], request["language_model"]) == ([], None)


def test_channels_are_told_apart(account):
    said = {
        "channels": 2,
        "items": [
            word("i", 0.0, 0.2),
            word("yes", 0.1, 0.4, channel=1),
            word("wait", 0.3, 0.9),
            stop(0.9),
            stop(1.0, channel=1),
        ],
    }
    found = account.transcript("channels", said, Settings={"ChannelIdentification": True})["results"]
    assert found["transcripts"] == [{"transcript": "i wait. yes."}]
    assert [item["channel_label"] for item in found["items"]] == ["ch_0"] * 3 + ["ch_1"] * 2
    labels = found["channel_labels"]
    assert labels["number_of_channels"] == 2
    assert [channel["channel_label"] for channel in labels["channels"]] == ["ch_0", "ch_1"]
    assert labels["channels"][1]["items"] == found["items"][3:]
    assert [segment["channel_label"] for segment in found["audio_segments"]] == ["ch_0", "ch_1"]


def test_channel_identification_needs_two_channels(account):
    account.start("mono", Settings={"ChannelIdentification": True})
    job = account.transcribed("mono")
    assert job["TranscriptionJobStatus"] == "FAILED"
    assert "needs a media file with 2 channels, and this one has 1" in job["FailureReason"]


def test_alternatives_differ_in_one_word_and_the_likely_ones_come_first(account):
    items = [
        word("ec", 0.0, 0.5, 0.6, others=[("easy", 0.1), ("e", 0.3)]),
        word("two", 0.5, 0.9, 0.9, others=[("to", 0.8)]),
        stop(0.9),
    ]
    settings = {"ShowAlternatives": True, "MaxAlternatives": 3}
    [segment] = account.transcript("others", {"items": items}, Settings=settings)["results"]["segments"]
    assert [a["transcript"] for a in segment["alternatives"]] == ["ec two.", "ec to.", "e two."]
    assert segment["alternatives"][1]["items"][1] == {
        "start_time": "0.50",
        "end_time": "0.90",
        "type": "pronunciation",
        "content": "to",
        "confidence": "0.8000",
    }
    assert (segment["start_time"], segment["end_time"]) == ("0.00", "0.90")


@pytest.mark.parametrize(
    ("method", "texts", "tags"),
    [
        ("mask", ["***", "world", "."], [None] * 3),
        ("remove", ["world", "."], [None] * 2),
        ("tag", ["hello", "world", "."], [True, False, False]),
    ],
)
def test_a_vocabulary_filter_masks_removes_or_tags(account, method, texts, tags):
    name = f"filter-{method}"
    account.transcribe.create_vocabulary_filter(
        VocabularyFilterName=name, LanguageCode="en-US", Words=["Hello"]
    )
    settings = {"VocabularyFilterName": name, "VocabularyFilterMethod": method}
    found = account.transcript(name, Settings=settings)["results"]
    assert _texts(found) == texts
    assert [item.get("vocabularyFilterMatch") for item in found["items"]] == tags
    assert "".join(found["transcripts"][0]["transcript"].split()) == "".join(texts)


def test_media_at_fault_fails_the_job_with_the_engines_words(account):
    account.start("broken", {"fault": "Unsupported media format."})
    job = account.transcribed("broken")
    assert (job["TranscriptionJobStatus"], job["FailureReason"]) == ("FAILED", "Unsupported media format.")
    assert job["StartTime"] <= job["CompletionTime"]
    assert "Transcript" not in job


def test_a_fault_of_the_engine_is_no_fault_of_the_media(account):
    account.start("crash", {"nonsense": 1})
    reason = account.transcribed("crash")["FailureReason"]
    assert reason.startswith("InternalFailure: ")
    assert "KeyError: 'items'" in reason


@pytest.mark.parametrize(
    "change",
    [
        {"LanguageCode": "de-DE"},
        {"LanguageCode": None, "IdentifyLanguage": True},
        {"LanguageCode": None, "IdentifyMultipleLanguages": True},
    ],
)
def test_other_languages_fail_and_the_reason_says_why(account, change):
    name = f"language-{'-'.join(change)}"
    account.start(name, **change)
    job = account.transcribed(name)
    assert job["TranscriptionJobStatus"] == "FAILED"
    assert "The local engine knows US English (en-US) only" in job["FailureReason"]


def test_a_job_that_is_deleted_is_killed_and_its_name_is_free(account, tmp_path):
    file = tmp_path / "pid"
    account.start("doomed", {"hang": str(file)})
    pid = int(until(lambda: file.exists() and file.read_text(), bool))
    account.transcribe.delete_transcription_job(TranscriptionJobName="doomed")
    with pytest.raises(account.transcribe.exceptions.BadRequestException, match="couldn't be found"):
        account.transcribe.get_transcription_job(TranscriptionJobName="doomed")
    until(lambda: _alive(pid), lambda alive: not alive)
    assert account.transcript("doomed")["jobName"] == "doomed"


def test_jobs_wait_for_a_place_and_one_that_is_deleted_never_begins(account, tmp_path):
    running = [tmp_path / "one", tmp_path / "two"]
    for file in running:
        account.start(f"busy-{file.name}", {"hang": str(file)})
    until(lambda: all(file.exists() for file in running), bool)
    account.start("waiting")
    job = account.transcribe.get_transcription_job(TranscriptionJobName="waiting")["TranscriptionJob"]
    assert job["TranscriptionJobStatus"] == "QUEUED"
    assert "StartTime" not in job
    for name in ("waiting", "busy-one", "busy-two"):
        account.transcribe.delete_transcription_job(TranscriptionJobName=name)
    assert not account.s3.list_objects_v2(Bucket=account.bucket, Prefix="waiting")["KeyCount"]
    assert account.transcript("after")["jobName"] == "after"


def test_lists_are_by_status_and_name_the_newest_first(account):
    for n in range(3):
        account.transcript(f"listed-{n}")
    account.start("listed-bad", {"fault": "no"})
    account.transcribed("listed-bad")
    client = account.transcribe
    answer = client.list_transcription_jobs(JobNameContains="LISTED", Status="COMPLETED", MaxResults=2)
    assert problems("ListTranscriptionJobs", answer) == []
    names = [job["TranscriptionJobName"] for job in answer["TranscriptionJobSummaries"]]
    assert (names, answer["Status"]) == (["listed-2", "listed-1"], "COMPLETED")
    rest = client.list_transcription_jobs(
        JobNameContains="listed", Status="COMPLETED", NextToken=answer["NextToken"]
    )
    assert [job["TranscriptionJobName"] for job in rest["TranscriptionJobSummaries"]] == ["listed-0"]
    assert "NextToken" not in rest


def _alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
