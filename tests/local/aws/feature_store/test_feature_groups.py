"""The control plane: what a group is, what AWS refuses, how it changes and goes."""

import json
import time

import pytest
from botocore.exceptions import ClientError, ParamValidationError

from local.aws.services.sagemaker.feature_group_records import MAX_FEATURES
from tests.local.aws.feature_store.conftest import FEATURES
from tests.local.conftest import connect


def code_and_message(raised):
    error = raised.value.response["Error"]
    return error["Code"], error["Message"]


def test_a_group_is_created_with_its_stores_in_the_layout_of_aws(groups, account, name):
    groups.sagemaker.create_feature_group(**groups.request(name, Tags=[{"Key": "team", "Value": "ml"}]))
    assert groups.sagemaker.describe_feature_group(FeatureGroupName=name)["FeatureGroupStatus"] == "Creating"
    described = groups.settled(name)
    assert described["FeatureGroupStatus"] == "Created"
    assert described["OfflineStoreStatus"] == {"Status": "Active"}
    epoch = int(described["CreationTime"].timestamp())
    offline = described["OfflineStoreConfig"]
    assert offline["S3StorageConfig"]["ResolvedOutputS3Uri"] == (
        f"s3://jobs/offline/123456789012/sagemaker/us-east-1/offline-store/{name}-{epoch}/data"
    )
    assert offline["DataCatalogConfig"]["TableName"] == f"{name.replace('-', '_')}_{epoch}"
    tags = groups.sagemaker.list_tags(ResourceArn=described["FeatureGroupArn"])["Tags"]
    assert tags == [{"Key": "team", "Value": "ml"}]
    by_arn = groups.sagemaker.describe_feature_group(FeatureGroupName=described["FeatureGroupArn"])
    assert by_arn["FeatureGroupName"] == name


def test_its_glue_table_has_the_features_and_what_the_service_adds(groups, server, name):
    catalog = groups.make(name)["OfflineStoreConfig"]["DataCatalogConfig"]
    glue = connect(server.endpoint_url, "glue")
    table = glue.get_table(DatabaseName=catalog["Database"], Name=catalog["TableName"])["Table"]
    columns = {column["Name"]: column["Type"] for column in table["StorageDescriptor"]["Columns"]}
    features = {"user_id": "string", "event_time": "string", "minutes": "double", "sessions": "bigint"}
    added = {"write_time": "timestamp", "api_invocation_time": "timestamp", "is_deleted": "boolean"}
    assert columns == features | {"city": "string"} | added
    assert [key["Name"] for key in table["PartitionKeys"]] == ["year", "month", "day", "hour"]


def test_no_table_is_made_where_none_is_wanted(groups, name):
    offline = {"S3StorageConfig": {"S3Uri": "s3://jobs/offline"}, "DisableGlueTableCreation": True}
    assert "DataCatalogConfig" not in groups.make(name, OfflineStoreConfig=offline)["OfflineStoreConfig"]


def definitions(**types):
    return [{"FeatureName": name, "FeatureType": kind} for name, kind in types.items()]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        (
            {"FeatureDefinitions": definitions(user_id="String", event_time="String", write_time="String")},
            "reserved",
        ),
        ({"RecordIdentifierFeatureName": "nobody"}, "RecordIdentifierFeatureName nobody is not one of"),
        ({"RecordIdentifierFeatureName": "minutes"}, "type Fractional; it must be String or Integral"),
        ({"EventTimeFeatureName": "sessions"}, "type Integral; it must be String or Fractional"),
        (
            {"FeatureDefinitions": [*definitions(**FEATURES), *definitions(city="String")]},
            "city is defined more",
        ),
        ({"OnlineStoreConfig": None, "OfflineStoreConfig": None}, "at least one store"),
        ({"RoleArn": None}, "RoleArn is required"),
        ({"FeatureGroupName": "under_score_"}, "regular expression pattern"),
    ],
)
def test_a_definition_that_aws_refuses_is_refused(groups, changes, words):
    request = {k: v for k, v in groups.request("refused", **changes).items() if v is not None}
    with pytest.raises(ClientError) as raised:
        groups.sagemaker.create_feature_group(**request)
    code, message = code_and_message(raised)
    assert code == "ValidationException"
    assert words in message
    assert not groups.sagemaker.list_feature_groups(NameContains="refused")["FeatureGroupSummaries"]


def test_a_group_has_2500_features_at_most(groups, name):
    features = definitions(**FEATURES, **{f"f{n}": "Integral" for n in range(MAX_FEATURES - len(FEATURES))})
    groups.make(name, FeatureDefinitions=features, OfflineStoreConfig=None)
    with pytest.raises(ClientError) as raised:
        groups.sagemaker.update_feature_group(
            FeatureGroupName=name, FeatureAdditions=definitions(one_more="Integral")
        )
    assert code_and_message(raised)[0] == "ResourceLimitExceeded"


def test_a_name_is_given_once(groups, name):
    groups.make(name, OfflineStoreConfig=None)
    with pytest.raises(ClientError) as raised:
        groups.sagemaker.create_feature_group(**groups.request(name.upper()))
    assert code_and_message(raised)[0] == "ResourceInUse"


def test_a_group_whose_bucket_is_not_there_fails(groups, name):
    offline = {"S3StorageConfig": {"S3Uri": "s3://not-there/offline"}}
    described = groups.make(name, OfflineStoreConfig=offline)
    assert described["FeatureGroupStatus"] == "CreateFailed"
    assert "not-there" in described["FailureReason"]


def test_features_are_added_and_the_ttl_changes(groups, name):
    groups.make(name)
    ttl = {"Unit": "Days", "Value": 90}
    groups.sagemaker.update_feature_group(
        FeatureGroupName=name,
        FeatureAdditions=definitions(likes="Integral"),
        OnlineStoreConfig={"TtlDuration": ttl},
    )
    updating = groups.sagemaker.describe_feature_group(FeatureGroupName=name)
    assert updating["LastUpdateStatus"] == {"Status": "InProgress"}
    described = groups.settled(name)
    assert described["LastUpdateStatus"] == {"Status": "Successful"}
    assert described["FeatureDefinitions"][-1]["FeatureName"] == "likes"
    assert described["OnlineStoreConfig"] == {"EnableOnlineStore": True, "TtlDuration": ttl}
    with pytest.raises(ClientError, match="likes is defined more than once"):
        groups.sagemaker.update_feature_group(
            FeatureGroupName=name, FeatureAdditions=definitions(likes="String")
        )


def test_groups_are_listed_by_status_and_name(groups, name):
    for suffix in "abc":
        groups.make(f"{name}-{suffix}", OfflineStoreConfig=None)
    request = {"NameContains": name, "SortBy": "Name", "SortOrder": "Ascending", "MaxResults": 2}
    first = groups.sagemaker.list_feature_groups(**request, FeatureGroupStatusEquals="Created")
    rest = groups.sagemaker.list_feature_groups(**request, NextToken=first["NextToken"])
    found = [*first["FeatureGroupSummaries"], *rest["FeatureGroupSummaries"]]
    assert [group["FeatureGroupName"][-1] for group in found] == ["a", "b", "c"]
    assert not groups.sagemaker.list_feature_groups(NameContains=name, FeatureGroupStatusEquals="Deleting")[
        "FeatureGroupSummaries"
    ]


def test_a_feature_has_metadata(groups, name):
    groups.make(name, OfflineStoreConfig=None)
    groups.sagemaker.update_feature_metadata(
        FeatureGroupName=name,
        FeatureName="minutes",
        Description="of listening",
        ParameterAdditions=[{"Key": "unit", "Value": "min"}],
    )
    described = groups.sagemaker.describe_feature_metadata(FeatureGroupName=name, FeatureName="minutes")
    assert (described["FeatureType"], described["Description"]) == ("Fractional", "of listening")
    assert described["Parameters"] == [{"Key": "unit", "Value": "min"}]


def test_a_deleted_group_is_gone_and_a_new_one_of_its_name_has_none_of_its_records(groups, name):
    groups.make(name, OfflineStoreConfig=None)
    groups.put(name)
    groups.sagemaker.delete_feature_group(FeatureGroupName=name)
    assert groups.is_gone(name)
    groups.make(name, OfflineStoreConfig=None)
    assert groups.get(name) is None


def test_every_change_of_status_is_an_event(groups, account, name):
    queue = account.sqs.create_queue(QueueName=name)["QueueUrl"]
    arn = account.sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"][
        "QueueArn"
    ]
    pattern = {
        "detail-type": ["SageMaker Feature Group State Change"],
        "detail": {"FeatureGroupName": [name]},
    }
    account.events.put_rule(Name=name, EventPattern=json.dumps(pattern))
    account.events.put_targets(Rule=name, Targets=[{"Id": "q", "Arn": arn}])
    groups.make(name)
    heard = []
    until = time.monotonic() + 30
    while len(heard) < 2 and time.monotonic() < until:
        answer = account.sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=1, MaxNumberOfMessages=10)
        heard += [json.loads(message["Body"]) for message in answer.get("Messages", [])]
    assert {event["detail"]["FeatureGroupStatus"] for event in heard} == {"Creating", "Created"}
    assert {event["source"] for event in heard} == {"aws.sagemaker"}


def test_the_client_itself_knows_the_types(groups):
    with pytest.raises(ParamValidationError):
        groups.sagemaker.create_feature_group(FeatureGroupName="x")
