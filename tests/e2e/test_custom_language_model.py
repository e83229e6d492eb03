"""Custom language models from `millrace run` to a promotion, and what is refused."""

import json
from datetime import UTC, datetime

import pytest

from tests.stack import REPO

pytestmark = [pytest.mark.slow, pytest.mark.timeout(3600)]
"""A run listens to two minutes of speech three times, and to the live model's too."""
DAG = "custom_language_model"
SAMPLE = REPO / "include" / "samples" / DAG
MOST = 10


def models(stack):
    found = stack.client("transcribe").list_language_models(MaxResults=100)["Models"]
    return [model["ModelName"] for model in found]


def live(stack):
    return json.loads(stack.read(f"s3://{stack.bucket}/main/{DAG}/live/language-model-en-US.json"))


def refused(stack, **params):
    """What is said of a run that has to fail."""
    options = [text for name, value in params.items() for text in ("--param", f"{name}={value}")]
    done = stack.millrace("run", DAG, *options, timeout=1500)
    assert done.returncode == 1
    # The console breaks lines.
    return " ".join((done.stdout + done.stderr).split())


@pytest.fixture(scope="module")
def first(stack):
    """The first run, on the sample, and the account's models after it."""
    stack.millrace("up")
    return stack.run(DAG), models(stack)


def test_text_of_the_field_and_tuning_are_heard(first):
    metrics = first[0]["metrics"]
    assert metrics["wer_generic"] > metrics["wer_trained"] > metrics["wer_tuned"]
    assert metrics["difference_generic_trained_high"] < 0
    assert metrics["held_out_sentences_in_corpus"] == 0


def test_the_best_is_what_was_promoted_and_the_only_model_that_is_left(stack, first):
    run, left = first
    document = live(stack)
    assert (document["variant"], document["run"], document["before"]) == ("tuned", run["run_id"], None)
    assert document["word_error_rate"] == run["metrics"]["wer_tuned"]
    assert left == [document["model"]]
    client = stack.client("transcribe")
    described = client.describe_language_model(ModelName=document["model"])["LanguageModel"]
    assert described["BaseModelName"] == "WideBand"
    assert described["InputDataConfig"]["TuningDataS3Uri"].endswith("/tuning/")


def test_the_report_and_its_picture_are_there(stack, first):
    folder = first[0]["outputs"]["comparison"]
    assert b"trained and tuned" in stack.read(f"{folder}/report.html")
    assert stack.read(f"{folder}/wer.png").startswith(b"\x89PNG")


@pytest.fixture(scope="module")
def second(stack, first):
    """A run that has a live model to beat, with the same text: it cannot. One recording is enough."""
    folder = f"s3://{stack.bucket}/main/input/one_shift/"
    for file in SAMPLE.glob("held_out/first_shift.*"):
        stack.client("s3").upload_file(str(file), stack.bucket, f"main/input/one_shift/{file.name}")
    return stack.run(DAG, "--param", f"media_uri={folder}"), models(stack)


def test_what_is_live_is_measured_too_and_stays_if_nothing_beats_it(stack, first, second):
    run, left = second
    assert run["metrics"]["wer_live"] == run["metrics"]["wer_tuned"] < run["metrics"]["wer_generic"]
    assert live(stack)["run"] == first[0]["run_id"]
    assert left == first[1]
    states = stack.states(DAG, run["run_id"])
    assert {states.pop("find_winner"), states.pop("promote")} == {"skipped"}
    assert set(states.values()) == {"success"}


@pytest.fixture
def ten(stack, second):
    """As many models as an account may have."""
    client, made = stack.client("transcribe"), []
    role = client.describe_language_model(ModelName=second[1][0])["LanguageModel"]["InputDataConfig"]
    for number in range(MOST - len(second[1])):
        made.append(f"somebody-elses-{number}")
        client.create_language_model(
            LanguageCode="en-US",
            BaseModelName="WideBand",
            ModelName=made[-1],
            InputDataConfig={**role, "S3Uri": f"s3://{stack.bucket}/nothing/"},
        )
    yield made
    for name in made:
        client.delete_language_model(ModelName=name)


def test_an_eleventh_model_is_refused_with_the_oldest_that_is_not_live(stack, ten):
    said = refused(stack)
    assert "The account has 10 custom language models and this run makes 2" in said
    assert f"--model-name {ten[0]}" in said
    assert len(models(stack)) == MOST


def put(stack, name, text):
    folder = f"s3://{stack.bucket}/main/input/texts/{datetime.now(UTC):%H%M%S%f}/"
    key = folder.removeprefix(f"s3://{stack.bucket}/") + name
    stack.client("s3").put_object(Bucket=stack.bucket, Key=key, Body=text)
    return folder


def test_text_in_latin_1_is_refused_before_anything_is_trained(stack, first):
    folder = put(stack, "menu.txt", "The menu is new.\nThe café is open.\n".encode("latin-1"))
    said = refused(stack, training_uri=folder)
    assert "training/menu.txt, line 2, column 8, has the byte 0xe9" in said
    assert models(stack) == first[1]


def test_a_held_out_sentence_in_the_text_is_refused(stack, second):
    sentence = (SAMPLE / "held_out" / "first_shift.txt").read_text().splitlines()[1]
    folder = put(stack, "notes.txt", f"The menu is new.\n{sentence.upper()}\n".encode())
    said = refused(stack, training_uri=folder)
    assert f"training/notes.txt, line 2, has '{sentence}' of first_shift." in said
