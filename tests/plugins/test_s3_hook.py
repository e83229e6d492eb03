"""Where a person's browser finds an object."""

import httpx

from include.settings import settings
from millrace.hooks.s3 import S3


def test_on_this_machine_an_object_is_a_page_of_the_local_aws(aws, s3):
    bucket, key = settings().bucket, "main/a run/ünï 100%.json"
    s3.put_object(Bucket=bucket, Key=key, Body=b"{}")

    page = S3(None, "us-east-1").page(f"s3://{bucket}/{key}")

    assert page.startswith(f"{aws.endpoint_url}/_millrace/s3/{bucket}/main/")
    assert httpx.get(page).content == b"{}"


def test_on_aws_an_object_is_a_page_of_the_console(monkeypatch):
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)

    page = S3(None, "us-east-1").page("s3://data/main/report.json")

    assert page == "https://us-east-1.console.aws.amazon.com/s3/object/data?prefix=main/report.json"
