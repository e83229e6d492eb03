"""Stacks: every property of the template is in force after create and after update."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

ClientOf = Callable[..., Any]
MILLRACE = Path(__file__).parents[3] / "include" / "infrastructure" / "millrace.yaml"


def template(**resources: Any) -> str:
    return json.dumps({"Resources": resources})


def resource(kind: str, **properties: Any) -> dict[str, Any]:
    return {"Type": f"AWS::{kind}", "Properties": properties}


def policy(action: str) -> dict[str, Any]:
    statement = {"Effect": "Allow", "Principal": "*", "Action": action, "Resource": "*"}
    return {"Version": "2012-10-17", "Statement": [statement]}


@pytest.fixture
def cloudformation(client: ClientOf) -> Any:
    return client("cloudformation")


def test_the_stack_of_this_project(client: ClientOf, cloudformation: Any) -> None:
    cloudformation.create_stack(
        StackName="millrace-local", TemplateBody=MILLRACE.read_text(), Capabilities=["CAPABILITY_NAMED_IAM"]
    )

    (stack,) = cloudformation.describe_stacks(StackName="millrace-local")["Stacks"]
    outputs = {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}
    made = cloudformation.describe_stack_resources(StackName="millrace-local")["StackResources"]
    assert stack["StackStatus"] == "CREATE_COMPLETE"
    assert {"Bucket", "RoleArn", "EventsTopicArn", "FailuresTopicArn"} <= set(outputs)
    assert len(made) == MILLRACE.read_text().count("Type: AWS::")
    assert all(one["ResourceStatus"] == "CREATE_COMPLETE" and one["PhysicalResourceId"] for one in made)
    (rule,) = client("events").list_rules()["Rules"]
    (target,) = client("events").list_targets_by_rule(Rule=rule["Name"])["Targets"]
    assert target["Arn"] == outputs["EventsTopicArn"]
    versioning = client("s3").get_bucket_versioning(Bucket=outputs["Bucket"])
    assert versioning["Status"] == "Enabled"
    client("s3").put_object(
        Bucket=outputs["Bucket"], Key="key", Body=b"its policy is not applied to plain HTTP"
    )


def test_a_topic_keeps_its_subscriptions_through_an_update(client: ClientOf, cloudformation: Any) -> None:
    sns = client("sns")
    cloudformation.create_stack(StackName="s", TemplateBody=template(T=resource("SNS::Topic", TopicName="t")))
    (topic,) = sns.list_topics()["Topics"]
    sns.subscribe(TopicArn=topic["TopicArn"], Protocol="sqs", Endpoint="arn:aws:sqs:us-east-1:123456789012:q")

    changed = resource("SNS::Topic", TopicName="t", DisplayName="new", Tags=[{"Key": "a", "Value": "b"}])
    cloudformation.update_stack(StackName="s", TemplateBody=template(T=changed))

    assert len(sns.list_subscriptions_by_topic(TopicArn=topic["TopicArn"])["Subscriptions"]) == 1
    attributes = sns.get_topic_attributes(TopicArn=topic["TopicArn"])["Attributes"]
    assert attributes["DisplayName"] == "new"
    assert sns.list_tags_for_resource(ResourceArn=topic["TopicArn"])["Tags"] == [{"Key": "a", "Value": "b"}]


def test_policies_of_topic_queue_and_bucket(client: ClientOf, cloudformation: Any) -> None:
    def body(action: str) -> str:
        return template(
            T=resource("SNS::Topic", TopicName="t"),
            Q=resource("SQS::Queue", QueueName="q"),
            B=resource("S3::Bucket", BucketName="bucket"),
            TP=resource("SNS::TopicPolicy", Topics=[{"Ref": "T"}], PolicyDocument=policy(f"sns:{action}")),
            QP=resource("SQS::QueuePolicy", Queues=[{"Ref": "Q"}], PolicyDocument=policy(f"sqs:{action}")),
            BP=resource("S3::BucketPolicy", Bucket={"Ref": "B"}, PolicyDocument=policy(f"s3:{action}")),
        )

    def actions() -> list[str]:
        arn = client("sns").list_topics()["Topics"][0]["TopicArn"]
        url = client("sqs").get_queue_url(QueueName="q")["QueueUrl"]
        queue = client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["Policy"])
        texts = [
            client("sns").get_topic_attributes(TopicArn=arn)["Attributes"]["Policy"],
            queue["Attributes"]["Policy"],
            client("s3").get_bucket_policy(Bucket="bucket")["Policy"],
        ]
        return [json.loads(text)["Statement"][0]["Action"] for text in texts]

    cloudformation.create_stack(StackName="s", TemplateBody=body("One"))
    created = actions()
    cloudformation.update_stack(StackName="s", TemplateBody=body("Two"))

    assert created == ["sns:One", "sqs:One", "s3:One"]
    assert actions() == ["sns:Two", "sqs:Two", "s3:Two"]


def test_a_subscription_delivers_raw(client: ClientOf, cloudformation: Any) -> None:
    body = template(
        T=resource("SNS::Topic", TopicName="t"),
        Q=resource("SQS::Queue", QueueName="q"),
        S=resource(
            "SNS::Subscription",
            TopicArn={"Ref": "T"},
            Endpoint={"Fn::GetAtt": ["Q", "Arn"]},
            Protocol="sqs",
            RawMessageDelivery=True,
        ),
    )
    cloudformation.create_stack(StackName="s", TemplateBody=body)
    topic = client("sns").list_topics()["Topics"][0]["TopicArn"]
    client("sns").publish(TopicArn=topic, Message="plain")

    url = client("sqs").get_queue_url(QueueName="q")["QueueUrl"]
    (message,) = client("sqs").receive_message(QueueUrl=url, WaitTimeSeconds=2)["Messages"]
    assert message["Body"] == "plain"


def test_a_role_and_a_policy_change(client: ClientOf, cloudformation: Any) -> None:
    def body(action: str, inline: str) -> str:
        return template(
            P=resource("IAM::ManagedPolicy", ManagedPolicyName="p", PolicyDocument=policy(action)),
            R=resource(
                "IAM::Role",
                RoleName="r",
                AssumeRolePolicyDocument=policy("sts:AssumeRole"),
                Policies=[{"PolicyName": inline, "PolicyDocument": policy(action)}],
                ManagedPolicyArns=[{"Ref": "P"}],
            ),
        )

    iam = client("iam")
    cloudformation.create_stack(StackName="s", TemplateBody=body("s3:GetObject", "first"))
    for action in ("s3:PutObject", "s3:ListBucket", "s3:A", "s3:B", "s3:C", "s3:D"):
        cloudformation.update_stack(StackName="s", TemplateBody=body(action, "second"))

    (managed,) = iam.list_attached_role_policies(RoleName="r")["AttachedPolicies"]
    version = iam.get_policy(PolicyArn=managed["PolicyArn"])["Policy"]["DefaultVersionId"]
    shown = iam.get_policy_version(PolicyArn=managed["PolicyArn"], VersionId=version)["PolicyVersion"]
    assert shown["Document"]["Statement"][0]["Action"] == "s3:D"
    assert iam.list_role_policies(RoleName="r")["PolicyNames"] == ["second"]
    made = cloudformation.describe_stack_resources(StackName="s")["StackResources"]
    assert {one["ResourceType"] for one in made} == {"AWS::IAM::ManagedPolicy", "AWS::IAM::Role"}


def test_a_rule_gets_new_targets(client: ClientOf, cloudformation: Any) -> None:
    def body(target: str) -> str:
        arn = {"Fn::GetAtt": [target, "Arn"]}
        return template(
            One=resource("SQS::Queue", QueueName="one"),
            Two=resource("SQS::Queue", QueueName="two"),
            Rule=resource(
                "Events::Rule", Name="r", EventPattern={"source": ["test"]}, Targets=[{"Id": "q", "Arn": arn}]
            ),
        )

    cloudformation.create_stack(StackName="s", TemplateBody=body("One"))
    cloudformation.update_stack(StackName="s", TemplateBody=body("Two"))
    client("events").put_events(Entries=[{"Source": "test", "DetailType": "T", "Detail": "{}"}])

    sqs = client("sqs")
    counts = [
        len(sqs.receive_message(QueueUrl=sqs.get_queue_url(QueueName=name)["QueueUrl"]).get("Messages", []))
        for name in ("one", "two")
    ]
    assert counts == [0, 1]


def test_a_bucket_sends_events_and_a_stack_goes(client: ClientOf, cloudformation: Any) -> None:
    on = resource(
        "S3::Bucket",
        BucketName="bucket",
        NotificationConfiguration={"EventBridgeConfiguration": {"EventBridgeEnabled": True}},
    )
    group = resource("SageMaker::ModelPackageGroup", ModelPackageGroupName="group")
    cloudformation.create_stack(StackName="s", TemplateBody=template(B=on, G=group))
    shown = client("s3").get_bucket_notification_configuration(Bucket="bucket")
    groups = client("sagemaker").list_model_package_groups()["ModelPackageGroupSummaryList"]

    cloudformation.delete_stack(StackName="s")

    assert shown["EventBridgeConfiguration"] == {}
    assert [one["ModelPackageGroupName"] for one in groups] == ["group"]
    assert client("sagemaker").list_model_package_groups()["ModelPackageGroupSummaryList"] == []
    assert client("s3").list_buckets()["Buckets"] == []
