"""Endpoints through boto3: a real server behind each."""

import json
import os

import pytest
from botocore.exceptions import ClientError

from tests.local.aws.sagemaker.account import IMAGE, until
from tests.local.aws.sagemaker.shapes import problems


def _model(account, name, files=None, **container):
    code = "".join(f"(base / 'model' / {n!r}).write_text({text!r})\n" for n, text in (files or {}).items())
    account.train(f"for-{name}", code)
    data = f"s3://{account.bucket}/models/for-{name}/output/model.tar.gz"
    container = {"Image": IMAGE, "ModelDataUrl": data, **container}
    account.sagemaker.create_model(ModelName=name, ExecutionRoleArn=account.role, PrimaryContainer=container)
    _config(account, name, [(name, name, 1.0)])


def _config(account, name, variants):
    account.sagemaker.create_endpoint_config(
        EndpointConfigName=name,
        ProductionVariants=[
            {
                "VariantName": variant,
                "ModelName": model,
                "InstanceType": "ml.m5.large",
                "InitialInstanceCount": 1,
                "InitialVariantWeight": weight,
            }
            for variant, model, weight in variants
        ],
    )


@pytest.fixture(scope="module")
def endpoint(account):
    _model(account, "first", {"who": "first"}, Environment={"COLOUR": "red"})
    _model(account, "second", {"who": "second"})
    _model(account, "broken", {"refuse": ""})
    account.sagemaker.create_endpoint(EndpointName="live", EndpointConfigName="first")
    assert account.served("live")["EndpointStatus"] == "InService"
    return "live"


def _describe(account, endpoint="live", **options):
    answer = account.runtime.invoke_endpoint(EndpointName=endpoint, Body=b"describe", **options)
    return json.loads(answer["Body"].read())


def test_the_description_is_complete(account, endpoint):
    found = account.sagemaker.describe_endpoint(EndpointName=endpoint)
    assert problems("DescribeEndpoint", found) == []
    assert found["ProductionVariants"][0]["VariantName"] == "first"
    assert found["EndpointArn"] == "arn:aws:sagemaker:us-east-1:123456789012:endpoint/live"
    for operation, call in (
        ("DescribeModel", lambda: account.sagemaker.describe_model(ModelName="first")),
        (
            "DescribeEndpointConfig",
            lambda: account.sagemaker.describe_endpoint_config(EndpointConfigName="first"),
        ),
        ("ListEndpoints", account.sagemaker.list_endpoints),
        ("ListEndpointConfigs", account.sagemaker.list_endpoint_configs),
        ("ListModels", account.sagemaker.list_models),
    ):
        assert problems(operation, call()) == []
    assert [
        e["EndpointName"] for e in account.sagemaker.list_endpoints(StatusEquals="InService")["Endpoints"]
    ] == ["live"]
    names = [
        m["ModelName"] for m in account.sagemaker.list_models(SortBy="Name", SortOrder="Ascending")["Models"]
    ]
    assert names[:3] == ["broken", "first", "second"]


@pytest.mark.parametrize(
    "kind", ["image/png", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"]
)
def test_bodies_of_any_type_pass_unchanged(account, endpoint, kind):
    body = bytes(range(256)) * 4000
    answer = account.runtime.invoke_endpoint(EndpointName=endpoint, Body=body, ContentType=kind)
    assert (answer["Body"].read(), answer["ContentType"]) == (body, kind)
    assert answer["InvokedProductionVariant"] == "first"


def test_headers_reach_the_model_and_come_back(account, endpoint):
    seen = _describe(account, Accept="text/csv", CustomAttributes="trace=1")
    assert (seen["accept"], seen["x-amzn-sagemaker-custom-attributes"]) == ("text/csv", "trace=1")
    assert (seen["model"], seen["variable"]) == ({"who": "first"}, "red")
    answer = account.runtime.invoke_endpoint(EndpointName=endpoint, Body=b"x", CustomAttributes="trace=1")
    assert answer["CustomAttributes"] == "TRACE=1"


@pytest.mark.parametrize(("status", "side"), [(400, "client"), (415, "client"), (500, "server")])
def test_errors_of_the_model_are_model_errors(account, endpoint, status, side):
    with pytest.raises(account.runtime.exceptions.ModelError) as caught:
        account.runtime.invoke_endpoint(EndpointName=endpoint, Body=str(status).encode())
    answer = caught.value.response
    assert (answer["OriginalStatusCode"], answer["OriginalMessage"]) == (status, "as you wish")
    assert f'Received {side} error ({status}) from primary with message "as you wish"' in str(caught.value)
    assert answer["LogStreamArn"].endswith("log-group:/aws/sagemaker/Endpoints/live")


def test_a_server_that_dies_is_started_again(account, endpoint):
    before = _describe(account)["pid"]
    with pytest.raises(account.runtime.exceptions.ClientError):
        account.runtime.invoke_endpoint(EndpointName=endpoint, Body=b"die")
    after = until(lambda: _pid_or_none(account), bool)
    assert after != before


def _pid_or_none(account):
    try:
        return _describe(account)["pid"]
    except account.runtime.exceptions.ClientError:
        return None


def test_its_lines_are_in_the_log(account, endpoint):
    look = lambda: account.lines("/aws/sagemaker/Endpoints/live", "first/")  # noqa: E731
    until(look, lambda lines: any("POST /invocations" in line for line in lines))


def test_an_update_never_interrupts_and_a_failed_one_rolls_back(account):
    account.sagemaker.create_endpoint(EndpointName="moves", EndpointConfigName="first")
    account.served("moves")
    old = _describe(account, "moves")["pid"]
    account.sagemaker.update_endpoint(EndpointName="moves", EndpointConfigName="second")
    seen = []
    while account.sagemaker.describe_endpoint(EndpointName="moves")["EndpointStatus"] == "Updating":
        seen.append(_describe(account, "moves")["model"]["who"])
    found = account.served("moves")
    assert (found["EndpointStatus"], found["EndpointConfigName"]) == ("InService", "second")
    assert set(seen) <= {"first", "second"}
    assert _describe(account, "moves")["model"] == {"who": "second"}
    until(lambda: _alive(old), lambda alive: not alive, 15)

    account.sagemaker.update_endpoint(EndpointName="moves", EndpointConfigName="broken")
    with pytest.raises(account.sagemaker.exceptions.ClientError, match="Cannot update in-progress endpoint"):
        account.sagemaker.update_endpoint(EndpointName="moves", EndpointConfigName="first")
    found = account.served("moves")
    assert (found["EndpointStatus"], found["EndpointConfigName"]) == ("InService", "second")
    assert "did not pass the ping health check" in found["FailureReason"]
    assert "this model refuses to load" in found["FailureReason"]
    assert _describe(account, "moves")["model"] == {"who": "second"}
    assert problems("DescribeEndpoint", found) == []


def test_an_endpoint_that_cannot_start_is_failed_with_the_reason(account, endpoint):
    account.sagemaker.create_endpoint(EndpointName="never", EndpointConfigName="broken")
    found = account.served("never")
    assert found["EndpointStatus"] == "Failed"
    assert "The primary container for production variant broken did not pass" in found["FailureReason"]
    account.sagemaker.update_endpoint(EndpointName="never", EndpointConfigName="first")
    found = account.served("never")
    assert found["EndpointStatus"] == "InService"
    assert "FailureReason" not in found


def test_model_data_that_is_no_archive_fails_the_endpoint(account, endpoint):
    data = account.put("junk.tar.gz", b"this is not a tar")
    account.sagemaker.create_model(
        ModelName="junk",
        ExecutionRoleArn=account.role,
        PrimaryContainer={"Image": IMAGE, "ModelDataUrl": data},
    )
    _config(account, "junk", [("junk", "junk", 1.0)])
    account.sagemaker.create_endpoint(EndpointName="junk", EndpointConfigName="junk")
    assert "Failed to download model data" in account.served("junk")["FailureReason"]


def test_variants_share_by_weight_and_can_be_named(account, endpoint):
    _config(account, "both", [("all", "first", 1.0), ("nothing", "second", 0.0)])
    account.sagemaker.create_endpoint(EndpointName="both", EndpointConfigName="both")
    account.served("both")
    assert {_describe(account, "both")["model"]["who"] for _ in range(10)} == {"first"}
    assert _describe(account, "both", TargetVariant="nothing")["model"]["who"] == "second"
    with pytest.raises(account.runtime.exceptions.ClientError, match="Variant ghost"):
        _describe(account, "both", TargetVariant="ghost")


def test_delete_ends_the_process(account, endpoint):
    account.sagemaker.create_endpoint(EndpointName="brief", EndpointConfigName="first")
    account.served("brief")
    pid = _describe(account, "brief")["pid"]
    account.sagemaker.delete_endpoint(EndpointName="brief")
    with pytest.raises(account.sagemaker.exceptions.ClientError, match="Could not find endpoint"):
        account.sagemaker.describe_endpoint(EndpointName="brief")
    with pytest.raises(account.runtime.exceptions.ClientError, match="not found"):
        account.runtime.invoke_endpoint(EndpointName="brief", Body=b"")
    until(lambda: _alive(pid), lambda alive: not alive, 15)


def test_delete_while_it_is_created_leaves_nothing(account, endpoint, server):
    account.sagemaker.create_endpoint(EndpointName="hasty", EndpointConfigName="first")
    account.sagemaker.delete_endpoint(EndpointName="hasty")
    folder = server.home / "jobs" / "endpoints" / "hasty"
    until(lambda: list(folder.iterdir()) if folder.is_dir() else [], lambda left: not left, 15)


def _alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_a_deleted_model_is_gone(account):
    _model(account, "short-lived")
    account.sagemaker.delete_model(ModelName="short-lived")
    for call in (account.sagemaker.delete_model, account.sagemaker.describe_model):
        with pytest.raises(ClientError, match="Could not find model"):
            call(ModelName="short-lived")
