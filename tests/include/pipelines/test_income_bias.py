from dataclasses import replace

import pytest

from include.pipelines import income_bias as spec
from tests.include.test_requests import check

PREFIX = "s3://millrace-test/main/income_bias/manual__1/"
PARAMS = {
    "input_uri": None,
    "processing_instance_type": "ml.m5.xlarge",
    "training_instance_type": "ml.m5.large",
    "test_share": 0.3,
    "max_rejected_fraction": 0.05,
    **dict.fromkeys(spec.HYPERPARAMETERS, 1),
    "probability_threshold": 0.5,
    "facets": {"sex": ["Female"], "race": []},
    "group_variable": "occupation",
    "bias_bounds": {},
    "bias_container": "millrace",
}


@pytest.fixture
def run(run):
    return replace(run, dag_id="income_bias", params=PARAMS)


def test_every_request_is_one_that_aws_takes(run):
    for job in (spec.preparation(run), spec.prediction(run, "s3://b/model.tar.gz"), spec.bias(run).job()):
        request = check("CreateProcessingJob", {**job.request(run), "ProcessingJobName": "a"})
        names = [item["InputName"] for item in request["ProcessingInputs"]]
        names += [item["OutputName"] for item in request["ProcessingOutputConfig"]["Outputs"]]
        assert len(names) == len(set(names)), names
        for output in request["ProcessingOutputConfig"]["Outputs"]:
            assert output["S3Output"]["S3Uri"].startswith(PREFIX)
    check("CreateTrainingJob", {**spec.training(run).request(run), "TrainingJobName": "a"})


def test_without_an_input_the_current_one_is_taken(run):
    assert spec.preparation(run).inputs["data"] == "s3://millrace-test/main/input/income_bias/current/"
    named = replace(run, params={**PARAMS, "input_uri": "s3://b/k.csv"})
    assert spec.preparation(named).inputs["data"] == "s3://b/k.csv"


def test_what_one_step_leaves_the_next_one_takes(run):
    prepared = spec.preparation(run).outputs
    predicted = spec.prediction(run, "s3://b/model.tar.gz")
    assert spec.training(run).channels["train"].uri == prepared["features"] + "/train/"
    assert predicted.inputs["features"] == prepared["features"] + "/test"
    assert predicted.inputs["rows"] == prepared["rows"] + "/test"
    assert spec.bias(run).data == predicted.outputs["predictions"] + "/predictions.csv"


def test_the_scripts_are_shipped(run):
    for job, script in (
        (spec.preparation(run), "preprocess.py"),
        (spec.prediction(run, "s3://b/m"), "predict.py"),
        (spec.bias(run).job(), "bias.py"),
    ):
        assert job.command[-1].endswith(f"/code/{script}")
        assert script in job.files["code"].files


def test_the_groups_are_those_of_the_form(run):
    config = spec.bias(run).config()
    assert config["facet"] == [
        {"name_or_index": "sex", "value_or_threshold": ["Female"]},
        {"name_or_index": "race"},
    ]
    assert (config["group_variable"], config["label_values_or_threshold"]) == ("occupation", [1])
