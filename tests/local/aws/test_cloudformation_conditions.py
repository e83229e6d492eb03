"""Resources that are there under a condition, alarms, dashboards and log groups."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.local.aws.test_cloudformation import MILLRACE, policy, resource, template

ClientOf = Callable[..., Any]


@pytest.fixture
def cloudformation(client: ClientOf) -> Any:
    return client("cloudformation")


def optional(queue: dict[str, Any], wanted: str = "no", **more: Any) -> str:
    """A stack in which a queue is made if a parameter says so."""
    return json.dumps(
        {
            "Parameters": {"Wanted": {"Type": "String", "Default": wanted}},
            "Conditions": {"IsWanted": {"Fn::Equals": [{"Ref": "Wanted"}, "yes"]}},
            "Resources": {"Q": queue | {"Condition": "IsWanted"}, **more},
            "Outputs": {"Url": {"Condition": "IsWanted", "Value": {"Ref": "Q"}}},
        }
    )


def test_a_resource_whose_condition_is_false_is_not_there_and_may_change(
    client: ClientOf, cloudformation: Any
) -> None:
    def made() -> tuple[set[str], list[str], list[str]]:
        [stack] = cloudformation.describe_stacks(StackName="s")["Stacks"]
        found = cloudformation.describe_stack_resources(StackName="s")["StackResources"]
        listed = cloudformation.list_stack_resources(StackName="s")["StackResourceSummaries"]
        names = {one["LogicalResourceId"] for one in found}
        assert names == {one["LogicalResourceId"] for one in listed}
        urls = client("sqs").list_queues().get("QueueUrls", [])
        return (
            names,
            [url.rpartition("/")[2] for url in urls],
            [o["OutputKey"] for o in stack.get("Outputs", [])],
        )

    topic = resource("SNS::Topic", TopicName="t")
    first, second = (resource("SQS::Queue", QueueName="q", DelaySeconds=n) for n in (1, 2))
    cloudformation.create_stack(StackName="s", TemplateBody=optional(first, T=topic))
    absent = made()
    cloudformation.update_stack(StackName="s", TemplateBody=optional(second, T=topic))
    still_absent = made()
    cloudformation.update_stack(StackName="s", TemplateBody=optional(first, wanted="yes", T=topic))
    present = made()
    cloudformation.update_stack(StackName="s", TemplateBody=optional(second, T=topic))

    assert absent == still_absent == made() == ({"T"}, [], [])
    assert present == ({"T", "Q"}, ["q"], ["Url"])


def test_a_parameter_alone_makes_and_takes_away_what_depends_on_it(
    client: ClientOf, cloudformation: Any
) -> None:
    def queues() -> dict[str, str]:
        sqs = client("sqs")
        urls = sqs.list_queues().get("QueueUrls", [])
        found = {url: sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"]) for url in urls}
        return {url.rpartition("/")[2]: one["Attributes"]["DelaySeconds"] for url, one in found.items()}

    delay = {"Fn::If": ["IsWanted", 1, 2]}
    body = optional(
        resource("SQS::Queue", QueueName="q"), O=resource("SQS::Queue", QueueName="o", DelaySeconds=delay)
    )
    seen = []
    cloudformation.create_stack(StackName="s", TemplateBody=body)
    for wanted in ("yes", "no", "yes"):
        parameter = {"ParameterKey": "Wanted", "ParameterValue": wanted}
        cloudformation.update_stack(StackName="s", TemplateBody=body, Parameters=[parameter])
        seen.append(queues())

    present, absent = {"q": "0", "o": "1"}, {"o": "2"}
    assert seen == [present, absent, present]


def test_what_is_to_be_retained_outlives_its_condition_and_its_place_in_the_template(
    client: ClientOf, cloudformation: Any
) -> None:
    kept = resource("SQS::Queue", QueueName="kept") | {"DeletionPolicy": "Retain"}
    topic = resource("SNS::Topic", TopicName="t")
    cloudformation.create_stack(StackName="s", TemplateBody=optional(kept, wanted="yes", T=topic))
    cloudformation.update_stack(StackName="s", TemplateBody=optional(kept, T=topic))
    after_the_condition = client("sqs").list_queues()["QueueUrls"]
    removed = resource("SQS::Queue", QueueName="removed") | {"DeletionPolicy": "Retain"}
    cloudformation.create_stack(StackName="other", TemplateBody=template(Q=removed, T=topic))
    cloudformation.update_stack(StackName="other", TemplateBody=template(T=topic))

    names = [url.rpartition("/")[2] for url in client("sqs").list_queues()["QueueUrls"]]
    assert len(after_the_condition) == 1
    assert sorted(names) == ["kept", "removed"]


def test_a_removed_resource_comes_back_with_its_template(client: ClientOf, cloudformation: Any) -> None:
    both = template(Q=resource("SQS::Queue", QueueName="q"), T=resource("SNS::Topic", TopicName="t"))
    one = template(T=resource("SNS::Topic", TopicName="t"))
    cloudformation.create_stack(StackName="s", TemplateBody=both)
    cloudformation.update_stack(StackName="s", TemplateBody=one)
    gone = client("sqs").list_queues().get("QueueUrls", [])
    cloudformation.update_stack(StackName="s", TemplateBody=both)
    assert (gone, len(client("sqs").list_queues()["QueueUrls"])) == ([], 1)


def test_a_resource_whose_condition_went_false_can_be_removed(client: ClientOf, cloudformation: Any) -> None:
    first, second = (resource("SQS::Queue", QueueName="q", DelaySeconds=n) for n in (1, 2))
    topic = resource("SNS::Topic", TopicName="t")
    cloudformation.create_stack(StackName="s", TemplateBody=optional(first, wanted="yes", T=topic))
    cloudformation.update_stack(StackName="s", TemplateBody=optional(second, T=topic))
    cloudformation.update_stack(StackName="s", TemplateBody=template(T=topic))
    [stack] = cloudformation.describe_stacks(StackName="s")["Stacks"]
    assert stack["StackStatus"] == "UPDATE_COMPLETE"
    assert client("sqs").list_queues().get("QueueUrls", []) == []


def test_no_value_takes_an_item_out_of_a_list(client: ClientOf, cloudformation: Any) -> None:
    either = [
        {"Fn::If": ["IsWanted", {"Ref": "AWS::NoValue"}, policy("s3:A")["Statement"][0]]},
        {"Fn::If": ["IsWanted", policy("s3:B")["Statement"][0], {"Ref": "AWS::NoValue"}]},
        policy("s3:C")["Statement"][0],
    ]
    document = {"Version": "2012-10-17", "Statement": either}
    allowed = resource("IAM::ManagedPolicy", ManagedPolicyName="p", PolicyDocument=document)
    queue = resource("SQS::Queue", QueueName="q")
    cloudformation.create_stack(StackName="s", TemplateBody=optional(queue, P=allowed))

    iam = client("iam")
    [found] = iam.list_policies(Scope="Local")["Policies"]
    shown = iam.get_policy_version(PolicyArn=found["Arn"], VersionId=found["DefaultVersionId"])
    statements = shown["PolicyVersion"]["Document"]["Statement"]
    assert [statement["Action"] for statement in statements] == ["s3:A", "s3:C"]


def test_an_alarm_is_made_changed_and_removed(client: ClientOf, cloudformation: Any) -> None:
    def body(**changes: Any) -> str:
        alarm = {
            "AlarmName": "a",
            "Namespace": "AWS/SQS",
            "MetricName": "ApproximateAgeOfOldestMessage",
            "Dimensions": [{"Name": "QueueName", "Value": {"Fn::GetAtt": ["Q", "QueueName"]}}],
            "Statistic": "Maximum",
            "ComparisonOperator": "GreaterThanThreshold",
            "Threshold": 5,
            "Period": 60,
            "EvaluationPeriods": 1,
            "TreatMissingData": "notBreaching",
            "AlarmActions": [{"Ref": "T"}],
        }
        return json.dumps(
            {
                "Resources": {
                    "Q": resource("SQS::Queue", QueueName="q"),
                    "T": resource("SNS::Topic", TopicName="t"),
                    "A": resource("CloudWatch::Alarm", **alarm | changes),
                }
            }
        )

    cloudwatch = client("cloudwatch")
    cloudformation.create_stack(StackName="s", TemplateBody=body())
    cloudformation.update_stack(StackName="s", TemplateBody=body(Threshold=7, AlarmDescription="Late."))
    [alarm] = cloudwatch.describe_alarms()["MetricAlarms"]
    cloudformation.delete_stack(StackName="s")

    assert (alarm["AlarmName"], alarm["Threshold"], alarm["AlarmDescription"]) == ("a", 7.0, "Late.")
    assert alarm["Dimensions"] == [{"Name": "QueueName", "Value": "q"}]
    assert alarm["AlarmActions"] == ["arn:aws:sns:us-east-1:123456789012:t"]
    assert (alarm["StateValue"], alarm["TreatMissingData"]) == ("OK", "notBreaching")
    assert cloudwatch.describe_alarms()["MetricAlarms"] == []


def test_a_dashboard_is_made_changed_replaced_and_removed(client: ClientOf, cloudformation: Any) -> None:
    def body(name: str, title: str) -> str:
        widget = {"type": "text", "properties": {"markdown": f"${{Q.QueueName}} {title}"}}
        text = {"Fn::Sub": json.dumps({"widgets": [widget]})}
        dashboard = resource("CloudWatch::Dashboard", DashboardName=name, DashboardBody=text)
        return json.dumps({"Resources": {"Q": resource("SQS::Queue", QueueName="q"), "D": dashboard}})

    def shown(name: str) -> str:
        found = client("cloudwatch").get_dashboard(DashboardName=name)["DashboardBody"]
        return str(json.loads(found)["widgets"][0]["properties"]["markdown"])

    def names() -> list[str]:
        entries = client("cloudwatch").list_dashboards()["DashboardEntries"]
        return [entry["DashboardName"] for entry in entries]

    cloudformation.create_stack(StackName="s", TemplateBody=body("d", "waits"))
    assert shown("d") == "q waits"
    cloudformation.update_stack(StackName="s", TemplateBody=body("d", "is long"))
    assert shown("d") == "q is long"
    cloudformation.update_stack(StackName="s", TemplateBody=body("e", "is long"))
    assert names() == ["e"]
    cloudformation.delete_stack(StackName="s")
    assert names() == []


def test_a_dashboard_that_is_no_json_fails_the_stack(client: ClientOf, cloudformation: Any) -> None:
    dashboard = resource("CloudWatch::Dashboard", DashboardName="d", DashboardBody='{"widgets": [}')
    queue = resource("SQS::Queue", QueueName="q")
    body = json.dumps({"Resources": {"Q": queue, "D": {**dashboard, "DependsOn": "Q"}}})
    cloudformation.create_stack(StackName="s", TemplateBody=body)
    [stack] = cloudformation.describe_stacks(StackName="s")["Stacks"]
    assert stack["StackStatus"] == "ROLLBACK_COMPLETE"
    events = cloudformation.describe_stack_events(StackName="s")["StackEvents"]
    [failed] = [each for each in events if each["ResourceStatus"] == "CREATE_FAILED"]
    assert failed["LogicalResourceId"] == "D"
    assert "The dashboard d is no JSON" in failed["ResourceStatusReason"]
    # Nothing of it is left, and asking for it makes nothing.
    assert cloudformation.describe_stack_resources(StackName="s")["StackResources"] == []
    assert client("sqs").list_queues().get("QueueUrls", []) == []
    cloudformation.delete_stack(StackName="s")
    with pytest.raises(ClientError, match="does not exist"):
        cloudformation.describe_stacks(StackName="s")


def test_a_log_group_that_is_there_is_taken_over(client: ClientOf, cloudformation: Any) -> None:
    def body(**properties: Any) -> str:
        group = resource("Logs::LogGroup", LogGroupName="/aws/sagemaker/TrainingJobs", **properties)
        return json.dumps({"Resources": {"L": group}})

    logs = client("logs")
    logs.create_log_group(logGroupName="/aws/sagemaker/TrainingJobs")
    logs.create_log_stream(logGroupName="/aws/sagemaker/TrainingJobs", logStreamName="kept")
    cloudformation.create_stack(StackName="s", TemplateBody=body(RetentionInDays=30, KmsKeyId="arn:key"))
    [made] = logs.describe_log_groups()["logGroups"]
    cloudformation.update_stack(StackName="s", TemplateBody=body(RetentionInDays=90))
    [changed] = logs.describe_log_groups()["logGroups"]

    assert (made["retentionInDays"], made["kmsKeyId"]) == (30, "arn:key")
    assert (changed["retentionInDays"], "kmsKeyId" in changed) == (90, False)
    streams = logs.describe_log_streams(logGroupName="/aws/sagemaker/TrainingJobs")["logStreams"]
    assert [stream["logStreamName"] for stream in streams] == ["kept"]


def test_lifecycle_rules_expire_prefixes_and_delete_markers(client: ClientOf, cloudformation: Any) -> None:
    rules = [
        {"Id": "work", "Status": "Enabled", "Prefix": "_work/", "ExpirationInDays": 7},
        {
            "Id": "old",
            "Status": "Enabled",
            "ExpiredObjectDeleteMarker": True,
            "NoncurrentVersionExpiration": {"NoncurrentDays": 30},
        },
    ]
    bucket = resource("S3::Bucket", BucketName="bucket", LifecycleConfiguration={"Rules": rules})
    cloudformation.create_stack(StackName="s", TemplateBody=json.dumps({"Resources": {"B": bucket}}))
    work, old = client("s3").get_bucket_lifecycle_configuration(Bucket="bucket")["Rules"]
    assert (work["ID"], work["Prefix"], work["Expiration"]) == ("work", "_work/", {"Days": 7})
    assert old["Expiration"] == {"ExpiredObjectDeleteMarker": True}
    assert old["NoncurrentVersionExpiration"] == {"NoncurrentDays": 30}


EVERYTHING = {"EventsQueue": "shared", "JobsInVpc": "yes", "JobLogGroups": "make", "LogDays": "30"}


def test_the_stack_of_this_project_with_every_option(client: ClientOf, cloudformation: Any) -> None:
    stack = {
        "StackName": "millrace-local",
        "TemplateBody": MILLRACE.read_text(),
        "Capabilities": ["CAPABILITY_NAMED_IAM"],
    }
    options = [{"ParameterKey": k, "ParameterValue": v} for k, v in EVERYTHING.items()]
    cloudformation.create_stack(**stack, Parameters=options)
    cloudformation.update_stack(**stack)
    cloudformation.update_stack(**stack, Parameters=options)

    [made] = cloudformation.describe_stacks(StackName="millrace-local")["Stacks"]
    outputs = {output["OutputKey"]: output["OutputValue"] for output in made["Outputs"]}
    assert made["StackStatus"] == "UPDATE_COMPLETE"
    event = {"Source": "aws.sagemaker", "DetailType": "SageMaker Training Job State Change"}
    detail = json.dumps({"TrainingJobName": "local-a", "TrainingJobStatus": "Completed"})
    client("events").put_events(Entries=[event | {"Detail": detail}])
    [message] = client("sqs").receive_message(QueueUrl=outputs["EventsQueueUrl"], WaitTimeSeconds=2)[
        "Messages"
    ]
    assert json.loads(message["Body"])["detail"]["TrainingJobName"] == "local-a"
    alarms = {alarm["AlarmName"] for alarm in client("cloudwatch").describe_alarms()["MetricAlarms"]}
    assert "millrace-local-uploads-wait" in alarms
    groups = client("logs").describe_log_groups(logGroupNamePrefix="/aws/sagemaker/")["logGroups"]
    assert {(group["retentionInDays"], group["kmsKeyId"]) for group in groups} == {
        (30, outputs["OutputKmsKey"])
    }
    assert (
        "network-interfaces"
        in client("iam").list_role_policies(RoleName=outputs["RoleArn"].rpartition("/")[2])["PolicyNames"]
    )


def test_another_key_takes_the_place_of_the_stacks_own(client: ClientOf, cloudformation: Any) -> None:
    given = client("kms").create_key()["KeyMetadata"]["Arn"]
    cloudformation.create_stack(
        StackName="millrace-local",
        TemplateBody=MILLRACE.read_text(),
        Capabilities=["CAPABILITY_NAMED_IAM"],
        Parameters=[{"ParameterKey": "KmsKeyArn", "ParameterValue": given}],
    )
    [made] = cloudformation.describe_stacks(StackName="millrace-local")["Stacks"]
    outputs = {output["OutputKey"]: output["OutputValue"] for output in made["Outputs"]}
    assert outputs["OutputKmsKey"] == given
    assert len(client("kms").list_keys()["Keys"]) == 1
    put = client("s3").put_object(Bucket=outputs["Bucket"], Key="a", Body=b"1")
    assert put["SSEKMSKeyId"] == given
