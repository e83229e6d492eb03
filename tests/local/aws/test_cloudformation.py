"""Stacks: every property of the template is in force after create and after update."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cfnlint.decode import cfn_yaml

ClientOf = Callable[..., Any]
MILLRACE = Path(__file__).parents[3] / "include" / "infrastructure" / "millrace.yaml"


def template(**resources: Any) -> str:
    return json.dumps({"Resources": resources})


def resource(kind: str, **properties: Any) -> dict[str, Any]:
    return {"Type": f"AWS::{kind}", "Properties": properties}


def policy(action: str) -> dict[str, Any]:
    statement = {"Effect": "Allow", "Principal": "*", "Action": action, "Resource": "*"}
    return {"Version": "2012-10-17", "Statement": [statement]}


def targets(client: ClientOf, rule: str) -> list[str]:
    return [target["Arn"] for target in client("events").list_targets_by_rule(Rule=rule)["Targets"]]


def arn_of(client: ClientOf, queue_url: str) -> str:
    found = client("sqs").get_queue_attributes(QueueUrl=queue_url, AttributeNames=["QueueArn"])
    return str(found["Attributes"]["QueueArn"])


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
    assert {"Bucket", "RoleArn", "EventsTopicArn", "FailuresTopicArn", "UploadsQueueUrl"} <= set(outputs)
    # Without parameters no condition is true but the one of its own key.
    expected = {
        name
        for name, each in cfn_yaml.load(str(MILLRACE))["Resources"].items()
        if each.get("Condition", "MakesKey") == "MakesKey"
    }
    assert {one["LogicalResourceId"] for one in made} == expected
    assert all(one["ResourceStatus"] == "CREATE_COMPLETE" and one["PhysicalResourceId"] for one in made)
    rules = {rule["Name"]: targets(client, rule["Name"]) for rule in client("events").list_rules()["Rules"]}
    assert rules == {
        "millrace-local-job-state": [outputs["EventsTopicArn"]],
        "millrace-local-uploads": [outputs["EventsTopicArn"], arn_of(client, outputs["UploadsQueueUrl"])],
    }
    versioning = client("s3").get_bucket_versioning(Bucket=outputs["Bucket"])
    assert versioning["Status"] == "Enabled"
    client("s3").put_object(
        Bucket=outputs["Bucket"], Key="key", Body=b"its policy is not applied to plain HTTP"
    )


def without(resources: dict[str, Any], removed: set[str]) -> dict[str, Any]:
    """The resources that are left when some go, and with them all that name one of them."""
    left = {name: each for name, each in resources.items() if name not in removed}
    naming = {name for name, each in left.items() if any(f"'{gone}'" in str(each) for gone in removed)}
    return without(left, naming) if naming else left


def test_an_upload_reaches_its_queue_after_an_update_too(client: ClientOf, cloudformation: Any) -> None:
    """A stack made before there were uploads gets all of it."""
    new = cfn_yaml.load(str(MILLRACE))
    old = {
        "Parameters": new["Parameters"],
        "Conditions": new["Conditions"],
        "Resources": without(new["Resources"], {"UploadsRule", "UploadsQueue", "DeadLettersQueue"}),
    }
    added = set(new["Resources"]) - set(old["Resources"])
    capable = {"StackName": "millrace-local", "Capabilities": ["CAPABILITY_NAMED_IAM"]}
    cloudformation.create_stack(TemplateBody=json.dumps(old, default=str), **capable)

    cloudformation.update_stack(TemplateBody=MILLRACE.read_text(), **capable)

    (stack,) = cloudformation.describe_stacks(StackName="millrace-local")["Stacks"]
    outputs = {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}
    s3, sqs = client("s3"), client("sqs")
    for key in ("main/uploads/abalone/a.csv", "main/abalone/run/features/b.csv", "code/uploads.zip"):
        s3.put_object(Bucket=outputs["Bucket"], Key=key, Body=b"1")
    (message,) = sqs.receive_message(
        QueueUrl=outputs["UploadsQueueUrl"], WaitTimeSeconds=2, MaxNumberOfMessages=10
    )["Messages"]
    assert stack["StackStatus"] == "UPDATE_COMPLETE"
    assert {"UploadsRule", "UploadsQueuePolicy", "DeadLettersAlarm", "TriggererPolicy"} <= added
    assert json.loads(message["Body"])["detail"]["object"]["key"] == "main/uploads/abalone/a.csv"


def test_a_message_that_nobody_can_take_goes_to_the_dead_letters(
    client: ClientOf, cloudformation: Any
) -> None:
    cloudformation.create_stack(
        StackName="millrace-local", TemplateBody=MILLRACE.read_text(), Capabilities=["CAPABILITY_NAMED_IAM"]
    )
    (stack,) = cloudformation.describe_stacks(StackName="millrace-local")["Stacks"]
    outputs = {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}
    sqs = client("sqs")
    sqs.send_message(QueueUrl=outputs["UploadsQueueUrl"], MessageBody="whatever")

    receives = 0
    while sqs.receive_message(QueueUrl=outputs["UploadsQueueUrl"], VisibilityTimeout=0).get("Messages"):
        receives += 1

    (dead,) = sqs.receive_message(QueueUrl=outputs["DeadLettersQueueUrl"])["Messages"]
    assert (receives, dead["Body"]) == (5, "whatever")


def test_a_queue_is_updated_and_keeps_its_messages_and_its_policy(
    client: ClientOf, cloudformation: Any
) -> None:
    def body(**properties: Any) -> str:
        return template(
            D=resource("SQS::Queue", QueueName="d"),
            Q=resource("SQS::Queue", QueueName="q", **properties),
            P=resource("SQS::QueuePolicy", Queues=[{"Ref": "Q"}], PolicyDocument=policy("sqs:SendMessage")),
        )

    def attributes() -> dict[str, str]:
        found: dict[str, str] = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
        return found

    redrive = {"deadLetterTargetArn": {"Fn::GetAtt": ["D", "Arn"]}, "maxReceiveCount": 5}
    sqs = client("sqs")
    cloudformation.create_stack(StackName="s", TemplateBody=body(DelaySeconds=0))
    url = sqs.get_queue_url(QueueName="q")["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody="kept")
    tags = [{"Key": "team", "Value": "ml"}]
    cloudformation.update_stack(
        StackName="s",
        TemplateBody=body(
            MessageRetentionPeriod=1_209_600, VisibilityTimeout=60, RedrivePolicy=redrive, Tags=tags
        ),
    )
    full = attributes()
    cloudformation.update_stack(StackName="s", TemplateBody=body(VisibilityTimeout=70))
    bare = attributes()

    assert (full["MessageRetentionPeriod"], full["VisibilityTimeout"]) == ("1209600", "60")
    assert json.loads(full["RedrivePolicy"])["maxReceiveCount"] == 5
    assert (bare["MessageRetentionPeriod"], bare["VisibilityTimeout"]) == ("345600", "70")
    assert "RedrivePolicy" not in bare
    assert all("sqs:SendMessage" in each["Policy"] for each in (full, bare))
    assert [one["Body"] for one in sqs.receive_message(QueueUrl=url)["Messages"]] == ["kept"]


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
