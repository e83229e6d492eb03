"""Stacks that a run makes for itself and takes away, whatever has become of them."""

import json

import boto3
import pytest
from airflow.sdk.exceptions import AirflowFailException
from botocore.exceptions import ClientError
from moto.cloudformation.models import cloudformation_backends

from include.cloudformation import Stack
from include.naming import digest
from millrace.operators.cloudformation import StackDeletionOperator, StackOperator
from millrace.sensors.cloudformation import StackDeletionSensor, StackSensor

ROLE = "arn:aws:iam::123456789012:role/r"
CLUSTER = {
    "Type": "AWS::EKS::Cluster",
    "Properties": {"Name": {"Ref": "AWS::StackName"}, "RoleArn": ROLE, "ResourcesVpcConfig": {}},
}
TOPIC = {"Type": "AWS::SNS::Topic"}
UNFIT = {
    "Type": "AWS::FSx::FileSystem",
    "Properties": {"FileSystemType": "LUSTRE", "StorageCapacity": 7, "SubnetIds": ["subnet-1"]},
}


def name_of(run):
    return f"testing-{digest(run.run_id)}"


def provision(context, **resources):
    """What the task says that asks for a stack of these."""

    def build(run, keys):
        assert keys == {}
        return Stack(name_of(run), json.dumps({"Resources": resources}), {}, ROLE)

    return StackOperator(task_id="provision", build=build, aws_conn_id=None).execute(context)


def delete(context):
    return StackDeletionOperator(task_id="delete", name=name_of, aws_conn_id=None).execute(context)


def is_gone(context, stack):
    return StackDeletionSensor(task_id="deleted", stack=stack, aws_conn_id=None).poke(context)


def told(stack):
    """The stack itself, as the server has it."""
    return next(
        each
        for each in cloudformation_backends["123456789012"]["us-east-1"].stacks.values()
        if each.name == stack
    )


def test_a_stack_without_functions_is_made_and_taken_away(aws, context):
    made = provision(context, Topic=TOPIC)
    assert (made["changed"], made["changes"]) == (True, ["Topic is made"])
    sensor = StackSensor(task_id="made", stack=made["stack"], changed=True, aws_conn_id=None)
    assert sensor.poke(context).is_done
    assert delete(context) == {"stack": made["stack"]}
    assert is_gone(context, made["stack"])
    with pytest.raises(ClientError, match="does not exist"):
        boto3.client("cloudformation").describe_stacks(StackName=made["stack"])


def test_a_stack_that_was_never_made_or_is_gone_is_fine(aws, context):
    stack = delete(context)["stack"]
    assert is_gone(context, stack)
    provision(context, Topic=TOPIC)
    assert delete(context) == delete(context) == {"stack": stack}
    assert is_gone(context, stack)


def test_what_cannot_be_deleted_fails_with_the_first_reason_and_may_be_tried_again(aws, context):
    stack = provision(context, Cluster=CLUSTER, Topic=TOPIC)["stack"]
    eks = boto3.client("eks")
    others = {"clusterName": stack, "nodegroupName": "others"}
    eks.create_nodegroup(**others, nodeRole=ROLE, subnets=[])
    delete(context)
    with pytest.raises(AirflowFailException, match=r"costs money: Cluster: .*has nodegroups attached"):
        is_gone(context, stack)
    eks.delete_nodegroup(**others)
    delete(context)
    assert is_gone(context, stack)


def test_a_deletion_that_goes_on_is_waited_for_and_nothing_is_made_meanwhile(aws, context):
    stack = provision(context, Topic=TOPIC)["stack"]
    told(stack).status = "DELETE_IN_PROGRESS"
    assert not is_gone(context, stack)
    with pytest.raises(RuntimeError, match="is being taken away; the next try makes it anew"):
        provision(context, Topic=TOPIC)


def test_what_cannot_be_made_says_why_and_the_next_try_makes_it_anew(aws, context):
    stack = provision(context, Topic=TOPIC, Files=UNFIT)["stack"]
    sensor = StackSensor(task_id="made", stack=stack, changed=True, aws_conn_id=None)
    with pytest.raises(AirflowFailException, match=r"ROLLBACK_COMPLETE: Files: .*Invalid storage capacity 7"):
        sensor.poke(context)
    with pytest.raises(RuntimeError, match="was ROLLBACK_COMPLETE and is being taken away"):
        provision(context, Topic=TOPIC)
    assert provision(context, Topic=TOPIC)["changes"] == ["Topic is made"]
    assert sensor.poke(context).is_done


def test_the_reason_is_of_what_was_asked_last(aws, context):
    """What was in the way at first is told no more once it is mended."""
    names = {"One": "reasons-1", "Two": "reasons-2"}
    clusters = {
        each: {**CLUSTER, "Properties": {**CLUSTER["Properties"], "Name": name}}
        for each, name in names.items()
    }
    stack = provision(context, **clusters)["stack"]
    eks = boto3.client("eks")
    for name in names.values():
        eks.create_nodegroup(clusterName=name, nodegroupName="others", nodeRole=ROLE, subnets=[])
    delete(context)
    with pytest.raises(AirflowFailException, match=r"(One|Two): ") as failure:
        is_gone(context, stack)
    first, second = ("One", "Two") if "One: " in str(failure.value) else ("Two", "One")
    eks.delete_nodegroup(clusterName=names[first], nodegroupName="others")
    delete(context)
    with pytest.raises(AirflowFailException, match=f"{second}: "):
        is_gone(context, stack)
