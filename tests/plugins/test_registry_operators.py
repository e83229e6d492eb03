"""The Model Registry: who is champion, and who becomes it."""

import pytest
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG
from airflow.sdk.exceptions import DownstreamTasksSkipped

from include.gates import beats_champion
from include.settings import settings
from millrace.context import run_of
from millrace.hooks.registry import Approval, ModelRegistry
from millrace.operators.registry import FindChampionOperator, ModelGateOperator


@pytest.fixture(autouse=True)
def own_group(context, request):
    """Every test has a pipeline, and so a model package group, of its own."""
    for holder in (context["ti"], context["dag_run"]):
        holder.dag_id = f"r{abs(hash(request.node.name)) % 10**8}"


@pytest.fixture
def registry(aws, context):
    return ModelRegistry(run_of(context).resource_name, None)


@pytest.fixture
def challenge(context):
    """Lets a model with an error challenge the champion; the tasks that are skipped."""

    def make(artifact, rmse, champion_rmse=None, **how):
        metrics = {"rmse": rmse} | ({"champion_rmse": champion_rmse} if champion_rmse is not None else {})
        with DAG("challenge"):
            gate = ModelGateOperator(
                task_id="gate",
                artifact=artifact,
                metrics=metrics,
                champion=None,
                verdict=lambda run, m, _: beats_champion("rmse", m["rmse"], m.get("champion_rmse"), worst=3),
                image="tiny",
                aws_conn_id=None,
                **{"if_better": "deploy", **how},
            )
            gate >> [EmptyOperator(task_id="deploy"), EmptyOperator(task_id="smoke_test")]
        context["ti"].task = gate
        try:
            gate.execute(context)
        except DownstreamTasksSkipped as skipped:
            return [task[0] for task in skipped.tasks]
        return []

    return make


def find_champion(context, *, serves=True):
    return FindChampionOperator(task_id="find", serves=serves, aws_conn_id=None).execute(context)["artifact"]


@pytest.fixture
def served(context, registry, sagemaker, artifact):
    """An endpoint is up, and the model of the last challenge has answered there."""

    def make():
        package = context["ti"].pushed["return_value"]["package"]
        registry.decide(package, Approval.APPROVED, "answers well")
        name = run_of(context).resource_name
        if sagemaker.list_endpoints(NameContains=name)["Endpoints"]:
            return
        model = {"Image": "registry/tiny:latest", "ModelDataUrl": artifact(9)}
        sagemaker.create_model(ModelName=name, PrimaryContainer=model, ExecutionRoleArn=settings().role_arn)
        variant = {"VariantName": "main", "ModelName": name, "InstanceType": "ml.m5.large"}
        variant["InitialInstanceCount"] = 1
        sagemaker.create_endpoint_config(EndpointConfigName=name, ProductionVariants=[variant])
        sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=name)
        sagemaker.get_waiter("endpoint_in_service").wait(EndpointName=name, WaiterConfig={"Delay": 1})

    yield make
    if sagemaker.list_endpoints(NameContains=run_of(context).resource_name)["Endpoints"]:
        sagemaker.delete_endpoint(EndpointName=run_of(context).resource_name)


def test_without_a_registry_there_is_no_champion(aws, context):
    assert find_champion(context) is None


def test_the_first_good_model_becomes_champion_when_it_serves(challenge, context, served):
    assert challenge("s3://a-bucket/one.tar.gz", 2.0) == []
    assert context["ti"].pushed["return_value"]["better"] is True
    assert find_champion(context) is None
    served()
    assert find_champion(context) == "s3://a-bucket/one.tar.gz"


def test_a_better_model_takes_over_when_it_serves(challenge, context, served):
    challenge("s3://a-bucket/one.tar.gz", 2.0)
    served()
    assert challenge("s3://a-bucket/two.tar.gz", 1.9, 2.0) == []
    assert find_champion(context) == "s3://a-bucket/one.tar.gz"
    served()
    assert find_champion(context) == "s3://a-bucket/two.tar.gz"


def test_where_no_endpoint_is_up_nobody_is_champion(challenge, context, served, sagemaker):
    challenge("s3://a-bucket/one.tar.gz", 2.0)
    served()
    sagemaker.delete_endpoint(EndpointName=run_of(context).resource_name)
    assert find_champion(context) is None


def test_a_model_that_nothing_puts_in_service_is_champion_as_soon_as_it_wins(challenge, context):
    assert find_champion(context, serves=False) is None
    nothing = {"if_better": None, "approves": True}
    assert challenge("s3://a-bucket/one.tar.gz", 2.0, **nothing) == []
    assert find_champion(context, serves=False) == "s3://a-bucket/one.tar.gz"
    assert challenge("s3://a-bucket/two.tar.gz", 2.1, 2.0, **nothing) == []
    assert find_champion(context, serves=False) == "s3://a-bucket/one.tar.gz"


def test_a_model_that_is_still_to_answer_is_no_champion_though_nothing_is_skipped(challenge, context, served):
    assert challenge("s3://a-bucket/one.tar.gz", 2.0, if_better=None) == []
    assert find_champion(context, serves=False) is None
    served()
    assert find_champion(context, serves=False) == "s3://a-bucket/one.tar.gz"


@pytest.mark.parametrize("rmse", [2.0, 2.1])
def test_a_tie_or_a_loss_skips_the_deployment_and_no_more(challenge, context, registry, served, rmse):
    challenge("s3://a-bucket/one.tar.gz", 2.0)
    served()
    assert challenge("s3://a-bucket/two.tar.gz", rmse, 2.0) == ["deploy"]
    assert find_champion(context) == "s3://a-bucket/one.tar.gz"
    rejected = registry.client.describe_model_package(
        ModelPackageName=context["ti"].pushed["return_value"]["package"]
    )
    assert rejected["ModelApprovalStatus"] == "Rejected"
    assert "champion" in rejected["ApprovalDescription"]


def test_a_retry_registers_no_second_version(challenge, registry):
    challenge("s3://a-bucket/one.tar.gz", 2.0)
    challenge("s3://a-bucket/one.tar.gz", 2.0)
    assert len(list(registry._versions())) == 1


def test_the_metrics_are_kept_with_the_version(challenge, context, registry):
    challenge("s3://a-bucket/one.tar.gz", 2.0)
    package = context["ti"].pushed["return_value"]["package"]
    kept = registry.client.describe_model_package(ModelPackageName=package)["CustomerMetadataProperties"]
    assert kept == {"run": context["dag_run"].run_id, "rmse": "2.0"}
