from dataclasses import replace
from datetime import timedelta

import pytest

from include.pipelines import speech
from include.pipelines import transcript_improvement as spec
from tests.include.test_requests import check

PREFIX = "s3://millrace-test/main/transcript_improvement/manual__1/"
TEAM = "arn:aws:sagemaker:us-east-1:123456789012:workteam/private-crowd/people"
PARAMS = {
    "media_uri": None,
    "language_code": "en-US",
    "held_out": ["out_of_sample/*"],
    "confidence_threshold": 0.4,
    "context_words": 3,
    "reviewers": "work team",
    "work_team_arn": TEAM,
    "review_minutes": 240,
    "sufficient_answers": 0.9,
    "answers_per_task": 1,
    "approve_vocabulary": False,
    "instance_type": "ml.m5.large",
}
LIVE = {"vocabulary": "words-blue", "table": "s3://b/old/vocabulary.tsv", "run": "manual__0", "before": None}
ANSWERED = {"answers": "s3://b/answers/"}
RATES = {"wer_before_out_sample": 0.3, "wer_after_out_sample": 0.25}


@pytest.fixture
def run(run):
    return replace(run, dag_id="transcript_improvement", params=PARAMS)


@pytest.fixture
def steps(run):
    return [
        spec.checking(run),
        spec.unsure_words(run),
        spec.terms(run, team=ANSWERED, forms=None, live=LIVE),
        speech.table_check(run, table="s3://b/vocabulary.tsv"),
        spec.comparison(run, checked={"references": 4}),
    ]


def with_params(run, **params):
    return replace(run, params={**PARAMS, **params})


def test_every_processing_job_is_one_that_aws_takes(run, steps):
    for job in steps:
        request = job.request(run)
        check("CreateProcessingJob", {**request, "ProcessingJobName": "a"})
        names = [item["InputName"] for item in request["ProcessingInputs"]]
        names += [item["OutputName"] for item in request["ProcessingOutputConfig"]["Outputs"]]
        assert len(names) == len(set(names)), names


def test_every_step_writes_under_the_run_s_own_prefix(steps):
    written = [uri for job in steps for uri in job.outputs.values()]
    assert len(written) == len(set(written))
    assert all(uri.startswith(PREFIX) for uri in written)


def test_each_recording_is_transcribed_twice_into_places_of_its_own(run):
    recordings = [{"name": "a", "uri": "s3://b/a.flac", "in_sample": True}]
    [first] = spec.transcriptions(run, recordings, live=None)
    [second] = spec.retranscriptions(run, [first], vocabulary="words-blue")
    before, after = (spec.transcription(run, **each).request(run) for each in (first, second))
    assert before["OutputKey"] == "main/transcript_improvement/manual__1/transcripts/before/a.json"
    assert after["OutputKey"] == "main/transcript_improvement/manual__1/transcripts/after/a.json"
    assert "Settings" not in before
    assert after["Settings"] == {"VocabularyName": "words-blue"}
    assert before["Media"] == after["Media"] == {"MediaFileUri": "s3://b/a.flac"}


def test_what_is_live_already_is_heard_the_first_time(run):
    recordings = [{"name": "a", "uri": "s3://b/a.flac", "in_sample": True}]
    [first] = spec.transcriptions(run, recordings, live=LIVE)
    assert spec.transcription(run, **first).request(run)["Settings"] == {"VocabularyName": "words-blue"}


def test_the_form_s_review_is_the_one_that_people_get(run):
    review = spec.review(run)
    assert (review.deadline, review.sufficient, review.work_team_arn) == (timedelta(hours=4), 0.9, TEAM)
    assert review.items == f"{PREFIX}unsure/tasks.json"


def test_a_vocabulary_is_made_beside_the_live_one(run):
    names = []
    live = None
    for _ in range(3):
        names.append(spec.vocabulary(run, live).name)
        _, live = spec.promotion(run, names[-1], live)
    assert names[0] == names[2] != names[1]
    assert all(name.endswith(("-en-us-blue", "-en-us-green")) for name in names)


def test_the_live_terms_are_gone_on_from(run):
    job = spec.terms(run, team=ANSWERED, forms=None, live=LIVE)
    assert job.inputs["live"] == LIVE["table"]
    assert "live" not in spec.terms(run, team=ANSWERED, forms=None, live=None).inputs


def test_answers_of_forms_are_read_like_those_of_loops(run):
    forms = [{"id": "a/1.00-2.00", "answers": ["an EC2 instance"]}, {"id": "a/3.00-4.00", "answers": []}]
    uri, document = spec.form_answers(run, forms)
    job = spec.terms(run, team=None, forms={"outputs": {"answers": uri}}, live=None)
    assert job.inputs["review"] == uri == f"{PREFIX}answers/forms/answers.json"
    assert document == [{**each, "loop": each["id"]} for each in forms]


@pytest.mark.parametrize(
    ("reviewers", "task"), [("work team", "review.ask_team"), ("Airflow", "review.list_clips")]
)
def test_the_run_says_whom_to_ask(run, reviewers, task):
    assert spec.reviewers(with_params(run, reviewers=reviewers)) == task


def test_a_promotion_says_what_was_live_before_and_no_more(run):
    uri, first = spec.promotion(run, "words-green", LIVE)
    assert uri == "s3://millrace-test/main/transcript_improvement/live/vocabulary-en-US.json"
    assert first["before"] == {name: value for name, value in LIVE.items() if name != "before"}
    _, second = spec.promotion(run, "words-blue", first)
    assert second["before"]["vocabulary"] == "words-green"
    assert "before" not in second["before"]


def test_nothing_is_compared_where_nothing_is_known(run):
    assert spec.comparison(run, checked={"references": 0}) is None


@pytest.mark.parametrize(("after", "passed"), [(0.25, True), (0.3, True), (0.31, False)])
def test_a_vocabulary_that_makes_held_out_recordings_worse_is_not_promoted(run, after, passed):
    verdict = spec.verdict(run, {"metrics": {**RATES, "wer_after_out_sample": after}})
    assert verdict.passed is passed
    assert f"0.3000 before, {after:.4f} after" in verdict.reason


@pytest.mark.parametrize("comparison", [None, {"metrics": {"wer_before_in_sample": 0.3}}])
def test_without_held_out_references_only_a_person_promotes(run, comparison):
    assert not spec.verdict(run, comparison).passed
    assert spec.verdict(with_params(run, approve_vocabulary=True), comparison).passed
