"""Definitions of feature groups: their requests, and which changes AWS takes."""

from dataclasses import replace
from datetime import timedelta

import botocore.session
import pytest
from botocore.validate import validate_parameters

from include.features import ingestion
from include.sagemaker import FeatureGroup, FeatureGroupChangeError, Instances

MODEL = botocore.session.get_session().get_service_model("sagemaker")
FEATURES = {"user_id": "String", "event_time": "String", "minutes": "Fractional", "sessions": "Integral"}
GROUP = FeatureGroup("prod-main-amp-user", "user_id", "event_time", FEATURES, offline="s3://b/offline")


def described(group, run):
    """What DescribeFeatureGroup says of a group that was made by this definition."""
    return {"FeatureGroupName": group.group_name, **group.request(run)}


def test_the_request_is_one_of_aws_and_takes_security_from_settings(run):
    locked = replace(run, settings=run.settings.model_copy(update={"output_kms_key": "arn:aws:kms:key/1"}))
    request = GROUP.request(locked)
    shape = MODEL.operation_model("CreateFeatureGroup").input_shape
    tags = locked.tags("step")
    report = validate_parameters({"FeatureGroupName": GROUP.group_name, "Tags": tags, **request}, shape)
    assert report is None
    assert request["RoleArn"] == run.settings.role_arn
    assert request["OnlineStoreConfig"]["SecurityConfig"] == {"KmsKeyId": "arn:aws:kms:key/1"}
    assert request["OfflineStoreConfig"]["S3StorageConfig"] == {
        "S3Uri": "s3://b/offline",
        "KmsKeyId": "arn:aws:kms:key/1",
    }


@pytest.mark.parametrize(
    ("ttl", "unit", "value"),
    [
        (timedelta(weeks=2), "Weeks", 2),
        (timedelta(days=90), "Days", 90),
        (timedelta(hours=36), "Hours", 36),
        (timedelta(seconds=90), "Seconds", 90),
    ],
)
def test_a_time_to_live_has_the_largest_unit_that_fits(run, ttl, unit, value):
    request = replace(GROUP, ttl=ttl).request(run)
    assert request["OnlineStoreConfig"]["TtlDuration"] == {"Unit": unit, "Value": value}


def test_a_group_as_it_was_made_needs_no_change(run):
    for group in (GROUP, replace(GROUP, ttl=timedelta(days=1)), replace(GROUP, online=False)):
        assert group.changes(described(group, run)) == {}


def test_new_features_and_another_ttl_are_changes(run):
    grown = replace(GROUP, features={**FEATURES, "likes": "Integral"}, ttl=timedelta(days=1))
    changes = grown.changes(described(GROUP, run))
    assert changes == {
        "FeatureAdditions": [{"FeatureName": "likes", "FeatureType": "Integral"}],
        "OnlineStoreConfig": {"TtlDuration": {"Unit": "Days", "Value": 1}},
    }
    shape = MODEL.operation_model("UpdateFeatureGroup").input_shape
    validate_parameters({"FeatureGroupName": GROUP.group_name, **changes}, shape)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        (
            {"features": {k: v for k, v in FEATURES.items() if k != "minutes"}},
            "feature minutes (Fractional) is in the group and not in its definition",
        ),
        (
            {"features": {**FEATURES, "minutes": "Integral"}},
            "feature minutes is Fractional in the group and Integral in its definition",
        ),
        ({"record_identifier": "sessions"}, "its record identifier is user_id in the group and sessions in"),
        ({"event_time": "minutes"}, "its event time is event_time in the group and minutes in"),
        ({"offline": None}, "its offline store is s3://b/offline in the group and off in"),
        ({"online": False}, "its online store is on in the group and off in"),
    ],
)
def test_what_aws_cannot_change_is_refused_with_the_remedy(run, changes, words):
    with pytest.raises(FeatureGroupChangeError) as raised:
        replace(GROUP, **changes).changes(described(GROUP, run))
    message = str(raised.value)
    assert message.startswith("feature group prod-main-amp-user: ")
    assert words in message
    assert "version of the definition from 1 to 2: that makes the group prod-main-amp-user-v2" in message


def test_a_definition_that_is_none_is_refused_where_it_is_written():
    with pytest.raises(ValueError, match="has no feature nobody"):
        replace(GROUP, record_identifier="nobody")
    with pytest.raises(ValueError, match="of 65 characters"):
        replace(GROUP, name="g" * 65)


def test_ingestion_is_one_job_for_all_groups(run):
    groups = {"user": "prod-main-amp-user", "show": "prod-main-amp-show"}
    where = {"instances": Instances("ml.m5.xlarge"), "metrics": run.uri("ingestion")}
    job = ingestion(run, run.uri("features"), groups, previous="s3://b/before", **where)
    request = job.request(run)
    shape = MODEL.operation_model("CreateProcessingJob").input_shape
    validate_parameters({"ProcessingJobName": "j", **request}, shape)
    arguments = request["AppSpecification"]["ContainerArguments"]
    assert arguments.count("--group") == 2
    assert "show=prod-main-amp-show" in arguments
    inputs = {each["InputName"]: each["S3Input"]["S3Uri"] for each in request["ProcessingInputs"]}
    assert inputs["features"] == run.uri("features")
    assert inputs["previous"] == "s3://b/before"
    assert "ingest.py" in job.files["code"].files


def test_ingestion_needs_a_network_and_a_group(run):
    where = {"instances": Instances("ml.m5.xlarge"), "metrics": run.uri("ingestion")}
    isolated = replace(run, settings=run.settings.model_copy(update={"network_isolation": True}))
    with pytest.raises(ValueError, match="cannot reach Feature Store"):
        ingestion(isolated, "s3://b/f", {"user": "g"}, **where)
    with pytest.raises(ValueError, match="groups is empty"):
        ingestion(run, "s3://b/f", {}, **where)
