"""A run as it is shown: in the order of its tasks, a line per change."""

import io

import pytest
from rich.console import Console

from local.cli import catalog, progress, task_logs


def task(task_id, state=None, map_index=-1, try_number=1):
    return {
        "task_id": task_id,
        "state": state,
        "map_index": map_index,
        "try_number": try_number,
        "start_date": "2026-11-21T03:13:37Z",
        "end_date": "2026-11-21T03:13:39Z",
    }


def test_tasks_come_after_those_they_depend_on():
    tasks = [
        {"task_id": "a_deploy", "downstream_task_ids": []},
        {"task_id": "train", "downstream_task_ids": ["evaluate"]},
        {"task_id": "evaluate", "downstream_task_ids": ["a_deploy"]},
        {"task_id": "build", "downstream_task_ids": ["train", "evaluate"]},
        {"task_id": "champion", "downstream_task_ids": ["evaluate"]},
    ]
    assert catalog.task_order(tasks) == ["build", "champion", "train", "evaluate", "a_deploy"]


def test_instances_follow_the_order_with_mapped_and_forgotten_ones():
    instances = [task("gone"), task("b", map_index=1), task("b", map_index=0), task("a")]
    shown = [progress.name(each) for each in progress.in_order(instances, ["a", "b"])]
    assert shown == ["a", "b[0]", "b[1]", "gone"]


@pytest.fixture
def lines():
    stream = io.StringIO()
    return progress._Lines(["a", "b"], Console(file=stream, width=40)), stream


def test_a_change_is_one_line_and_no_change_is_none(lines):
    show, stream = lines
    show.update([task("a", "running"), task("b")], [])
    show.update([task("a", "running"), task("b", "queued")], [])
    show.update([task("a", "success"), task("b", "deferred", map_index=0)], [])
    assert [line.split() for line in stream.getvalue().splitlines()] == [
        ["a", "running", "2.0", "s"],
        ["a", "success", "2.0", "s"],
        ["b[0]", "deferred", "2.0", "s"],
    ]


def test_a_second_attempt_is_told(lines):
    show, stream = lines
    show.update([task("a", "running", try_number=2)], [])
    assert "running (attempt 2)" in stream.getvalue()


def test_news_of_an_image_is_one_line_however_long(lines):
    show, stream = lines
    text = f"Image spark: {'installing ' * 20}[42]"
    show.update([], [text])
    assert stream.getvalue() == text + "\n"


def test_news_are_the_new_lines_on_images(tmp_path):
    log = tmp_path / "aws.log"
    log.write_text("INFO images: Image old: ready.\n")
    news = progress.News(log)
    with log.open("a") as stream:
        stream.write("INFO images: Image spark: installing 42 packages, once.\nINFO http: GET /\n")
    assert news.read() == ["Image spark: installing 42 packages, once."]
    assert news.read() == []


def test_news_survive_a_rotated_and_a_missing_log(tmp_path):
    log = tmp_path / "aws.log"
    assert progress.News(log).read() == []
    log.write_text("x" * 100)
    news = progress.News(log)
    log.write_text("INFO images: Image xgboost: ready.\n")
    assert news.read() == ["Image xgboost: ready."]


MESSAGES = [
    {"event": "::group::Log message source details"},
    {"event": "/home/me/attempt=1.log"},
    {"timestamp": "2026-11-21T03:13:37.685Z", "event": "::group::Pre Execute", "level": "info"},
    {"timestamp": "2026-11-21T03:13:38.685Z", "event": "training", "level": "info"},
    {
        "timestamp": "2026-11-21T03:13:39.685Z",
        "event": "Task failed with exception",
        "level": "error",
        "error_detail": [{"exc_type": "QualityError", "exc_value": "height: 0 is under 0.01", "frames": []}],
    },
    {"timestamp": "2026-11-21T03:13:40.685Z", "event": "callback failed", "level": "error"},
]


def test_a_log_is_its_messages_with_the_exception_and_without_airflows_markers():
    assert list(task_logs.lines(MESSAGES)) == [
        "03:13:38 info     training",
        "03:13:39 error    Task failed with exception",
        "         error    QualityError: height: 0 is under 0.01",
        "03:13:40 error    callback failed",
    ]


def test_the_reason_is_the_exception_else_the_last_error_else_none():
    assert task_logs.reason(MESSAGES) == "QualityError: height: 0 is under 0.01"
    assert task_logs.reason(MESSAGES[:4] + MESSAGES[5:]) == "callback failed"
    assert task_logs.reason(MESSAGES[:4]) is None
