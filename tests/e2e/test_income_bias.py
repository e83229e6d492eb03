"""income_bias under a real scheduler: the planted bias is measured, and a missed bound fails the run."""

import json

import pytest

DAG = "income_bias"


@pytest.fixture(scope="module")
def measured(stack):
    """A run of the sample."""
    return stack.run(DAG)


def test_the_planted_bias_is_measured(stack, measured):
    folder = measured["outputs"]["analysis_result"]
    document = json.loads(stack.read(f"{folder}/analysis.json"))
    values = {
        metric["name"]: metric["value"]
        for section in ("pre_training_bias_metrics", "post_training_bias_metrics")
        for metric in document[section]["facets"]["sex"][0]["metrics"]
    }
    assert len(values) == 21
    assert 0.04 < values["DPL"] < 0.2
    assert values["DPPL"] > 0
    assert b"Difference in Positive Proportions" in stack.read(f"{folder}/report.html")


def test_a_bound_that_is_missed_fails_the_run(stack, measured):
    run = stack.over_rest(DAG, {"bias_bounds": {"DPL": [-0.01, 0.01]}, "num_round": 10})
    assert run["state"] == "failed"
    states = stack.states(DAG, run["dag_run_id"])
    assert states["bias_report.measure"] == "success"
    assert states["bias_report.check"] == "failed"
