"""Transcribe's operators against moto's own backend, which records jobs and does not run them."""

import asyncio
import json
import os
import socket
import subprocess
import sys
import time
from urllib.error import URLError
from urllib.request import urlopen

import boto3
import pytest
from airflow.sdk.exceptions import TaskDeferred

from include.settings import settings
from include.transcribe import (
    CallAnalyticsJob,
    LanguageModel,
    TranscriptionJob,
    Vocabulary,
    VocabularyFilter,
)
from millrace.descriptions import JobDescription
from millrace.errors import JobFailed
from millrace.hooks.jobs import JobHook
from millrace.jobs import CALL_ANALYTICS, LANGUAGE_MODEL, TRANSCRIPTION, VOCABULARY
from millrace.launching import Launch
from millrace.operators.transcribe import (
    CallAnalyticsJobOperator,
    LanguageModelOperator,
    TranscriptionJobOperator,
    VocabularyFilterOperator,
    VocabularyOperator,
)
from millrace.triggers.clients import Clients
from millrace.triggers.reconciliation import Reconciliation
from tests.conftest import DEPLOYMENT


@pytest.fixture(scope="module")
def aws():
    """moto's server; settings and boto3 point at it."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    server = subprocess.Popen(
        [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ENDPOINT_URL", url)
        for name, value in DEPLOYMENT.items():
            patch.setenv(name, value)
        settings.cache_clear()
        try:
            until_it_answers(server, url)
            boto3.client("s3").create_bucket(Bucket=os.environ["MILLRACE_BUCKET"])
            yield server
        finally:
            server.terminate()
            server.wait(10)
    settings.cache_clear()


def until_it_answers(server, url):
    for _ in range(600):
        assert server.poll() is None
        try:
            urlopen(f"{url}/moto-api/", timeout=5).close()
        except (URLError, OSError):
            time.sleep(0.1)
        else:
            return
    raise AssertionError("moto does not answer")


@pytest.fixture
def transcribe(aws):
    return boto3.client("transcribe")


def transcription(**kwargs):
    def build(run):
        return TranscriptionJob("s3://media/a.flac", f"s3://{run.settings.bucket}/transcripts/a.json")

    return TranscriptionJobOperator(task_id="step", build=build, aws_conn_id=None, **kwargs)


def defer(task, context):
    with pytest.raises(TaskDeferred) as deferred:
        task.execute(context)
    return deferred.value.trigger


def describe(transcribe, name):
    return transcribe.get_transcription_job(TranscriptionJobName=name)["TranscriptionJob"]


def complete(transcribe, name):
    while describe(transcribe, name)["TranscriptionJobStatus"] != "COMPLETED":
        pass


def test_a_transcription_starts_and_waits_for_its_event(context, transcribe):
    trigger = defer(transcription(), context)
    job = describe(transcribe, trigger.name)
    assert trigger.kind is TRANSCRIPTION
    assert job["Media"] == {"MediaFileUri": "s3://media/a.flac"}


def test_the_result_has_the_transcript_as_an_s3_uri(context, transcribe):
    task = transcription()
    name = defer(task, context).name
    complete(transcribe, name)
    result = task.resume(context, {"name": name})
    assert result["transcript"] == f"s3://{settings().bucket}/transcripts/a.json"
    assert result["name"] == name
    assert result["seconds"] >= 0


def test_a_retry_adopts_and_then_uses_the_job(context, transcribe):
    name = defer(transcription(), context).name
    assert defer(transcription(), context).name == name
    complete(transcribe, name)
    assert transcription().execute(context)["name"] == name


def test_a_clear_deletes_the_old_job_which_is_how_it_is_stopped(context, transcribe):
    first = defer(transcription(), context).name
    context["ti"].max_tries = 5
    second = defer(transcription(), context).name
    names = {
        job["TranscriptionJobName"]
        for job in transcribe.list_transcription_jobs()["TranscriptionJobSummaries"]
    }
    assert second in names
    assert first not in names


def test_a_job_that_aws_does_not_delete_runs_to_its_end(context, transcribe):
    """AWS may refuse to delete what is in progress."""
    name = defer(transcription(), context).name
    hook = JobHook(TRANSCRIPTION, None)
    sent = answering(hook.conn, {"DeleteTranscriptionJob": REFUSAL})
    assert hook.stop(name).name == name
    assert len(sent) == 1
    assert describe(transcribe, name)


def test_a_job_that_is_not_there_is_told_from_an_error(aws):
    assert JobHook(TRANSCRIPTION, None).describe("never-started") is None
    assert JobHook(VOCABULARY, None).describe("never-made") is None


class Waiting:
    """An event stream on which somebody waits for jobs, and whose events are all lost."""

    def __init__(self, *names):
        self.names, self.delivered = names, []
        self.clients = Clients(None, None)
        self.client = self.clients.get

    def addresses(self):
        return [(TRANSCRIPTION.name, name) for name in self.names]

    def deliver(self, address, news):
        self.delivered.append((address, news))
        return True


def test_jobs_that_no_list_can_tell_of_are_described_now_and_then(context, transcribe):
    over = defer(transcription(), context).name
    complete(transcribe, over)
    context["ti"].map_index = 0
    context["task_state_store"].clear()
    stream = Waiting(over, defer(transcription(), context).name, "yet-to-come")

    async def look():
        await Reconciliation(stream)._look(TRANSCRIPTION)
        await stream.clients.renew()

    asyncio.run(look())
    assert stream.delivered == [((TRANSCRIPTION.name, over), "COMPLETED")]


def test_a_mapped_task_has_a_job_for_each_file(context, transcribe):
    names = set()
    for index in range(3):
        context["ti"].map_index = index
        context["task_state_store"].clear()
        names.add(defer(transcription(), context).name)
    assert len(names) == 3


@pytest.mark.parametrize(
    ("operator", "kind", "build", "operation"),
    [
        (
            CallAnalyticsJobOperator,
            CALL_ANALYTICS,
            lambda run: CallAnalyticsJob("s3://media/call.wav", "s3://bucket/calls/"),
            "StartCallAnalyticsJob",
        ),
        (
            LanguageModelOperator,
            LANGUAGE_MODEL,
            lambda run: LanguageModel("s3://bucket/training/", "WideBand"),
            "CreateLanguageModel",
        ),
    ],
)
def test_an_operator_names_its_row_and_its_request(context, aws, operator, kind, build, operation):
    task = operator(task_id="step", build=build, aws_conn_id=None)
    sent = answering(task.hook.conn, {operation: {}})
    task.start(context, Launch(1, 2))
    assert task.kind is kind
    [(_, request)] = sent
    assert request[kind.name_field].endswith("-1")
    assert {"Key": "millrace:dag", "Value": "testing"} in request["Tags"]


def test_a_call_that_was_analysed_gives_its_transcript_as_an_s3_uri(context, aws):
    task = CallAnalyticsJobOperator(
        task_id="step", build=lambda run: CallAnalyticsJob("s3://m/c.wav", "s3://b/"), aws_conn_id=None
    )
    fields = {"Transcript": {"TranscriptFileUri": "https://s3.us-east-1.amazonaws.com/b/analytics/a.json"}}
    done = JobDescription(CALL_ANALYTICS, {"CallAnalyticsJob": fields})
    assert task.result(context, Launch(1, 2), done)["transcript"] == "s3://b/analytics/a.json"


def vocabulary(table="s3://bucket/words.txt"):
    return VocabularyOperator(
        task_id="step",
        build=lambda run: Vocabulary(f"{run.resource_name}-{run.run_id[6:40]}", table),
        aws_conn_id=None,
    )


def ready(name):
    while not JobHook(VOCABULARY, None).describe(name).is_over:
        pass


def test_a_vocabulary_is_created_and_named_in_the_result(context, aws):
    task = vocabulary()
    name = defer(task, context).name
    assert name.startswith("millrace-local-main-testing-")
    ready(name)
    result = task.resume(context, {"name": name})
    assert (result["vocabulary"], result["name"]) == (name, name)


def test_a_vocabulary_that_is_there_is_updated(context, transcribe):
    name = defer(vocabulary(), context).name
    ready(name)
    context["task_state_store"].clear()
    task = vocabulary("s3://bucket/more.txt")
    sent = answering(task.hook.conn, {"UpdateVocabulary": {}})
    assert defer(task, context).name == name
    [(_, update)] = sent
    assert (update["VocabularyName"], update["VocabularyFileUri"]) == (name, "s3://bucket/more.txt")


def test_an_update_is_not_made_twice_by_a_retry(context, aws):
    name = defer(vocabulary(), context).name
    ready(name)
    task = vocabulary()
    sent = answering(task.hook.conn, {"UpdateVocabulary": {}})
    assert task.execute(context)["vocabulary"] == name
    assert sent == []


def test_an_update_that_is_under_way_is_waited_for(context, transcribe):
    name = f"millrace-local-main-testing-{context['ti'].run_id[6:40]}"
    transcribe.create_vocabulary(VocabularyName=name, LanguageCode="en-US", Phrases=["word"])
    with pytest.raises(TaskDeferred) as deferred:
        vocabulary().execute(context)
    assert deferred.value.method_name == "execute_again"
    assert deferred.value.trigger.name == name


def test_a_table_that_aws_refuses_fails_with_its_reason_and_without_a_retry(context, aws):
    task = vocabulary()
    refused = {
        "VocabularyName": "a",
        "VocabularyState": "FAILED",
        "FailureReason": "row 3: a space in Phrase",
    }
    with pytest.raises(JobFailed, match=r"is FAILED: row 3: a space in Phrase") as failed:
        task.fail(JobDescription(VOCABULARY, refused))
    assert failed.value.permanent


def test_a_killed_task_leaves_its_vocabulary(context, transcribe):
    """Jobs may be using it."""
    task = vocabulary()
    name = defer(task, context).name
    task.on_kill()
    assert transcribe.get_vocabulary(VocabularyName=name)


@pytest.mark.parametrize("exists", [False, True])
def test_a_filter_is_created_or_updated(context, aws, exists):
    task = VocabularyFilterOperator(
        task_id="step", build=lambda run: VocabularyFilter("rude", "s3://bucket/rude.txt"), aws_conn_id=None
    )
    answers = {"CreateVocabularyFilter": CONFLICT if exists else {}, "UpdateVocabularyFilter": {}}
    sent = answering(task.client, answers)
    assert task.execute(context) == {"filter": "rude"}
    assert [operation for operation, _ in sent] == list(answers)[: 1 + exists]
    assert sent[0][1]["LanguageCode"] == "en-US"
    assert all(request["VocabularyFilterFileUri"] == "s3://bucket/rude.txt" for _, request in sent)
    assert sent[-1][1]["VocabularyFilterName"] == "rude"


CONFLICT = {"Error": {"Code": "ConflictException", "Message": "The requested name already exists."}}
REFUSAL = {"Error": {"Code": "BadRequestException", "Message": "The job is in progress."}}


class Answer:
    """The part of an HTTP answer that botocore looks at."""

    def __init__(self, status_code):
        self.status_code = status_code


def answering(client, answers):
    """Has operations answered that moto does not have; the requests, which botocore has validated."""
    sent = []

    def answer(model, params, **_):
        if model.name not in answers:
            return None
        sent.append((model.name, json.loads(params["body"])))
        body = answers[model.name]
        return Answer(400 if "Error" in body else 200), dict(body)

    client.meta.events.register("before-call", answer)
    return sent
