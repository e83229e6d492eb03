"""The call transcription from `millrace run` to its report, on the sample and a file that is no call."""

import json

import pytest

from tests.stack import REPO

pytestmark = pytest.mark.timeout(1800)
DAG = "call_transcription"
SAMPLE = REPO / "include" / "samples" / DAG
CALLS = "main/input/calls/"
KINDS = ("words", "matches", "substitutions", "deletions", "insertions", "errors")


@pytest.fixture(scope="module")
def ran(stack):
    """A run on the sample, encrypted, and on a text that is called like a recording."""
    stack.millrace("up")
    s3 = stack.client("s3")
    for path in (SAMPLE / name for name in ("support_call.flac", "support_call.txt", "vocabulary.tsv")):
        encrypted = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": "alias/millrace-local"}
        s3.put_object(Bucket=stack.bucket, Key=CALLS + path.name, Body=path.read_bytes(), **encrypted)
    s3.put_object(Bucket=stack.bucket, Key=f"{CALLS}notes.wav", Body=b"Agent : Hello.\n")
    return stack.run(DAG, "--param", f"media_uri=s3://{stack.bucket}/{CALLS}")


@pytest.fixture(scope="module")
def rates(stack, ran):
    return json.loads(stack.read(f"{ran['outputs']['comparison']}/rates.json"))


def transcripts(stack, ran):
    """Keys of what Transcribe has written, below the run's prefix."""
    prefix = ran["outputs"]["comparison"].removeprefix(f"s3://{stack.bucket}/").removesuffix("comparison")
    found = stack.client("s3").list_objects_v2(Bucket=stack.bucket, Prefix=f"{prefix}transcripts/")
    return {item["Key"].removeprefix(f"{prefix}transcripts/"): item["Key"] for item in found["Contents"]}


def test_every_call_has_both_transcripts_and_both_are_encrypted(stack, ran):
    written = transcripts(stack, ran)
    assert set(written) == {"without/support_call.json", "with/support_call.json"}
    for key in written.values():
        head = stack.client("s3").head_object(Bucket=stack.bucket, Key=key)
        assert head["ServerSideEncryption"] == "aws:kms"


def test_agent_and_customer_are_told_apart(stack, ran):
    lines = stack.read(f"{ran['outputs']['comparison']}/with/support_call.txt").decode().splitlines()
    assert {line.partition(" : ")[0] for line in lines} == {"Agent", "Customer"}


def test_sentences_add_up_to_the_totals(ran, rates):
    [call] = rates["calls"]
    assert len(call["sentences"]) == ran["metrics"]["sentences"] == 22
    for name, total in rates["totals"].items():
        sums = {kind: sum(each["heard"][name][kind] for each in call["sentences"]) for kind in KINDS}
        assert sums == {kind: total[kind] for kind in KINDS}
        assert total["errors"] == total["substitutions"] + total["deletions"] + total["insertions"] > 0
        assert ran["metrics"][f"wer_{name}"] == pytest.approx(total["errors"] / total["words"], abs=1e-6)


def test_words_of_the_table_are_heard_with_it(ran, rates):
    assert ran["metrics"]["wer_with"] < ran["metrics"]["wer_without"]
    heard = {
        name: " ".join(each["heard"][name]["hyp"] for each in rates["calls"][0]["sentences"]).split()
        for name in ("without", "with")
    }
    assert "sagemaker" in heard["with"]
    assert "sagemaker" not in heard["without"]


def test_what_is_no_call_is_set_aside_and_the_run_goes_on(stack, ran):
    [refused] = json.loads(stack.read(f"{ran['outputs']['recordings']}/set_aside.json"))
    assert (refused["file"], refused["reason"]) == ("notes.wav", "It is text, not sound.")
    page = stack.read(f"{ran['outputs']['comparison']}/report.html").decode()
    assert "notes.wav" in page
    assert "It is text, not sound." in page


def test_every_task_succeeded(stack, ran):
    assert set(stack.states(DAG, ran["run_id"]).values()) == {"success"}
