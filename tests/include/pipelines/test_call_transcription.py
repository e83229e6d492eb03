from dataclasses import replace

import pytest

from include.pipelines import call_transcription as spec
from include.pipelines import speech
from tests.include.test_requests import check
from tests.include.transcribe.test_requests import check as check_transcribe

PREFIX = "s3://millrace-test/main/call_transcription/manual__1/"
PARAMS = {
    "media_uri": None,
    "language_code": "en-US",
    "vocabulary": None,
    "agent_channel": 0,
    "instance_type": "ml.m5.large",
}
KEY = "arn:aws:kms:us-east-1:123456789012:key/1"
RECORDINGS = [{"name": "a", "uri": "s3://b/a.flac", "in_sample": True}]
TABLE = "s3://b/words.tsv"


@pytest.fixture
def run(run):
    return replace(run, dag_id="call_transcription", params=PARAMS)


def with_params(run, **params):
    return replace(run, params={**PARAMS, **params})


def requested(run, job):
    return check_transcribe("StartCallAnalyticsJob", {**job.request(run), "CallAnalyticsJobName": "a"})


def test_every_processing_job_is_one_that_aws_takes_and_has_a_place_of_its_own(run):
    jobs = [
        spec.checking(run),
        spec.table_check(with_params(run, vocabulary=TABLE), checked={"vocabulary_tables": 0}),
        spec.comparison(run, created="words"),
    ]
    for job in jobs:
        check("CreateProcessingJob", {**job.request(run), "ProcessingJobName": "a"})
    written = [uri for job in jobs for uri in job.outputs.values()]
    assert len(written) == len(set(written)) == 3
    assert all(uri.startswith(PREFIX) for uri in written)


def test_recordings_are_checked_as_calls(run):
    assert "--calls" in spec.checking(run).arguments


def test_each_call_is_transcribed_without_and_with_the_vocabulary(run):
    [first] = spec.calls(run, RECORDINGS)
    [second] = spec.calls_again(run, [first], created="words")
    without, with_it = (requested(run, spec.transcription(run, **each)) for each in (first, second))
    assert without["OutputLocation"] == f"{PREFIX}transcripts/without/a.json"
    assert with_it["OutputLocation"] == f"{PREFIX}transcripts/with/a.json"
    assert without["Settings"] == {"LanguageOptions": ["en-US"]}
    assert with_it["Settings"] == {"LanguageOptions": ["en-US"], "VocabularyName": "words"}
    assert without["Media"] == with_it["Media"] == {"MediaFileUri": "s3://b/a.flac"}


@pytest.mark.parametrize("agent", [0, 1])
def test_the_run_says_which_channel_is_the_agent_s(run, agent):
    [call] = spec.calls(run, RECORDINGS)
    run = with_params(run, agent_channel=agent)
    roles = {
        each["ParticipantRole"]: each["ChannelId"]
        for each in requested(run, spec.transcription(run, **call))["ChannelDefinitions"]
    }
    assert roles == {"AGENT": agent, "CUSTOMER": 1 - agent}


def test_calls_are_read_and_transcripts_encrypted_in_the_role_of_the_jobs(run):
    run = replace(run, settings=run.settings.model_copy(update={"output_kms_key": KEY}))
    [call] = spec.calls(run, RECORDINGS)
    request = requested(run, spec.transcription(run, **call))
    assert request["DataAccessRoleArn"] == run.settings.role_arn
    assert request["OutputEncryptionKMSKeyId"] == KEY


def test_without_a_vocabulary_there_is_one_transcription(run):
    assert spec.table_check(run, checked={"vocabulary_tables": 0}) is None
    assert spec.calls_again(run, spec.calls(run, RECORDINGS), created=None) == []
    inputs = spec.comparison(run, created=None).inputs
    assert set(inputs) == {"recordings", "without"}


def test_a_table_beside_the_calls_is_taken_unless_the_run_names_another(run):
    beside = {"vocabulary_tables": 1}
    assert spec.table_check(run, checked=beside).inputs == {
        "table": "s3://millrace-test/main/input/call_transcription/current/vocabulary.tsv"
    }
    named = with_params(run, vocabulary=TABLE)
    assert spec.table_check(named, checked=beside).inputs == {"table": TABLE}


def test_what_is_made_a_vocabulary_is_the_table_that_was_checked(run):
    job = spec.table_check(with_params(run, vocabulary=TABLE), checked={"vocabulary_tables": 0})
    vocabulary = spec.vocabulary(run)
    assert vocabulary.table == f"{job.outputs['vocabulary']}/{speech.TABLE}"
    assert vocabulary.name == f"{run.resource_name}-en-us"


def test_a_vocabulary_that_is_there_is_used_and_not_made(run):
    run = with_params(run, vocabulary="words-blue")
    assert spec.table_check(run, checked={"vocabulary_tables": 1}) is None
    [again] = spec.calls_again(run, spec.calls(run, RECORDINGS), created=None)
    assert again["vocabulary"] == "words-blue"
    assert "with" in spec.comparison(run, created=None).inputs
