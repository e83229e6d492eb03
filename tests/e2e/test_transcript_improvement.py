"""The transcript improvement from `millrace run` to a promotion; a reviewer uses the page's forms."""

import json
import threading
from pathlib import Path

import pytest

from tests.e2e.reviewer import Reference, Transcript, review
from tests.stack import REPO

pytestmark = pytest.mark.timeout(1800)
"""A run listens to six minutes of speech twice."""
DAG = "transcript_improvement"
SAMPLE = REPO / "include" / "samples" / DAG
LEAST_GAIN = 0.10
"""By which share the word error rate of recordings nobody was asked about has to fall."""
LEAST_TERMS = 0.50
"""By which share of the terms more have to be right in recordings people were asked about."""


ADDED = "doorbell-cam\t\t\tDoorbell Cam\n"
"""A term that only a person at the table knows."""


class Listener:
    """A reviewer who knows the texts of the recordings that are not held out."""

    def __init__(self, stack, said):
        self.stack, self.said = stack, said
        self.over, self.answered, self.asked = threading.Event(), 0, []
        self.thread = threading.Thread(target=self._work, name="reviewer")

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.thread.join(60)

    def _work(self):
        url = f"http://127.0.0.1:{self.stack.aws_port}"
        self.answered = review(url, "Ada", self.answer, self.over.is_set)

    def answer(self, task):
        self.asked.append(task)
        heard = Transcript.of(json.loads(self.stack.read(self.transcript(task["file"]))))
        return Reference(self.said(task["file"]), heard).between(task["start"], task["end"]) or task["heard"]

    def transcript(self, name):
        """Of the newest run."""
        s3, prefix = self.stack.client("s3"), f"main/{DAG}/"
        pages = s3.get_paginator("list_objects_v2").paginate(Bucket=self.stack.bucket, Prefix=prefix)
        found = [item for page in pages for item in page.get("Contents", [])]
        mine = [item for item in found if item["Key"].endswith(f"/transcripts/before/{name}.json")]
        return f"s3://{self.stack.bucket}/{max(mine, key=lambda item: item['LastModified'])['Key']}"


def said_in_the_sample(name):
    """The text of a recording of the sample, by the name of its transcript."""
    folder, _, file = name.partition("-")
    return (SAMPLE / folder / f"{file}.txt").read_text()


@pytest.fixture(scope="module")
def improved(stack):
    """The first run, on the sample: what it left, and what its reviewer was asked."""
    stack.millrace("up")
    with Listener(stack, said_in_the_sample) as listener:
        run = stack.run(DAG)
    return run, listener


def test_words_of_the_field_are_heard_where_nobody_was_asked(improved):
    metrics = improved[0]["metrics"]
    gain = 1 - metrics["wer_after_out_sample"] / metrics["wer_before_out_sample"]
    assert gain >= LEAST_GAIN, metrics
    assert metrics["terms_after_in_sample"] - metrics["terms_before_in_sample"] >= LEAST_TERMS, metrics


def test_people_are_asked_only_about_recordings_that_are_not_held_out(improved):
    run, listener = improved
    assert listener.answered == len(listener.asked) == run["metrics"]["review_tasks"] > 0
    assert all(task["file"].startswith("in_sample-") for task in listener.asked)


def test_the_vocabulary_is_live_afterwards(stack, improved):
    document = json.loads(stack.read(f"s3://{stack.bucket}/main/{DAG}/live/vocabulary-en-US.json"))
    assert document["run"] == improved[0]["run_id"]
    vocabulary = stack.client("transcribe").get_vocabulary(VocabularyName=document["vocabulary"])
    assert vocabulary["VocabularyState"] == "READY"


def test_the_report_and_the_histograms_are_there(stack, improved):
    outputs = improved[0]["outputs"]
    assert b"<html" in stack.read(f"{outputs['comparison']}/report.html")
    for name in ("confidence.png", "low_confidence.png", "tasks.png"):
        assert stack.read(f"{outputs['unsure']}/{name}").startswith(b"\x89PNG")


def test_every_task_of_the_way_that_was_taken_succeeded(stack, improved):
    states = stack.states(DAG, improved[0]["run_id"])
    others = {"review.list_clips", "review.fill_form", "review.collect_answers"}
    assert {task for task, state in states.items() if state == "skipped"} == others
    assert {state for task, state in states.items() if task not in others} == {"success"}


class Clerk:
    """Somebody at Airflow's page of required actions: fills in forms, and adds a term to the table."""

    def __init__(self, stack):
        self.stack, self.over, self.clips, self.tables = stack, threading.Event(), [], []
        self.thread = threading.Thread(target=self._work, name="clerk")

    __enter__, __exit__ = Listener.__enter__, Listener.__exit__

    def _work(self):
        path, unanswered = f"/dags/{DAG}/dagRuns/~/hitlDetails", {"response_received": False}
        with self.stack.api() as api:
            while not self.over.wait(1):
                found = api.get(path, params=unanswered).raise_for_status().json()
                for form in found["hitl_details"]:
                    self._answer(api, form)

    def _answer(self, api, form):
        task, values = form["task_instance"], {name: each["value"] for name, each in form["params"].items()}
        if "table" in values:
            self.tables.append(values["table"])
            answer = {"chosen_options": ["Approve"], "params_input": {"table": values["table"] + ADDED}}
        else:
            self.clips.append(values["transcript"])
            answer = {"chosen_options": ["Submit"], "params_input": values}
        path = f"/dags/{DAG}/dagRuns/{task['dag_run_id']}/taskInstances/{task['task_id']}/{task['map_index']}"
        api.patch(f"{path}/hitlDetails", json=answer).raise_for_status()


@pytest.fixture(scope="module")
def filled_in(stack, improved):
    """A run without a work team, on a short message, whose table a person changes."""
    message = REPO / "include" / "samples" / "voice_message" / "front_door.flac"
    key = "main/input/messages/front_door.flac"
    stack.client("s3").upload_file(str(message), stack.bucket, key)
    params = {
        "media_uri": f"s3://{stack.bucket}/main/input/messages/",
        "reviewers": "Airflow",
        "approve_vocabulary": "true",
        "confidence_threshold": "0.9",
    }
    with Clerk(stack) as clerk:
        options = [text for name, value in params.items() for text in ("--param", f"{name}={value}")]
        run = stack.run(DAG, *options)
    return run, clerk


@pytest.mark.slow
def test_the_same_questions_can_be_forms_of_airflow(stack, filled_in):
    run, clerk = filled_in
    assert len(clerk.clips) == run["metrics"]["review_tasks"] == run["metrics"]["answers"] > 0
    assert stack.states(DAG, run["run_id"])["review.ask_team"] == "skipped"


@pytest.mark.slow
def test_a_table_that_a_person_changed_is_the_one_that_goes_live(stack, improved, filled_in):
    run, clerk = filled_in
    [shown] = clerk.tables
    live = json.loads(stack.read(f"s3://{stack.bucket}/main/{DAG}/live/vocabulary-en-US.json"))
    assert stack.read(live["table"]).decode() == shown + ADDED
    assert (live["run"], live["before"]["run"]) == (run["run_id"], improved[0]["run_id"])
    assert stack.states(DAG, run["run_id"])["compare"] == "skipped"


@pytest.fixture
def real_speech(stack):
    """Seven sentences that people read, those of one book held out; name -> text."""
    folder = REPO.parent / "shared" / "data" / "speech"
    if not (folder / "transcripts.tsv").is_file():
        pytest.skip("there are no recordings of people at ../shared/data/speech")
    rows = (line.split("\t") for line in (folder / "transcripts.tsv").read_text().splitlines()[1:])
    texts, s3 = dict(rows), stack.client("s3")
    for file, text in texts.items():
        s3.upload_file(str(folder / file), stack.bucket, f"main/input/people/{file}")
        key = f"main/input/people/{Path(file).stem}.txt"
        s3.put_object(Bucket=stack.bucket, Key=key, Body=text.encode())
    return {Path(file).stem: text for file, text in texts.items()}


@pytest.mark.slow
def test_people_who_read_are_heard_no_worse_with_words_of_theirs(stack, improved, real_speech):
    with Listener(stack, real_speech.__getitem__) as listener:
        run = stack.run(
            DAG,
            *("--param", f"media_uri=s3://{stack.bucket}/main/input/people/"),
            *("--param", 'held_out=["LJ*"]'),
        )
    metrics = run["metrics"]
    assert (metrics["recordings"], metrics["references"], metrics["recordings_set_aside"]) == (7, 7, 0)
    assert listener.answered == metrics["review_tasks"]
    for split in ("in_sample", "out_sample"):
        assert 0 < metrics[f"wer_before_{split}"] < 0.5
        assert metrics[f"wer_after_{split}"] < 0.5
    assert metrics["wer_after_in_sample"] <= metrics["wer_before_in_sample"]
