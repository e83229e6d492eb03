"""Properties that cannot change: another resource takes the place of the old one, which goes."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.local.aws.test_cloudformation import policy, resource, template

ClientOf = Callable[..., Any]
TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "sagemaker.amazonaws.com"}, "Action": "sts:AssumeRole"}
    ],
}


@pytest.fixture
def change(client: ClientOf) -> Callable[[str, str], None]:
    """``change(one, other)``: a stack of one template, brought to the other."""

    def act(one: str, other: str) -> None:
        cloudformation = client("cloudformation")
        cloudformation.create_stack(StackName="s", TemplateBody=one)
        cloudformation.update_stack(StackName="s", TemplateBody=other)

    return act


def alarm(name: str) -> dict[str, Any]:
    return resource(
        "CloudWatch::Alarm",
        AlarmName=name,
        Namespace="AWS/SQS",
        MetricName="ApproximateAgeOfOldestMessage",
        Statistic="Maximum",
        ComparisonOperator="GreaterThanThreshold",
        Threshold=5,
        Period=60,
        EvaluationPeriods=1,
    )


def named(name: str, **more: Any) -> str:
    """One resource of every kind that has a name."""
    document = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}}
    return template(
        A=alarm(name),
        B=resource("S3::Bucket", BucketName=name) | more,
        G=resource("SageMaker::ModelPackageGroup", ModelPackageGroupName=name),
        L=resource("Logs::LogGroup", LogGroupName=name),
        P=resource("IAM::ManagedPolicy", ManagedPolicyName=name, PolicyDocument=document),
        Q=resource("SQS::Queue", QueueName=name),
        R=resource(
            "IAM::Role", RoleName=name, AssumeRolePolicyDocument=TRUST, ManagedPolicyArns=[{"Ref": "P"}]
        ),
        T=resource("SNS::Topic", TopicName=name),
    )


def names(client: ClientOf) -> dict[str, list[str]]:
    return {
        "A": [each["AlarmName"] for each in client("cloudwatch").describe_alarms()["MetricAlarms"]],
        "B": [each["Name"] for each in client("s3").list_buckets()["Buckets"]],
        "G": [
            each["ModelPackageGroupName"]
            for each in client("sagemaker").list_model_package_groups()["ModelPackageGroupSummaryList"]
        ],
        "L": [each["logGroupName"] for each in client("logs").describe_log_groups()["logGroups"]],
        "P": [each["PolicyName"] for each in client("iam").list_policies(Scope="Local")["Policies"]],
        "Q": [url.rpartition("/")[2] for url in client("sqs").list_queues()["QueueUrls"]],
        "R": [each["RoleName"] for each in client("iam").list_roles()["Roles"]],
        "T": [each["TopicArn"].rpartition(":")[2] for each in client("sns").list_topics()["Topics"]],
    }


def test_another_name_is_another_resource_in_place_of_the_old_one(
    client: ClientOf, change: Callable[..., None]
) -> None:
    change(named("one"), named("two"))
    assert names(client) == {kind: ["two"] for kind in "ABGLPQRT"}
    attached = client("iam").list_attached_role_policies(RoleName="two")["AttachedPolicies"]
    assert [each["PolicyName"] for each in attached] == ["two"]


def test_what_is_to_be_retained_stays_beside_what_takes_its_place(
    client: ClientOf, change: Callable[..., None]
) -> None:
    change(named("one", UpdateReplacePolicy="Retain"), named("two", UpdateReplacePolicy="Retain"))
    assert sorted(names(client)["B"]) == ["one", "two"]


def test_a_subscription_moves_to_another_queue(client: ClientOf, change: Callable[..., None]) -> None:
    def body(queue: str) -> str:
        return template(
            T=resource("SNS::Topic", TopicName="t"),
            Q=resource("SQS::Queue", QueueName="q"),
            R=resource("SQS::Queue", QueueName="r"),
            S=resource(
                "SNS::Subscription",
                TopicArn={"Ref": "T"},
                Endpoint={"Fn::GetAtt": [queue, "Arn"]},
                Protocol="sqs",
            ),
        )

    change(body("Q"), body("R"))
    subscriptions = client("sns").list_subscriptions()["Subscriptions"]
    assert [each["Endpoint"].rpartition(":")[2] for each in subscriptions] == ["r"]


def test_a_policy_leaves_the_queue_that_it_no_longer_names(
    client: ClientOf, change: Callable[..., None]
) -> None:
    def body(*queues: str) -> str:
        wanted = [{"Ref": name} for name in queues]
        return template(
            Q=resource("SQS::Queue", QueueName="q"),
            R=resource("SQS::Queue", QueueName="r"),
            P=resource("SQS::QueuePolicy", Queues=wanted, PolicyDocument=policy("sqs:SendMessage")),
        )

    change(body("Q"), body("R"))
    sqs = client("sqs")
    urls = sqs.list_queues()["QueueUrls"]
    found = {url: sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["Policy"]) for url in urls}
    assert [
        url.rpartition("/")[2] for url, one in found.items() if "Policy" in one.get("Attributes", {})
    ] == ["r"]
