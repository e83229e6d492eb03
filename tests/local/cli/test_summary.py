"""A summary gathers what the tasks of a run returned."""

import io
import json
import re
from datetime import UTC, datetime

import httpx
import pytest
from rich.console import Console

from local.cli import summary
from local.stack.config import StackConfig

RUN = {
    "dag_id": "abalone",
    "dag_run_id": "manual__2026-11-21T03:13:30.516358+00:00",
    "state": "success",
    "start_date": "2026-11-21T03:13:37.000000Z",
    "end_date": "2026-11-21T03:15:07.250000Z",
}


def instance(task_id, start, end, map_index=-1, tries=1):
    def at(second):
        return None if second is None else f"2026-11-21T03:14:{second:02}.5Z"

    dates = {"start_date": at(start), "end_date": at(end)}
    return {"task_id": task_id, "map_index": map_index, "try_number": tries, **dates}


TASKS = [
    instance("open_work", 0, 1),
    instance("features", 2, 20),
    instance("evaluate", 25, 29, 0),
    instance("evaluate", 24, 27, 1),
    instance("evaluate", 31, 40, 2),
    instance("not_reached", 41, 41, tries=0),
    instance("never_started", None, None, tries=0),
    instance("gone", 41, 43),
]
RESULTS = [
    {"metrics": {"rows_in": 4177, "rows_rejected": 0}, "outputs": {"features": "s3://b/features"}},
    None,
    "deploy",
    ["a list"],
    {"arn": "arn:aws:sagemaker:...", "metrics": {"rmse": 2.31}, "outputs": {"model": "s3://b/model.tar.gz"}},
    {"metrics": {"rmse": 2.17, "champion_rmse": 2.2, "better": True, "note": "text"}},
    {"endpoint": "millrace-local-main-abalone", "prediction": [9.5, 11.25]},
]


def test_results_are_merged_in_the_order_of_the_tasks():
    result = summary.of_run(RUN, TASKS, RESULTS)
    assert result.metrics == {"rows_in": 4177, "rows_rejected": 0, "rmse": 2.17, "champion_rmse": 2.2}
    assert result.outputs == {"features": "s3://b/features", "model": "s3://b/model.tar.gz"}
    assert result.endpoint == "millrace-local-main-abalone"
    assert result.prediction == [9.5, 11.25]
    assert (result.state, result.seconds) == ("success", 90.25)


def test_the_steps_are_the_tasks_in_order_with_their_seconds():
    steps = summary.of_run(RUN, TASKS, []).steps
    assert list(steps.items()) == [
        ("open_work", 1.0),
        ("features", 18.0),
        ("evaluate", 16.0),
        ("gone", 2.0),
    ]


def test_the_slowest_steps_are_shown():
    shown = printed(summary.of_run(RUN, TASKS, []))
    assert "slowest  features 18.0, evaluate 16.0, gone 2.0\n" in shown
    assert "slowest" not in printed(summary.of_run(RUN, [instance("a", 1, 1)], []))


@pytest.mark.parametrize(
    "odd",
    [{"metrics": 3}, {"metrics": [1]}, {"outputs": None}, {"outputs": {"a": 1}}, {"endpoint": {}}, {}, 7],
)
def test_results_of_another_shape_add_nothing(odd):
    assert summary.of_run(RUN, [], [odd]) == summary.of_run(RUN, [], [])


def test_a_prediction_of_zero_is_one():
    assert summary.of_run(RUN, [], [{"prediction": 0}]).prediction == 0


def test_it_is_written_for_scripts(tmp_path):
    summary.of_run(RUN, TASKS, RESULTS).write(StackConfig(home=tmp_path))
    content = json.loads((tmp_path / "last-run.json").read_text())
    assert {"dag_id", "run_id", "state", "seconds", "steps", "metrics", "outputs", "endpoint"} <= set(content)
    assert content["run_id"] == RUN["dag_run_id"]
    assert content["metrics"]["rmse"] == 2.17


def printed(result, url="http://127.0.0.1:4566", *, terminal=False):
    console = Console(
        file=io.StringIO(), force_terminal=terminal, color_system="truecolor" if terminal else None, width=40
    )
    console.print(result.text(url), soft_wrap=True)
    return console.file.getvalue()


def links(text):
    return dict(re.findall(r"\x1b]8;[^;]*;([^\x1b]*)\x1b\\([^\x1b]*)\x1b]8;;", text))


def with_outputs(**outputs):
    return summary.of_run(RUN, [], [{"outputs": outputs}])


def test_it_is_shown_for_people():
    text = printed(summary.of_run(RUN, TASKS, RESULTS))
    for shown in ("success", "90.2", "4,177", "2.17", "s3://b/model.tar.gz", "[9.5, 11.25]"):
        assert shown in text
    assert "\x1b" not in text


def test_an_output_is_a_link_in_a_terminal():
    text = printed(summary.of_run(RUN, TASKS, RESULTS), terminal=True)
    assert links(text) == {
        "http://127.0.0.1:4566/_millrace/s3/b/features": "s3://b/features",
        "http://127.0.0.1:4566/_millrace/s3/b/model.tar.gz": "s3://b/model.tar.gz",
    }


def test_a_link_opens_what_it_names(aws, client):
    s3 = client("s3")
    s3.create_bucket(Bucket="data")
    key = "[bold]a ünï%20 [/link]#?.json"
    s3.put_object(Bucket="data", Key=key, Body=b"{}")

    text = printed(with_outputs(report=f"s3://data/{key}"), aws.endpoint_url, terminal=True)

    ((address, shown),) = links(text).items()
    assert shown == f"s3://data/{key}"
    assert httpx.get(address).content == b"{}"


@pytest.mark.parametrize(
    ("outputs", "folder"),
    [
        (
            ["s3://b/main/abalone/run/csv", "s3://b/main/abalone/run/model/m.tar.gz"],
            "s3://b/main/abalone/run/",
        ),
        (["s3://b/main/run/report", "s3://b/main/run/report/index.html"], "s3://b/main/run/"),
        (["s3://b/main/run-1/a", "s3://b/main/run-2/a"], "s3://b/main/"),
        (["s3://b/run/model.tar.gz"], "s3://b/run/"),
        (["s3://b/run/a", "arn:aws:x"], "s3://b/run/"),
        (["s3://bucket-a/x", "s3://bucket-b/x"], None),
        (["arn:aws:x"], None),
        ([], None),
    ],
)
def test_the_folder_of_all_outputs(outputs, folder):
    result = with_outputs(**{f"output_{number}": uri for number, uri in enumerate(outputs)})
    assert result.folder() == folder
    page = f"Outputs    http://127.0.0.1:4566/_millrace/s3/{(folder or '').removeprefix('s3://')}\n"
    assert printed(result).endswith(page) == bool(folder)
    assert ("Outputs" in printed(result)) == bool(folder)


def test_seconds_of_what_runs_and_of_what_has_not_started():
    now = datetime(2026, 11, 21, 3, 13, 40, tzinfo=UTC)
    assert summary.seconds(RUN | {"end_date": None}, now) == 3.0
    assert summary.seconds({"start_date": None, "end_date": None}) == 0.0
