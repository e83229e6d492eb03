"""A summary gathers what the tasks of a run returned."""

import json
from datetime import UTC, datetime

import pytest

from local.cli import summary
from local.stack.config import StackConfig

RUN = {
    "dag_id": "abalone",
    "dag_run_id": "manual__2026-11-21T03:13:30.516358+00:00",
    "state": "success",
    "start_date": "2026-11-21T03:13:37.000000Z",
    "end_date": "2026-11-21T03:15:07.250000Z",
}
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
    result = summary.of_run(RUN, RESULTS)
    assert result.metrics == {"rows_in": 4177, "rows_rejected": 0, "rmse": 2.17, "champion_rmse": 2.2}
    assert result.outputs == {"features": "s3://b/features", "model": "s3://b/model.tar.gz"}
    assert result.endpoint == "millrace-local-main-abalone"
    assert result.prediction == [9.5, 11.25]
    assert (result.state, result.seconds) == ("success", 90.25)


@pytest.mark.parametrize(
    "odd",
    [{"metrics": 3}, {"metrics": [1]}, {"outputs": None}, {"outputs": {"a": 1}}, {"endpoint": {}}, {}, 7],
)
def test_results_of_another_shape_add_nothing(odd):
    assert summary.of_run(RUN, [odd]) == summary.of_run(RUN, [])


def test_a_prediction_of_zero_is_one():
    assert summary.of_run(RUN, [{"prediction": 0}]).prediction == 0


def test_it_is_written_for_scripts(tmp_path):
    summary.of_run(RUN, RESULTS).write(StackConfig(home=tmp_path))
    content = json.loads((tmp_path / "last-run.json").read_text())
    assert {"dag_id", "run_id", "state", "seconds", "metrics", "outputs", "endpoint"} <= set(content)
    assert content["run_id"] == RUN["dag_run_id"]
    assert content["metrics"]["rmse"] == 2.17


def test_it_is_shown_for_people():
    text = "\n".join(summary.of_run(RUN, RESULTS).lines())
    for shown in ("success", "90.2", "4,177", "2.17", "s3://b/model.tar.gz", "[9.5, 11.25]"):
        assert shown in text


def test_seconds_of_what_runs_and_of_what_has_not_started():
    now = datetime(2026, 11, 21, 3, 13, 40, tzinfo=UTC)
    assert summary.seconds(RUN | {"end_date": None}, now) == 3.0
    assert summary.seconds({"start_date": None, "end_date": None}) == 0.0
