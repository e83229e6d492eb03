"""The task group: the report is linked, and the gate fails with the metric, the group and the bound."""

import json
from dataclasses import replace
from types import SimpleNamespace

import pytest
from airflow.sdk import DAG
from airflow.sdk.exceptions import AirflowFailException

from include.bias import BiasAnalysis
from millrace.bias import bias_params, bias_report
from millrace.context import run_of

SPEC = SimpleNamespace(
    bias=lambda run: BiasAnalysis(
        data=run.uri("predictions"), output=run.uri("bias"), label="y", positive=[1], facets={"sex": ["F"]}
    )
)


@pytest.fixture
def group():
    with DAG("with_bias") as dag:
        bias_report(SPEC)
    return dag


@pytest.fixture
def checked(group, context, s3, monkeypatch):
    """Runs the gate over a figure."""

    def check(value, **bounds):
        operator = group.task_dict["bias_report.check"]
        context["params"] = {**context["params"], "bias_bounds": bounds, "bias_container": "millrace"}
        metric = {"name": "DPL", "description": "DPL", "value": value}
        facets = {"sex": [{"value_or_threshold": "F", "metrics": [metric]}]}
        bucket, _, key = f"{run_of(context).uri('bias')}/analysis.json".removeprefix("s3://").partition("/")
        s3.put_object(
            Bucket=bucket, Key=key, Body=json.dumps({"pre_training_bias_metrics": {"facets": facets}})
        )
        return operator.execute(context)

    return check


def test_the_group_measures_and_checks(group):
    measure, check = (group.task_dict[f"bias_report.{name}"] for name in ("measure", "check"))
    assert measure.downstream_task_ids == {"bias_report.check"}
    assert [link.name for link in check.operator_extra_links] == ["Report"]


@pytest.mark.parametrize(
    ("container", "image"), [("millrace", "/sklearn:"), ("clarify", "/sagemaker-clarify-processing:")]
)
def test_the_form_chooses_the_container(group, run, container, image):
    run = replace(run, params={"bias_container": container})
    job = group.task_dict["bias_report.measure"].build(run)
    assert image in job.request(run)["AppSpecification"]["ImageUri"]


def test_within_its_bounds_the_run_goes_on(checked):
    assert checked(0.1, DPL=[-0.2, 0.2])["reason"] == "all 1 bounds of bias are kept; measured for sex = F."


def test_out_of_bounds_it_fails_with_the_report(checked):
    with pytest.raises(
        AirflowFailException, match=r"DPL of sex = F is 0\.3, outside -0\.2 to 0\.2\. Report: .*report\.html"
    ):
        checked(0.3, DPL=[-0.2, 0.2])


@pytest.mark.parametrize("value", [{"XY": [0, 1]}, {"DPL": [0]}, {"DPL": ["a", "b"]}, {"DPL": 1}])
def test_the_form_refuses_bounds_that_are_none(value):
    param = bias_params({"DPL": (-0.1, 0.1)})["bias_bounds"]
    assert param.resolve() == {"DPL": [-0.1, 0.1]}
    with pytest.raises(Exception, match=r"not one of|too short|not of type"):
        param.resolve(value)
