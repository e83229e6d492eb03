"""Every bucket, queue, topic, log group and key is closed, encrypted and watched; a new one must be too."""

import pytest
from pydantic import TypeAdapter, ValidationError

from include.settings import Slug
from include.uploads import uploads_prefix
from millrace.finished_jobs import FinishedJob
from millrace.triggers import triggerer_queue
from tests.include.infrastructure.variants import TEMPLATE, listed

PLAIN_HTTP = {"Bool": {"aws:SecureTransport": "false"}}
FOURTEEN_DAYS = 14 * 24 * 3600


def refuses_plain_http(statements, action, resources):
    """Whether one of the statements denies what is not encrypted in transit, to everybody."""
    return any(
        (each["Effect"], each["Principal"], each["Action"]) == ("Deny", "*", action)
        and each["Condition"] == PLAIN_HTTP
        and [resource for resource in resources if resource not in listed(each["Resource"])] == []
        for each in statements
    )


def allowed(statements):
    """Who may do what, under which condition."""
    return [
        (principal, each["Action"], each.get("Condition"))
        for each in statements
        if each["Effect"] == "Allow"
        for principal in listed(each["Principal"]["Service"])
    ]


def arn(name):
    return {"Fn::GetAtt": [name, "Arn"]}


def test_every_bucket_is_private_encrypted_and_versioned(variant):
    for name, bucket in variant.of_type("S3::Bucket").items():
        block = bucket["PublicAccessBlockConfiguration"]
        assert len(block) == 4
        assert all(block.values()), name
        assert bucket["OwnershipControls"]["Rules"] == [{"ObjectOwnership": "BucketOwnerEnforced"}], name
        assert bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"] == [
            {
                "BucketKeyEnabled": True,
                "ServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": variant.key},
            }
        ], name
        assert bucket["VersioningConfiguration"] == {"Status": "Enabled"}, name
        statements = variant.policy_of("S3::BucketPolicy", "Bucket", name)
        everything = [
            {"Fn::Sub": f"arn:${{AWS::Partition}}:s3:::${{{name}}}"},
            {"Fn::Sub": f"arn:${{AWS::Partition}}:s3:::${{{name}}}/*"},
        ]
        assert refuses_plain_http(statements, "s3:*", everything), name
        assert allowed(statements) == [], name


def test_the_table_of_access_is_encrypted_protected_and_can_be_had_back(variant):
    if "WarehouseAccess" in variant.resources:
        table = variant.resources["WarehouseAccess"]
        assert (table["DeletionPolicy"], table["UpdateReplacePolicy"]) == ("Retain", "Retain")
        properties = table["Properties"]
        key = {"SSEEnabled": True, "SSEType": "KMS", "KMSMasterKeyId": variant.key}
        assert properties["SSESpecification"] == key
        assert properties["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
        assert properties["DeletionProtectionEnabled"]


def test_what_a_bucket_no_longer_shows_goes_at_last(variant):
    for name, bucket in variant.of_type("S3::Bucket").items():
        rules = bucket["LifecycleConfiguration"]["Rules"]
        everywhere = [rule for rule in rules if "Prefix" not in rule and "Filter" not in rule]
        actions = {action for rule in everywhere for action in rule} - {"Id", "Status"}
        assert actions == {
            "AbortIncompleteMultipartUpload",
            "ExpiredObjectDeleteMarker",
            "NoncurrentVersionExpiration",
        }, name
        assert {rule["Status"] for rule in rules} == {"Enabled"}


def test_nothing_of_a_tenant_expires(plain):
    """Models serve from where their run has put them; all that a pipeline writes begins with its tenant."""
    rules = plain.of_type("S3::Bucket")["Bucket"]["LifecycleConfiguration"]["Rules"]
    expiring = {rule["Prefix"]: rule["ExpirationInDays"] for rule in rules if "ExpirationInDays" in rule}
    assert expiring == {"_work/": {"Ref": "TemporaryDays"}, "_logs/": {"Ref": "LogDays"}}
    for prefix in expiring:
        with pytest.raises(ValidationError):
            TypeAdapter(Slug).validate_python(prefix.removesuffix("/"))


def test_of_the_lake_only_what_arrived_and_what_was_staged_expires(plain):
    """A table's old days are deleted by the pipeline, by the date that they are about."""
    buckets = plain.of_type("S3::Bucket")
    expiring = {
        (name, rule["Prefix"]): rule["ExpirationInDays"]
        for name in ("RawBucket", "CuratedBucket")
        for rule in buckets[name]["LifecycleConfiguration"]["Rules"]
        if "ExpirationInDays" in rule
    }
    assert expiring == {
        ("RawBucket", ""): {"Ref": "RawDays"},
        ("CuratedBucket", "_staging/"): {"Ref": "StagingDays"},
    }


def test_what_a_pipeline_keeps_is_below_its_tenant(run):
    place = f"s3://{run.settings.bucket}/{run.settings.tenant}/"
    record = FinishedJob(
        "training", "n", "Completed", None, None, None, None, None, "2026-01-01T00:00:00", {}
    )
    kept = [run.uri("model"), run.code_uri("digest"), run.input_uri("a.csv"), record.uri]
    assert [uri for uri in kept if not uri.startswith(place)] == []
    assert uploads_prefix(run.settings.tenant, run.dag_id).startswith(f"{run.settings.tenant}/")


def test_every_queue_is_encrypted_and_takes_messages_only_from_its_source(variant):
    for name, queue in variant.of_type("SQS::Queue").items():
        assert queue["KmsMasterKeyId"] == variant.key, name
        statements = variant.policy_of("SQS::QueuePolicy", "Queues", name)
        assert refuses_plain_http(statements, "sqs:*", [arn(name)]), name
        assert [statement["Resource"] for statement in statements] == [arn(name)] * len(statements), name
        senders = allowed(statements)
        assert senders, name
        for principal, action, condition in senders:
            source = {"Ref": "EventsTopic"} if principal == "sns.amazonaws.com" else arn("UploadsRule")
            assert (action, condition) == ("sqs:SendMessage", {"ArnEquals": {"aws:SourceArn": source}}), name


def test_what_a_queue_cannot_get_rid_of_goes_to_the_dead_letters(variant):
    queues = variant.of_type("SQS::Queue")
    last = queues.pop("DeadLettersQueue")
    assert "RedrivePolicy" not in last
    assert last["MessageRetentionPeriod"] == queues["UploadsQueue"]["MessageRetentionPeriod"] == FOURTEEN_DAYS
    for name, queue in queues.items():
        assert queue["RedrivePolicy"]["deadLetterTargetArn"] == arn("DeadLettersQueue"), name


def test_the_shared_queue_is_as_the_triggerers_take_it(shared):
    queue = shared.of_type("SQS::Queue")["SharedEventsQueue"]
    assert queue["MessageRetentionPeriod"] == triggerer_queue.RETENTION_SECONDS
    # They give up first: what only nobody waited for is no dead letter.
    assert queue["RedrivePolicy"]["maxReceiveCount"] > triggerer_queue.MOST_OFFERS


def test_every_topic_is_encrypted_and_refuses_plain_http(variant):
    for name, topic in variant.of_type("SNS::Topic").items():
        assert topic["KmsMasterKeyId"] == variant.key, name
        statements = variant.policy_of("SNS::TopicPolicy", "Topics", name)
        assert refuses_plain_http(statements, "sns:Publish", [{"Ref": name}]), name


def test_who_publishes(plain):
    """EventBridge sends SNS no source that a condition could ask for: with one it is always denied."""
    account = {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}}
    assert allowed(plain.statements("EventsTopicPolicy")) == [("events.amazonaws.com", "sns:Publish", None)]
    assert allowed(plain.statements("FailuresTopicPolicy")) == [
        ("cloudwatch.amazonaws.com", "sns:Publish", account)
    ]


def test_the_key_turns_over_and_outlives_the_stack(plain):
    key = plain.resources["Key"]
    assert key["Properties"]["EnableKeyRotation"] is True
    assert key["DeletionPolicy"] == key["UpdateReplacePolicy"] == "Retain"
    assert plain.of_type("KMS::Alias")["KeyAlias"]["TargetKeyId"] == plain.key


def test_the_key_is_for_who_delivers_messages_and_keeps_logs(plain):
    root, *services = plain.statements("Key")
    assert root["Principal"] == {"AWS": {"Fn::Sub": "arn:${AWS::Partition}:iam::${AWS::AccountId}:root"}}
    granted = {
        str(principal): (set(each["Action"]), each.get("Condition"))
        for each in services
        for principal in listed(each["Principal"]["Service"])
    }
    deliver = {"kms:Decrypt", "kms:GenerateDataKey*"}
    # A condition on the source would keep EventBridge from publishing to an encrypted topic.
    assert granted["events.amazonaws.com"] == granted["sns.amazonaws.com"] == (deliver, None)
    actions, condition = granted["cloudwatch.amazonaws.com"]
    assert (actions, list(condition)) == (deliver, ["StringEquals"])
    [(_, (actions, condition))] = [item for item in granted.items() if "logs." in item[0]]
    assert deliver <= {action.replace("Decrypt*", "Decrypt") for action in actions}
    assert list(condition["ArnLike"]) == ["kms:EncryptionContext:aws:logs:arn"]


def test_a_given_key_takes_the_place_of_the_stacks_own(variant):
    makes_its_own = "Key" in variant.resources
    assert makes_its_own == ("KeyAlias" in variant.resources) == (variant.key == arn("Key"))
    assert variant.outputs["OutputKmsKey"]["Value"] == variant.key
    assert ("['Key', 'Arn']" in str(variant.resources)) == makes_its_own


def test_logs_are_encrypted_and_kept_for_a_while():
    groups = [each for each in TEMPLATE["Resources"].values() if each["Type"] == "AWS::Logs::LogGroup"]
    assert len(groups) == 4
    for group in groups:
        assert group["DeletionPolicy"] == "Retain"
        assert set(group["Properties"]) == {"LogGroupName", "KmsKeyId", "RetentionInDays"}


def test_every_queue_and_every_rule_is_watched(variant):
    alarms = variant.of_type("CloudWatch::Alarm").values()
    watched = [alarm["Dimensions"][0]["Value"] for alarm in alarms]
    # The shared queue is read only while a task waits: old messages there mean nothing.
    names = [name for name in variant.of_type("SQS::Queue") if name != "SharedEventsQueue"]
    queues = [{"Fn::GetAtt": [name, "QueueName"]} for name in names]
    rules = [{"Ref": name} for name in variant.of_type("Events::Rule")]
    assert [name for name in queues + rules if name not in watched] == []
    actions = {str(action) for alarm in alarms for action in alarm["AlarmActions"]}
    assert len(actions) == 1
    for alarm in alarms:
        assert alarm["TreatMissingData"] == "notBreaching"
        assert alarm["AlarmDescription"].strip()


def test_alarms_go_where_failures_go_unless_told_otherwise(plain, variant):
    [action] = plain.of_type("CloudWatch::Alarm")["DeadLettersAlarm"]["AlarmActions"]
    assert action == {"Ref": "FailuresTopic"}
    [other] = variant.of_type("CloudWatch::Alarm")["DeadLettersAlarm"]["AlarmActions"]
    assert other in (action, {"Ref": "AlarmTopicArn"})


@pytest.mark.parametrize("kind", ["S3::Bucket", "KMS::Key", "Logs::LogGroup"])
def test_what_holds_data_outlives_the_stack(kind):
    for each in TEMPLATE["Resources"].values():
        if each["Type"] == f"AWS::{kind}":
            assert each["DeletionPolicy"] == each["UpdateReplacePolicy"] == "Retain"
