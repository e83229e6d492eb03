"""A model is made once of what it is made of."""

import pytest
from airflow.sdk.exceptions import AirflowSkipException

from include.endpoints import Endpoint
from include.sagemaker import Instances
from millrace.operators.endpoint import EndpointOperator
from millrace.operators.models import ModelOperator


def make(artifact, **environment):
    def build(run, **arguments):
        return Endpoint("tiny", arguments["artifact"], Instances("ml.m5.large"), environment=environment)

    return ModelOperator(task_id="step", build=build, arguments={"artifact": artifact}, aws_conn_id=None)


def test_a_model_is_made_once_of_each_artifact(sagemaker, artifact, context):
    one, other = artifact(1), artifact(2)
    [first, again, second] = [make(each).execute(context)["model"] for each in (one, one, other)]
    assert first == again != second
    assert make(one, THREADS="2").execute(context)["model"] not in (first, second)
    model = sagemaker.describe_model(ModelName=first)
    assert model["PrimaryContainer"]["ModelDataUrl"] == one


@pytest.mark.parametrize("operator", [ModelOperator, EndpointOperator])
def test_a_run_that_needs_none_skips_it(operator, context):
    task = operator(task_id="step", build=lambda run: None, aws_conn_id=None)
    with pytest.raises(AirflowSkipException, match="give step nothing to do"):
        task.execute(context)
