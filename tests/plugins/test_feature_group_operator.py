"""Feature groups are made, extended and left alone; a change that AWS cannot make is refused."""

import time
from datetime import timedelta

import httpx
import pytest
from airflow.sdk.exceptions import AirflowFailException, TaskDeferred

from include.naming import feature_group_name
from include.sagemaker import FeatureGroup
from millrace.jobs import FEATURE_GROUP
from millrace.operators.feature_groups import FeatureGroupOperator
from millrace.pages import job_page

FEATURES = {"user_id": "String", "event_time": "String", "minutes": "Fractional"}


@pytest.fixture
def ensure(aws, context, sagemaker, request):
    """Runs a task for a definition to its end, as a run of its own; the task's result."""
    name = feature_group_name("local", "main", request.node.name[-30:])

    def run(**changes):
        def build(run, group):
            assert group == "user"
            of_run = {"offline": run.live_uri("offline"), "features": FEATURES, **changes}
            return FeatureGroup(name, "user_id", "event_time", **of_run)

        task = FeatureGroupOperator(
            task_id="step", build=build, arguments={"group": "user"}, aws_conn_id=None
        )
        of_run = {**context, "task_state_store": type(context["task_state_store"])()}
        with pytest.raises(TaskDeferred):
            task.execute(of_run)
        settle(sagemaker, task.definition(of_run).group_name)
        return task.resume(of_run)

    return run


def settle(sagemaker, name):
    while sagemaker.describe_feature_group(FeatureGroupName=name)["FeatureGroupStatus"] == "Creating":
        time.sleep(0.05)


def described(sagemaker, result):
    return sagemaker.describe_feature_group(FeatureGroupName=result["feature_group"])


def test_a_group_that_is_missing_is_made_with_tags_and_has_a_page(ensure, sagemaker):
    result = ensure(ttl=timedelta(days=90))
    group = described(sagemaker, result)
    assert group["FeatureGroupStatus"] == "Created"
    assert group["OnlineStoreConfig"]["TtlDuration"] == {"Unit": "Days", "Value": 90}
    assert result["offline_uri"] == group["OfflineStoreConfig"]["S3StorageConfig"]["ResolvedOutputS3Uri"]
    assert result["table"] == group["OfflineStoreConfig"]["DataCatalogConfig"]["TableName"]
    page = httpx.get(job_page(sagemaker.meta, FEATURE_GROUP, result["feature_group"]))
    assert (page.status_code, result["arn"] in page.text) == (200, True)
    tags = {tag["Key"] for tag in sagemaker.list_tags(ResourceArn=result["arn"])["Tags"]}
    assert {"millrace:dag", "millrace:task", "millrace:environment"} <= tags


def test_a_group_that_is_as_it_should_be_is_left_alone(ensure, sagemaker):
    before = described(sagemaker, ensure())
    assert described(sagemaker, ensure())["LastModifiedTime"] == before["LastModifiedTime"]


def test_a_new_feature_is_added(ensure, sagemaker):
    ensure()
    group = described(sagemaker, ensure(features={**FEATURES, "likes": "Integral"}))
    assert group["FeatureDefinitions"][-1] == {"FeatureName": "likes", "FeatureType": "Integral"}
    assert group["LastUpdateStatus"]["Status"] == "Successful"


def test_a_change_that_aws_cannot_make_fails_at_once_and_again_when_it_is_tried_again(
    ensure, sagemaker, context, request
):
    ensure()
    for _ in range(2):
        with pytest.raises(AirflowFailException) as raised:
            ensure(features={**FEATURES, "minutes": "Integral"})
        message = str(raised.value)
        assert "feature minutes is Fractional in the group and Integral in its definition" in message
        assert "raise version of the definition from 1 to 2" in message


def test_the_next_version_is_a_group_of_its_own(ensure):
    first = ensure()["feature_group"]
    assert ensure(features={**FEATURES, "minutes": "Integral"}, version=2)["feature_group"] == f"{first}-v2"


def test_a_group_that_could_not_be_made_is_made_anew(ensure, sagemaker, settings_now):
    with pytest.raises(Exception, match="not-there"):
        ensure(offline="s3://not-there/offline")
    assert described(sagemaker, ensure())["FeatureGroupStatus"] == "Created"
