"""Where a person's browser finds an object."""

from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

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


def test_what_is_there_is_not_created_again(aws, s3):
    hook, uri = S3(None), f"s3://{settings().bucket}/main/created"
    assert [hook.create(uri, content) for content in (b"first", b"second")] == [True, False]
    assert hook.read_text(uri) == "first"
    hook.delete(uri)
    assert hook.create(uri, b"third")


def test_of_many_at_once_one_creates(aws):
    hook, uri = S3(None), f"s3://{settings().bucket}/main/raced-for"
    assert hook.client
    with ThreadPoolExecutor(8) as pool:
        created = list(pool.map(lambda number: hook.create(uri, str(number).encode()), range(16)))
    assert created.count(True) == 1
    assert hook.read_text(uri) == str(created.index(True))


def test_a_deletion_at_the_same_moment_is_asked_about_again(aws):
    hook, answers = S3(None), [(409, "ConditionalRequestConflict")]

    def answer(**_):
        if not answers:
            return None
        status, code = answers.pop()
        error = {"Error": {"Code": code, "Message": "m"}, "ResponseMetadata": {"HTTPStatusCode": status}}
        return SimpleNamespace(status_code=status), error

    hook.client.meta.events.register("before-call.s3.PutObject", answer)
    assert hook.create(f"s3://{settings().bucket}/main/conflict", b"x")
    assert answers == []
