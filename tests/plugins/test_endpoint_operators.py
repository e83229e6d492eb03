"""Deployments, smoke tests and rollbacks against endpoints that really serve."""

import time
from types import SimpleNamespace

import boto3
import pytest
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException, TaskDeferred
from botocore.exceptions import ClientError

from include.autoscaling import Autoscaling
from include.endpoints import Endpoint, Question
from include.gates import Verdict
from include.sagemaker import Instances
from millrace.context import run_of
from millrace.errors import JobFailed
from millrace.hooks.autoscaling import EndpointScaling
from millrace.hooks.jobs import JobHook
from millrace.hooks.registry import ModelRegistry
from millrace.jobs import ENDPOINT
from millrace.operators.endpoint import (
    EndpointOperator,
    EndpointSmokeTestOperator,
    EndpointTearDownOperator,
)


@pytest.fixture
def endpoint(aws, context, request):
    """The name of an endpoint of the test's own, deleted afterwards."""
    for holder in (context["ti"], context["dag_run"]):
        holder.dag_id = f"e{abs(hash(request.node.name)) % 10**8}"
    name = run_of(context).resource_name
    yield name
    client = boto3.client("sagemaker")
    if client.list_endpoints(NameContains=name)["Endpoints"]:
        client.delete_endpoint(EndpointName=name)


@pytest.fixture
def deploy(sagemaker, context, endpoint, artifact):
    """Deploys a model as one more run of the DAG; the task's result."""

    def make(number, run_id, tries=1, scaling=None, kind="ml.m5.large", awaited=None):
        of_run = {**context, "task_state_store": type(context["task_state_store"])()}
        of_run["ti"] = SimpleNamespace(**{**vars(context["ti"]), "run_id": run_id})
        of_run["dag_run"] = SimpleNamespace(**{**vars(context["dag_run"]), "run_id": run_id})
        uri = artifact(number)
        for _ in range(tries):
            task = EndpointOperator(
                task_id="deploy",
                build=lambda run: Endpoint("tiny", uri, Instances(kind), autoscaling=scaling),
                aws_conn_id=None,
            )
            with pytest.raises(TaskDeferred):
                task.execute(of_run)
        if awaited:
            awaited.touch()
        settle(sagemaker, endpoint)
        return task.resume(of_run)

    return make


def settle(sagemaker, name):
    while (d := sagemaker.describe_endpoint(EndpointName=name))["EndpointStatus"] not in (
        "InService",
        "Failed",
    ):
        time.sleep(0.05)
    return d


def ask(name):
    answer = boto3.client("sagemaker-runtime").invoke_endpoint(
        EndpointName=name, ContentType="text/csv", Body=b"1,2"
    )
    return float(answer["Body"].read())


def test_the_first_deployment_makes_the_endpoint(deploy, endpoint):
    result = deploy(9, "one")
    assert result["endpoint"] == endpoint
    assert result["previous_config"] is None
    assert ask(endpoint) == 9


def test_the_next_one_replaces_it_and_remembers_what_was_there(deploy, endpoint):
    first = deploy(9, "one")
    second = deploy(10, "two")
    assert second["previous_config"] == first["config"]
    assert ask(endpoint) == 10


def test_a_model_that_does_not_load_fails_the_task_and_leaves_the_old_one(deploy, endpoint):
    deploy(9, "one")
    with pytest.raises(JobFailed, match="does not serve the new configuration"):
        deploy(None, "two")
    assert ask(endpoint) == 9


def test_a_first_model_that_does_not_load_can_be_followed_by_one_that_does(deploy, endpoint):
    with pytest.raises(JobFailed):
        deploy(None, "one")
    deploy(9, "two")
    assert ask(endpoint) == 9


@pytest.mark.parametrize("before", [None, 9])
def test_a_retry_adopts_the_deployment_that_is_under_way(deploy, endpoint, before, tmp_path):
    """The worker died between the update and its deferral."""
    first = deploy(before, "one") if before else None
    awaited = tmp_path / "awaited"
    result = deploy(f"10 once {awaited}", "two", tries=2, awaited=awaited)
    assert ask(endpoint) == 10
    assert result["previous_config"] == (first["config"] if first else None)


def test_deploying_the_same_launch_again_changes_nothing(deploy, endpoint, sagemaker):
    deploy(9, "one")
    before = sagemaker.describe_endpoint(EndpointName=endpoint)["LastModifiedTime"]
    deploy(9, "one")
    assert sagemaker.describe_endpoint(EndpointName=endpoint)["LastModifiedTime"] == before


def test_a_clear_does_not_take_the_task_s_own_first_launch_for_what_was_there(
    deploy, endpoint, sagemaker, context, artifact
):
    before = deploy(9, "one")
    of_run = {**context, "task_state_store": type(context["task_state_store"])()}

    def launch(number):
        task = EndpointOperator(
            task_id="deploy",
            build=lambda run: Endpoint("tiny", artifact(number), Instances("ml.m5.large")),
            aws_conn_id=None,
        )
        with pytest.raises(TaskDeferred):
            task.execute(of_run)
        settle(sagemaker, endpoint)
        return task.resume(of_run)

    launch(10)
    of_run["ti"] = SimpleNamespace(**{**vars(context["ti"]), "max_tries": 5})
    assert launch(11)["previous_config"] == before["config"]
    assert ask(endpoint) == 11


def test_an_endpoint_that_changes_is_waited_for_before_it_is_changed_again(
    deploy, endpoint, sagemaker, context, artifact, tmp_path
):
    deploy(9, "one")
    awaited = tmp_path / "awaited"
    client = boto3.client("sagemaker")
    other = client.describe_endpoint(EndpointName=endpoint)["EndpointConfigName"]
    config = client.describe_endpoint_config(EndpointConfigName=other)
    slow = {"Image": "registry/tiny:latest", "ModelDataUrl": artifact(f"10 once {awaited}")}
    client.create_model(ModelName="slow", PrimaryContainer=slow, ExecutionRoleArn=config_role(client, other))
    variant = {**config["ProductionVariants"][0], "ModelName": "slow"}
    client.create_endpoint_config(EndpointConfigName="by-hand", ProductionVariants=[variant])
    client.update_endpoint(EndpointName=endpoint, EndpointConfigName="by-hand")
    task = EndpointOperator(
        task_id="deploy",
        build=lambda run: Endpoint("tiny", artifact(11), Instances("ml.m5.large")),
        aws_conn_id=None,
    )
    with pytest.raises(TaskDeferred) as deferred:
        task.execute(context)
    assert deferred.value.method_name == "execute_again"
    awaited.touch()
    settle(sagemaker, endpoint)
    with pytest.raises(TaskDeferred):
        task.execute_again(context, {})
    settle(sagemaker, endpoint)
    assert task.resume(context)["previous_config"] == "by-hand"
    assert ask(endpoint) == 11


def config_role(client, name):
    """The role of the model behind a configuration that a deployment has made."""
    return client.describe_model(ModelName=name)["ExecutionRoleArn"]


BUSY, CALM = Autoscaling(2, 4, capacity=600), Autoscaling(1, 2, capacity=60, utilisation=0.5)


def registered(endpoint):
    """Bounds and targets of the endpoint's autoscaling; None without."""
    found = EndpointScaling(endpoint, None).registration()
    if found is None:
        return None
    policies = [each["TargetTrackingScalingPolicyConfiguration"]["TargetValue"] for each in found["policies"]]
    return found["target"]["MinCapacity"], found["target"]["MaxCapacity"], *policies


def test_a_deployment_brings_its_autoscaling(deploy, endpoint, sagemaker):
    assert deploy(9, "one", scaling=BUSY)["previous_scaling"] is None
    assert registered(endpoint) == (2, 4, 420.0)
    settle(sagemaker, endpoint)
    second = deploy(10, "two", scaling=CALM)
    assert registered(endpoint) == (1, 2, 30.0)
    assert second["previous_scaling"]["target"]["MaxCapacity"] == 4
    # The count that autoscaling had come to outlives the configuration, which says 1.
    assert settle(sagemaker, endpoint)["ProductionVariants"][0]["DesiredInstanceCount"] == 2


def test_a_deployment_without_it_takes_it_off(deploy, endpoint, sagemaker):
    deploy(9, "one", scaling=BUSY)
    settle(sagemaker, endpoint)
    deploy(10, "two")
    assert registered(endpoint) is None


def test_another_instance_type_keeps_the_autoscaling(deploy, endpoint, sagemaker):
    deploy(9, "one", scaling=BUSY)
    settle(sagemaker, endpoint)
    deploy(10, "two", scaling=BUSY, kind="ml.m5.xlarge")
    assert registered(endpoint) == (2, 4, 420.0)
    with pytest.raises(JobFailed):
        deploy(None, "three", scaling=CALM, kind="ml.m5.large")
    assert registered(endpoint) == (2, 4, 420.0)


def test_a_rollback_brings_the_previous_autoscaling_back(deploy, smoke_test, context, sagemaker, endpoint):
    deploy(9, "one", scaling=BUSY)
    settle(sagemaker, endpoint)
    task = smoke_test(deploy(99, "two", scaling=CALM, kind="ml.m5.xlarge"))
    settle(sagemaker, endpoint)
    with pytest.raises(TaskDeferred) as deferred:
        task.execute(context)
    settle(sagemaker, endpoint)
    with pytest.raises(AirflowFailException, match="serves again"):
        task.rolled_back(context, {}, **deferred.value.kwargs)
    assert registered(endpoint) == (2, 4, 420.0)


def test_a_rollback_waits_while_instances_are_added(deploy, smoke_test, context, sagemaker, endpoint):
    first = deploy(9, "one")
    # To have three is under way when the test asks.
    deployment = deploy(99, "two", scaling=Autoscaling(3, 3, capacity=60))
    task = smoke_test(deployment)
    with pytest.raises(TaskDeferred) as asked:
        task.execute(context)
    settle(sagemaker, endpoint)
    if asked.value.method_name == "settled":
        with pytest.raises(TaskDeferred) as asked:
            task.settled(context, {}, **asked.value.kwargs)
    assert asked.value.method_name == "rolled_back"
    assert settle(sagemaker, endpoint)["EndpointConfigName"] == first["config"]


def test_a_torn_down_endpoint_is_not_scaled(deploy, endpoint, context):
    deploy(9, "one", scaling=BUSY)
    context["params"]["tear_down"] = True
    EndpointTearDownOperator(task_id="tear_down", aws_conn_id=None).execute(context)
    assert registered(endpoint) is None


def test_the_last_words_of_a_model_that_does_not_load_are_found(deploy, endpoint):
    with pytest.raises(JobFailed):
        deploy(None, "one")
    assert any("number.txt" in line for line in JobHook(ENDPOINT, None).log_tail(endpoint))


@pytest.fixture
def smoke_test(s3, settings_now):
    s3.put_object(Bucket=settings_now().bucket, Key="rows/part-0.csv", Body=b"9,1,2\n10,3,4\n")
    s3.put_object(Bucket=settings_now().bucket, Key="rows/_SUCCESS", Body=b"")

    def make(deployment=None, prefix="rows/", **options):
        return EndpointSmokeTestOperator(
            task_id="smoke_test",
            rows=lambda run: f"s3://{settings_now().bucket}/{prefix}",
            lowest=0,
            highest=30,
            deployment=deployment,
            aws_conn_id=None,
            **options,
        )

    return make


def test_an_endpoint_that_takes_json_is_asked_that_too(deploy, smoke_test, context):
    deployment, heard = deploy(9, "one"), []

    def wants(number):
        def judge(answer):
            heard.append(answer)
            return Verdict(answer == number, f"says {answer}")

        return lambda run: Question({"user": "u"}, judge)

    assert smoke_test(deployment, question=wants(9)).execute(context)["endpoint"]
    assert heard == [9]
    with pytest.raises(AirflowFailException, match=r"says 9(\.0)?; there is no earlier configuration"):
        smoke_test(deployment, question=wants(10)).execute(context)


def test_a_good_endpoint_gives_a_prediction_for_a_real_row(deploy, smoke_test, context):
    deployment = deploy(9, "one")
    result = smoke_test(deployment).execute(context)
    assert result["prediction"] == {"features": "1,2", "label": 9.0, "predicted": 9.0}


def test_a_bad_answer_puts_the_previous_configuration_back(deploy, smoke_test, context, sagemaker, endpoint):
    first = deploy(9, "one")
    task = smoke_test(deploy(99, "two"))
    with pytest.raises(TaskDeferred) as deferred:
        task.execute(context)
    assert settle(sagemaker, endpoint)["EndpointConfigName"] == first["config"]
    assert ask(endpoint) == 9
    with pytest.raises(AirflowFailException, match=r"outside 0 to 30; .* serves again"):
        task.rolled_back(context, {}, **deferred.value.kwargs)


def test_a_bad_first_deployment_has_nothing_to_go_back_to(deploy, smoke_test, context):
    with pytest.raises(AirflowFailException, match="no earlier configuration"):
        smoke_test(deploy(99, "one")).execute(context)


def test_an_endpoint_that_went_away_fails_its_smoke_test(deploy, smoke_test, context, sagemaker, endpoint):
    deployment = deploy(9, "one")
    sagemaker.delete_endpoint(EndpointName=endpoint)
    with pytest.raises(AirflowFailException, match="does not answer"):
        smoke_test(deployment).execute(context)


def test_a_refusal_that_is_not_the_model_s_rolls_nothing_back(
    deploy, smoke_test, context, endpoint, monkeypatch
):
    deploy(9, "one")
    second = deploy(10, "two")

    def refuse(*_, **__):
        raise ClientError({"Error": {"Code": "AccessDeniedException", "Message": "no"}}, "InvokeEndpoint")

    runtime = SimpleNamespace(conn=SimpleNamespace(invoke_endpoint=refuse))
    monkeypatch.setattr("millrace.operators.endpoint.AwsHook", lambda *_: runtime)
    with pytest.raises(ClientError, match="AccessDenied"):
        smoke_test(second).execute(context)
    assert ask(endpoint) == 10


def test_what_another_has_put_in_service_is_not_taken_for_the_deployment(deploy, smoke_test, context):
    first = deploy(9, "one")
    deploy(10, "two")
    with pytest.raises(AirflowFailException, match="not what was deployed"):
        smoke_test(first).execute(context)


def test_a_model_is_approved_when_it_has_answered_in_service(deploy, smoke_test, context, endpoint):
    registry = ModelRegistry(endpoint, None)
    package = registry.register(
        artifact="s3://a-bucket/one.tar.gz",
        image="tiny",
        content_types=["text/csv"],
        properties={"rmse": "2.0"},
        tags=[],
        since=context["dag_run"].run_after,
    )
    task = smoke_test(deploy(9, "one"))
    task.package = package
    assert registry.champion() is None
    task.execute(context)
    assert registry.champion().package == package


def test_without_deployment_and_endpoint_nobody_is_asked(endpoint, smoke_test, context):
    with pytest.raises(AirflowSkipException, match="nobody to ask"):
        smoke_test().execute(context)


def test_without_rows_there_is_nothing_to_ask(deploy, smoke_test, context):
    with pytest.raises(AirflowFailException, match="holds no row"):
        smoke_test(deploy(9, "one"), prefix="nothing/").execute(context)


def test_tear_down_is_asked_for(deploy, endpoint, sagemaker, context):
    deploy(9, "one")
    task = EndpointTearDownOperator(task_id="tear_down", aws_conn_id=None)
    with pytest.raises(AirflowSkipException, match="tear_down is off"):
        task.execute(context)
    context["params"]["tear_down"] = True
    task.execute(context)
    task.execute(context)
    assert sagemaker.list_endpoints(NameContains=endpoint)["Endpoints"] == []
