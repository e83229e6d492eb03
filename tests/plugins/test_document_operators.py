"""Documents of a run are written; prefixes of a run, and of no other, are cleared."""

import json
from concurrent.futures import ThreadPoolExecutor

import boto3
import pytest
from airflow.sdk.exceptions import AirflowFailException

from millrace.context import run_of
from millrace.operators.documents import DeletePrefixesOperator, DocumentOperator


@pytest.fixture
def bucket(settings_now):
    return settings_now().bucket


@pytest.fixture
def put(s3, bucket):
    def make(uri):
        s3.put_object(Bucket=bucket, Key=uri.removeprefix(f"s3://{bucket}/"), Body=b"x")

    return make


def keys(uri):
    bucket, prefix = uri.removeprefix("s3://").split("/", 1)
    pages = boto3.client("s3").get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
    return [item["Key"].removeprefix(prefix) for page in pages for item in page.get("Contents", [])]


def delete(context, *prefixes):
    operator = DeletePrefixesOperator(task_id="clear", prefixes=lambda run: prefixes, aws_conn_id=None)
    return operator.execute(context)


def test_a_document_is_written_and_named_after_its_file(s3, bucket, context):
    operator = DocumentOperator(
        task_id="finish",
        document=lambda run, model: (run.uri("result.json"), {"run": run.run_id, "model": model}),
        arguments={"model": "s3://b/m"},
        aws_conn_id=None,
    )
    uri = run_of(context).uri("result.json")
    assert operator.execute(context) == {"outputs": {"result": uri}}
    body = s3.get_object(Bucket=bucket, Key=uri.removeprefix(f"s3://{bucket}/"))["Body"].read()
    assert json.loads(body) == {"run": run_of(context).run_id, "model": "s3://b/m"}


def test_a_prefix_goes_and_its_neighbours_stay(put, context):
    run = run_of(context)
    for name in ("work/a", "work/b/c", "work-2/a", "model/m"):
        put(run.uri(name))
    assert delete(context, run.uri("work") + "/") == {"deleted": 2}
    assert sorted(keys(run.uri() + "/")) == ["model/m", "work-2/a"]


def test_more_objects_than_one_page_of_a_list_has(put, context):
    run = run_of(context)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: put(run.uri("work", str(number))), range(1005)))
    assert delete(context, run.uri("work") + "/") == {"deleted": 1005}
    assert keys(run.uri() + "/") == []


def test_what_the_tasks_of_a_run_handed_to_one_another_goes_as_a_whole(put, context):
    run = run_of(context)
    put(run.work_uri("a"))
    put(run.work_uri("b/c"))
    put(run.work_uri() + "-2/a")
    assert delete(context, run.work_uri() + "/") == {"deleted": 2}
    assert keys(run.work_uri()) == ["-2/a"]


def test_nothing_to_delete_is_no_failure(context):
    assert delete(context, run_of(context).uri("work") + "/") == {"deleted": 0}
    assert delete(context) == {"deleted": 0}


@pytest.mark.parametrize("prefix", ["", "work", "-2/work/", None])
def test_what_is_not_a_folder_of_this_run_is_not_deleted(put, context, prefix):
    """The run's own prefix as a whole, half a name, another run's."""
    run = run_of(context)
    put(run.uri("work/a"))
    uri = "s3://elsewhere/work/" if prefix is None else f"{run.uri()}/{prefix}"
    if prefix == "-2/work/":
        uri = run.uri() + prefix
    with pytest.raises(AirflowFailException, match="nothing is deleted"):
        delete(context, run.uri("work") + "/", uri)
    assert keys(run.uri() + "/") == ["work/a"]
