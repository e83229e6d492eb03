"""Answers of people: A2I's documents, agreement, and windows nobody answered."""

import json

import pytest

from answers import AnswerError, LoopOutput, agreed, collect


def output(loop, *typed):
    """As A2I writes it, the latest answer first."""
    answers = [
        {
            "acceptanceTime": f"2026-11-21T10:0{index}:00.000Z",
            "answerContent": {"transcript": text},
            "submissionTime": f"2026-11-21T10:0{index}:30.000Z",
            "timeSpentInSeconds": 30.1,
            "workerId": f"worker{index}",
            "workerMetadata": {"identityData": {"identityProviderType": "Cognito"}},
        }
        for index, text in enumerate(typed)
    ]
    return {
        "flowDefinitionArn": "arn:aws:sagemaker:us-east-1:123456789012:flow-definition/review",
        "humanAnswers": answers[::-1],
        "humanLoopName": loop,
        "inputContent": {"heard": "annecy two instance"},
    }


TASKS = {name: {"heard": "annecy two instance", "file": f"{name}.flac"} for name in ("one", "two", "three")}


def test_answers_are_read_in_the_order_of_submission_without_blank_ones(tmp_path):
    path = tmp_path / "output.json"
    path.write_text(json.dumps(output("one", " an EC2\n instance ", "", "an easy two", "  ")))
    assert LoopOutput.read(path) == LoopOutput("one", ["an EC2 instance", "an easy two"])


@pytest.mark.parametrize(
    ("answers", "text"),
    [
        (["an EC2 instance"], "an EC2 instance"),
        (["an easy two", "an EC2 instance", "An EC2 instance."], "an EC2 instance"),
        (["An EC2 instance.", "an EC2 instance", "an EC2 instance"], "an EC2 instance"),
        (["k nearest neighbors", "k-nearest-neighbors", "canary"], "k nearest neighbors"),
        (["...", "..."], "..."),
    ],
)
def test_a_majority_counts_without_case_and_punctuation(answers, text):
    assert agreed(answers) == text


@pytest.mark.parametrize(
    ("answers", "text"),
    [
        (["a b c x", "a b c d", "a y c d"], "a b c d"),
        (["one", "two"], "one"),
        (["a b", "a b", "c d", "c d"], "a b"),
    ],
)
def test_without_a_majority_the_one_nearest_to_the_others_counts(answers, text):
    assert agreed(answers) == text


def test_tasks_are_answered_or_listed():
    outputs = [LoopOutput.of(output("three", "x", "y", "x")), LoopOutput.of(output("two", " "))]
    review = collect(TASKS, outputs)
    assert review.unanswered == ["one", "two"]
    [answer] = review.answers
    assert (answer.task["file"], answer.text, answer.answers, answer.agreeing) == (
        "three.flac",
        "x",
        ["x", "y", "x"],
        2,
    )
    assert json.loads(json.dumps(review.document()))["answers"][0]["text"] == "x"


def test_tasks_keep_their_order_whatever_came_first():
    outputs = [LoopOutput.of(output(name, name)) for name in ("three", "one", "two")]
    assert [answer.text for answer in collect(TASKS, outputs).answers] == ["one", "two", "three"]


@pytest.mark.parametrize(
    ("loops", "says"), [(["four"], "'four' is none of the 3"), (["one", "one"], "'one' has two outputs")]
)
def test_an_output_belongs_to_one_task(loops, says):
    with pytest.raises(AnswerError, match=says):
        collect(TASKS, [LoopOutput.of(output(loop, "x")) for loop in loops])


@pytest.mark.parametrize(
    ("broken", "says"),
    [
        ([], "'humanLoopName' is missing"),
        ({"humanLoopName": 3}, "not of type str"),
        ({"humanLoopName": "one"}, "'humanAnswers' is missing"),
        ({**output("one"), "humanAnswers": [{}]}, "'submissionTime' is missing"),
        ({**output("one"), "humanAnswers": [{"submissionTime": "x"}]}, "'answerContent' is missing"),
        (
            {**output("one"), "humanAnswers": [{"submissionTime": "x", "answerContent": {}}]},
            "'transcript' is missing",
        ),
    ],
)
def test_what_is_broken_is_named_by_file_and_field(tmp_path, broken, says):
    (tmp_path / "output.json").write_text(json.dumps(broken))
    with pytest.raises(AnswerError, match=rf"output\.json: .*{says}"):
        LoopOutput.read(tmp_path / "output.json")


def test_what_is_not_json_is_named(tmp_path):
    (tmp_path / "output.json").write_text("<html>")
    with pytest.raises(AnswerError, match=r"output\.json is not JSON"):
        LoopOutput.read(tmp_path / "output.json")
