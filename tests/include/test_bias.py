"""What is asked of the job that measures bias, in either container, and the gate over what it finds."""

from dataclasses import replace

import pytest

from include.bias import CLARIFY, BiasAnalysis, analysis_uri, bias_verdict, report_uri
from include.sagemaker.clarify import ACCOUNTS, image_uri
from tests.include.test_requests import check

ANALYSIS = BiasAnalysis(
    data="s3://b/predictions.csv",
    output="s3://b/bias",
    label="income",
    positive=[">50K"],
    facets={"sex": ["Female"], "age": 40, "race": None},
    headers=["sex", "age", "race", "income", "predicted", "job"],
    predicted_label="predicted",
    group_variable="job",
    title="Bias of a model",
)


def test_the_configuration_is_clarify_s():
    every = {"methods": "all"}
    assert ANALYSIS.config() == {
        "version": "1.0",
        "dataset_type": "text/csv",
        "headers": ["sex", "age", "race", "income", "predicted", "job"],
        "predicted_label": "predicted",
        "group_variable": "job",
        "label": "income",
        "label_values_or_threshold": [">50K"],
        "facet": [
            {"name_or_index": "sex", "value_or_threshold": ["Female"]},
            {"name_or_index": "age", "value_or_threshold": 40},
            {"name_or_index": "race"},
        ],
        "methods": {
            "pre_training_bias": every,
            "post_training_bias": every,
            "report": {"name": "report", "title": "Bias of a model"},
        },
    }


def test_without_predictions_only_the_data_is_measured():
    config = replace(ANALYSIS, predicted_label=None, headers=(), group_variable=None).config()
    assert set(config["methods"]) == {"pre_training_bias", "report"}
    assert not {"headers", "predicted_label", "group_variable", "excluded_columns"} & set(config)


def test_our_container_runs_the_script_on_the_configuration(run):
    job = ANALYSIS.job()
    request = check("CreateProcessingJob", {**job.request(run), "ProcessingJobName": "a"})
    assert request["AppSpecification"]["ImageUri"].endswith("/sklearn:latest")
    assert {"bias.py", "failure.py", "pages.py", "frame.html"} <= set(job.files["code"].files)
    names = [item["InputName"] for item in request["ProcessingInputs"]]
    assert names == ["dataset", "code", "analysis_config"]
    assert job.metrics_uri() is None, "dozens of figures would be most of what a run's summary shows"
    assert (analysis_uri(ANALYSIS), report_uri(ANALYSIS)) == (
        "s3://b/bias/analysis.json",
        "s3://b/bias/report.html",
    )


def test_clarify_s_container_has_everything_where_it_looks(run):
    run = replace(run, settings=run.settings.model_copy(update={"network_isolation": True}))
    job = ANALYSIS.job(CLARIFY)
    request = check("CreateProcessingJob", {**job.request(run), "ProcessingJobName": "a"})
    assert request["AppSpecification"] == {"ImageUri": image_uri("us-east-1")}
    inputs = {item["InputName"]: item["S3Input"] for item in request["ProcessingInputs"]}
    assert {name: source["LocalPath"] for name, source in inputs.items()} == {
        "dataset": "/opt/ml/processing/input/data",
        "analysis_config": "/opt/ml/processing/input/config",
    }
    [bundle] = job.bundles()
    [file] = bundle.files
    assert inputs["analysis_config"]["S3Uri"] == f"{run.code_uri(bundle.digest)}/files/{file}"
    [output] = request["ProcessingOutputConfig"]["Outputs"]
    assert output["S3Output"]["LocalPath"] == "/opt/ml/processing/output"
    assert request["NetworkConfig"]["EnableNetworkIsolation"] is False
    assert job.metrics_uri() is None


def test_images_are_where_aws_says():
    account = "205585389593.dkr.ecr.us-east-1.amazonaws.com"
    assert image_uri("us-east-1") == f"{account}/sagemaker-clarify-processing:1.0"
    assert ".dkr.ecr.cn-north-1.amazonaws.com.cn/" in image_uri("cn-north-1")
    assert len(set(ACCOUNTS.values())) == len(ACCOUNTS)
    with pytest.raises(ValueError, match="no image in mars-1"):
        image_uri("mars-1")


def document(**values):
    metrics = [{"name": name, "description": name, "value": value} for name, value in values.items()]
    section = {"label": "y", "facets": {"sex": [{"value_or_threshold": "Female", "metrics": metrics}]}}
    return {"version": "1.0", "pre_training_bias_metrics": section}


@pytest.mark.parametrize(
    ("bounds", "sentence"),
    [
        ({"DPL": (-0.1, 0.1)}, "DPL of sex = Female is 0.3, outside -0.1 to 0.1."),
        ({"DI": (0.8, 1.25)}, "DI of sex = Female is inf, outside 0.8 to 1.25."),
        ({"TE": (-1, 1)}, "TE of sex = Female is -inf, outside -1 to 1."),
        ({"GE": (0, 1)}, "GE of sex = Female has no value."),
        ({"AD": (0, 1)}, "AD was not measured."),
    ],
)
def test_a_bound_that_is_missed_is_said(bounds, sentence):
    found = bias_verdict(document(DPL=0.3, DI="Infinity", TE="-Infinity", GE=None, CI=0.0), bounds)
    assert not found.passed
    assert found.reason == f"1 bound(s) of bias missed: {sentence}"


def test_bounds_themselves_are_allowed():
    verdict = bias_verdict(document(DPL=0.1, CI=-0.1), {"DPL": (-0.1, 0.1), "CI": (-0.1, 0.1)})
    assert verdict.passed
    assert verdict.reason == "all 2 bounds of bias are kept; measured for sex = Female."


def test_every_group_has_to_keep_the_bound():
    found = document(DPL=0.0)
    [group] = found["pre_training_bias_metrics"]["facets"]["sex"]
    worse = {**group, "value_or_threshold": "Male", "metrics": [{"name": "DPL", "value": -0.5}]}
    found["pre_training_bias_metrics"]["facets"]["sex"].append(worse)
    assert "DPL of sex = Male is -0.5" in bias_verdict(found, {"DPL": (-0.1, 0.1)}).reason


def test_without_bounds_everything_passes():
    verdict = bias_verdict(document(DPL=0.9), {})
    assert verdict.passed
    assert verdict.reason.startswith("no bounds of bias are set")


@pytest.mark.parametrize(
    ("bounds", "reason"),
    [({"XY": (0, 1)}, "'XY', which is no metric"), ({"DPL": (0.2, 0.1)}, "bounds of DPL are 0.2 to 0.1")],
)
def test_bounds_that_cannot_be_meant_are_refused(bounds, reason):
    with pytest.raises(ValueError, match=reason):
        bias_verdict(document(DPL=0.0), bounds)
