"""What abalone refuses, and what its people are told: `dag.test()` against an AWS that executes."""

import json
import re
import subprocess
import sys

import boto3
import httpx
import pytest
from airflow.dag_processing.dagbag import DagBag

from include.settings import settings
from tests.aws import provisioned
from tests.stack import IMAGES, REPO, SAMPLE


@pytest.fixture(scope="module")
def aws(tmp_path_factory):
    IMAGES.mkdir(parents=True, exist_ok=True)
    with provisioned(tmp_path_factory.mktemp("aws"), IMAGES) as server:
        yield server


@pytest.fixture(scope="module")
def dag(aws):
    for command in (["db", "migrate"], ["dags", "reserialize"]):
        subprocess.run([sys.executable, "-m", "airflow", *command], check=True, capture_output=True, cwd=REPO)
    return DagBag(REPO / "dags", bundle_path=REPO / "dags", bundle_name="dags-folder").dags["abalone"]


@pytest.fixture
def put(aws):
    """Puts an input into the bucket; its URI."""

    def make(key: str, content: bytes) -> str:
        boto3.client("s3").put_object(Bucket=settings().bucket, Key=key, Body=content)
        return f"s3://{settings().bucket}/{key}"

    return make


@pytest.fixture
def alerts(aws):
    """What the failures topic tells those who subscribed to it."""
    sqs = boto3.client("sqs")
    queue = sqs.create_queue(QueueName="alerts")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    boto3.client("sns").subscribe(TopicArn=settings().failures_topic_arn, Protocol="sqs", Endpoint=arn)

    def read() -> list[str]:
        answer = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10, WaitTimeSeconds=5)
        return [json.loads(message["Body"])["Message"] for message in answer.get("Messages", [])]

    yield read
    sqs.delete_queue(QueueUrl=queue)


@pytest.fixture
def fail(dag, alerts):
    """Runs the DAG, which must not succeed; the one alert it sends."""

    def make(**conf) -> str:
        run = dag.test(run_conf=conf)
        assert run.state == "failed"
        (alert,) = alerts()
        return alert

    return make


def test_an_input_that_is_not_there(fail):
    alert = fail(input_uri=f"s3://{settings().bucket}/nothing/here.csv")
    assert "abalone.build_features failed" in alert
    assert "No S3 objects found" in alert
    assert "Log: http" in alert
    assert "after 1 tries" in alert, "a job that cannot succeed was launched again"


@pytest.mark.slow
def test_an_empty_file(fail, put):
    alert = fail(input_uri=put("input/empty.csv", b""))
    assert "abalone.build_features failed" in alert
    assert "empty" in alert or "no row" in alert


@pytest.mark.slow
def test_rejected_rows_are_counted_and_close_the_gate(fail, put):
    good = SAMPLE.read_text().splitlines()[:500]
    header = "sex,length,diameter,height,whole,shucked,viscera,shell,rings"
    bad = [header, "M,0.4,0.3,-0.1,0.5,0.2,0.1,0.15,15", "M,1,2"]
    uri = put("input/données d'été/abalone (1).csv", "\n".join(good + bad).encode())
    alert = fail(input_uri=uri, max_rejected_fraction=0)
    assert "abalone.check_features failed" in alert
    assert "1 expectation(s) not met" in alert
    assert "rejected" in alert
    docs = httpx.get(re.search(r"Data Docs: (http://\S+)", alert)[1])
    assert "html" in docs.headers["content-type"]
    assert "rejected" in docs.text
    assert rejected_lines() == set(bad)


def rejected_lines() -> set[str]:
    """The raw lines that the last run kept beside its features."""
    s3 = boto3.client("s3")
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=settings().bucket, Prefix="main/abalone/")
    found = [item["Key"] for page in pages for item in page.get("Contents", [])]
    keys = [key for key in found if "/features/rejected/part-" in key]
    text = [s3.get_object(Bucket=settings().bucket, Key=key)["Body"].read().decode() for key in keys]
    return {json.loads(line)["line"] for part in text for line in part.splitlines()}
