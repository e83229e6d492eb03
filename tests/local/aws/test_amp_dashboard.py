"""The dashboard of amp_ingest, made by CloudFormation from the template itself, and its page."""

import io
import json
import zipfile

import httpx
import pytest

from include.pipelines.amp_ingest import FUNCTIONS, TEMPLATE
from local.aws.pages.frame import METRICS
from tests.local.aws.test_metric_pages import rows

NAME = "millrace-local-main-us-east-1"
PARAMETERS = {
    "KmsKeyArn": "arn:aws:kms:us-east-1:123456789012:key/1",
    "RawBucket": "raw",
    "CodeBucket": "code",
    "CatalogUrl": "http://127.0.0.1:9/catalog",
    "Subnets": "",
    "SecurityGroups": "",
    "AlarmTopicArn": "arn:aws:sns:us-east-1:123456789012:pager",
    **dict.fromkeys(FUNCTIONS, "code.zip"),
}
SERVICES = ["lambda.amazonaws.com", "firehose.amazonaws.com"]
TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": SERVICES}, "Action": "sts:AssumeRole"}],
}
SECRET = "arn:aws:secretsmanager:us-east-1:123456789012:secret:redis-AbCdEf"


@pytest.fixture
def furnished(client):
    """What the other stacks of an account bring, and code that nobody calls."""
    for bucket in ("raw", "code"):
        client("s3").create_bucket(Bucket=bucket)
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("handler.py", "def handler(event, context):\n    return None\n")
    client("s3").put_object(Bucket="code", Key="code.zip", Body=archive.getvalue())
    for name in ("show-changes", "flatten-events", "pit-features", "delivery"):
        role = f"millrace-local-{name}-us-east-1"
        client("iam").create_role(RoleName=role, AssumeRolePolicyDocument=json.dumps(TRUST))


def provision(client, operation, secret=""):
    parameters = PARAMETERS | {"RedisSecretArn": secret}
    getattr(client("cloudformation"), operation)(
        StackName="s",
        TemplateBody=TEMPLATE.read_text(),
        Parameters=[
            {"ParameterKey": name, "ParameterValue": value} for name, value in sorted(parameters.items())
        ],
    )
    return json.loads(client("cloudwatch").get_dashboard(DashboardName=NAME)["DashboardBody"])


@pytest.mark.usefixtures("furnished")
def test_the_page_shows_what_waits_and_listeners_events_once_they_come_in(aws, client):
    alone = provision(client, "create_stack")
    page = httpx.get(f"{aws.endpoint_url}{METRICS}").text
    found = rows(page)
    assert found["changes of shows Maximum"] == ["", "0", "0"]
    assert found["shows Maximum"] == ["", "0", "0"]
    assert found["show_changes p99"] == found["model, p99"] == ["nothing", "", ""]
    assert page.count('class="status good"') == 2 * 11
    assert "listeners&#39; events" not in page

    both = provision(client, "update_stack", SECRET)
    assert len(both["widgets"]) == len(alone["widgets"])
    page = httpx.get(f"{aws.endpoint_url}{METRICS}").text
    assert rows(page)["listeners' events Maximum"] == ["", "0", "0"]
    assert page.count('class="status good"') == 2 * 16
