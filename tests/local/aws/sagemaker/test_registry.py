"""The model registry through boto3."""

import pytest

from tests.local.aws.sagemaker.account import IMAGE
from tests.local.aws.sagemaker.shapes import problems


def _specification(account):
    container = {"Image": IMAGE, "ModelDataUrl": account.put("registry/model.tar.gz", b"x")}
    return {
        "Containers": [container],
        "SupportedContentTypes": ["text/csv"],
        "SupportedResponseMIMETypes": ["text/csv"],
    }


@pytest.fixture
def group(account, request):
    name = request.node.name.replace("_", "-")[:60].strip("-")
    account.sagemaker.create_model_package_group(ModelPackageGroupName=name, ModelPackageGroupDescription="d")
    return name


def _register(account, group, **options):
    return account.sagemaker.create_model_package(
        ModelPackageGroupName=group, InferenceSpecification=_specification(account), **options
    )["ModelPackageArn"]


def test_a_package_keeps_what_it_was_given(account, group):
    metrics = {
        "ModelQuality": {"Statistics": {"ContentType": "application/json", "S3Uri": "s3://b-b/m.json"}}
    }
    arn = _register(
        account,
        group,
        ModelMetrics=metrics,
        ModelPackageDescription="first",
        CustomerMetadataProperties={"rmse": "2.1", "run": "a"},
    )
    assert arn == f"arn:aws:sagemaker:us-east-1:123456789012:model-package/{group}/1"
    found = account.sagemaker.describe_model_package(ModelPackageName=arn)
    assert problems("DescribeModelPackage", found) == []
    assert found["ModelApprovalStatus"] == "PendingManualApproval"
    assert (found["ModelMetrics"], found["ModelPackageDescription"]) == (metrics, "first")
    assert found["CustomerMetadataProperties"] == {"rmse": "2.1", "run": "a"}
    assert found["InferenceSpecification"]["Containers"][0]["Image"] == IMAGE
    groups = account.sagemaker.list_model_package_groups(NameContains=group)
    assert problems("ListModelPackageGroups", groups) == []
    described = account.sagemaker.describe_model_package_group(ModelPackageGroupName=group)
    assert described["ModelPackageGroupDescription"] == "d"


def test_an_update_changes_what_it_names_and_nothing_else(account, group):
    arn = _register(account, group, CustomerMetadataProperties={"rmse": "2.1"})
    update = account.sagemaker.update_model_package
    update(ModelPackageArn=arn, ModelApprovalStatus="Approved", ApprovalDescription="beats the champion")
    update(ModelPackageArn=arn, CustomerMetadataProperties={"deployed": "yes"})
    found = account.sagemaker.describe_model_package(ModelPackageName=arn)
    assert (found["ModelApprovalStatus"], found["ApprovalDescription"]) == ("Approved", "beats the champion")
    assert found["CustomerMetadataProperties"] == {"rmse": "2.1", "deployed": "yes"}
    update(ModelPackageArn=arn, CustomerMetadataPropertiesToRemove=["rmse"])
    found = account.sagemaker.describe_model_package(ModelPackageName=arn)
    assert found["CustomerMetadataProperties"] == {"deployed": "yes"}
    assert found["LastModifiedTime"] >= found["CreationTime"]


def test_lists_filter_and_sort(account, group):
    arns = [_register(account, group) for _ in range(3)]
    account.sagemaker.update_model_package(ModelPackageArn=arns[0], ModelApprovalStatus="Approved")
    account.sagemaker.update_model_package(ModelPackageArn=arns[2], ModelApprovalStatus="Approved")

    def listed(**options):
        answer = account.sagemaker.list_model_packages(ModelPackageGroupName=group, **options)
        assert problems("ListModelPackages", answer) == []
        return [package["ModelPackageVersion"] for package in answer["ModelPackageSummaryList"]]

    assert listed() == [1, 2, 3]
    assert listed(SortBy="CreationTime", SortOrder="Descending") == [3, 2, 1]
    assert listed(ModelApprovalStatus="Approved", SortOrder="Descending", MaxResults=1) == [3]
    assert listed(ModelApprovalStatus="Rejected") == []


def test_a_version_number_is_not_given_twice(account, group):
    for version in (1, 2):
        arn = _register(account, group)
        assert arn.endswith(f"/{version}")
    account.sagemaker.delete_model_package(ModelPackageName=arn)
    assert _register(account, group).endswith("/3")
    with pytest.raises(account.sagemaker.exceptions.ClientError, match="does not exist"):
        account.sagemaker.describe_model_package(ModelPackageName=arn)


def test_groups_are_unique_and_only_empty_ones_can_go(account, group):
    with pytest.raises(account.sagemaker.exceptions.ClientError, match="already exists"):
        account.sagemaker.create_model_package_group(ModelPackageGroupName=group)
    arn = _register(account, group)
    with pytest.raises(account.sagemaker.exceptions.ClientError, match="has model packages"):
        account.sagemaker.delete_model_package_group(ModelPackageGroupName=group)
    account.sagemaker.delete_model_package(ModelPackageName=arn)
    account.sagemaker.delete_model_package_group(ModelPackageGroupName=group)
    with pytest.raises(account.sagemaker.exceptions.ClientError, match="does not exist"):
        account.sagemaker.describe_model_package_group(ModelPackageGroupName=group)


def test_what_is_wrong_is_refused(account, group):
    arn = _register(account, group)
    with pytest.raises(account.sagemaker.exceptions.ClientError, match="enum value set"):
        account.sagemaker.update_model_package(ModelPackageArn=arn, ModelApprovalStatus="Maybe")
    with pytest.raises(account.sagemaker.exceptions.ClientError, match="does not exist"):
        _register(account, "no-such-group")
    assert account.sagemaker.describe_model_package(ModelPackageName=arn)["ModelPackageVersion"] == 1


def test_a_package_can_be_served(account, group):
    account.train("packed", "(base / 'model/who').write_text('packed')")
    container = {"Image": IMAGE, "ModelDataUrl": f"s3://{account.bucket}/models/packed/output/model.tar.gz"}
    specification = _specification(account) | {"Containers": [container]}
    arn = account.sagemaker.create_model_package(
        ModelPackageGroupName=group, InferenceSpecification=specification
    )["ModelPackageArn"]
    account.sagemaker.create_model(
        ModelName="packed", ExecutionRoleArn=account.role, PrimaryContainer={"ModelPackageName": arn}
    )
    variant = {
        "VariantName": "v",
        "ModelName": "packed",
        "InstanceType": "ml.m5.large",
        "InitialInstanceCount": 1,
    }
    account.sagemaker.create_endpoint_config(EndpointConfigName="packed", ProductionVariants=[variant])
    account.sagemaker.create_endpoint(EndpointName="packed", EndpointConfigName="packed")
    assert account.served("packed")["EndpointStatus"] == "InService"
    answer = account.runtime.invoke_endpoint(EndpointName="packed", Body=b"describe")["Body"].read()
    assert b'"who": "packed"' in answer
