"""Complete sets are copied, each version of one by one run."""

from types import SimpleNamespace

import pytest
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

from include.file_sets import FileSet
from include.uploads import Upload
from millrace.context import run_of
from millrace.operators.file_sets import FileSetOperator


@pytest.fixture
def bucket(settings_now):
    return settings_now().bucket


@pytest.fixture
def place(context, bucket):
    """Where the test's files are."""
    return f"s3://{bucket}/main/uploads/testing/{context['ti'].run_id}/"


@pytest.fixture
def put(s3, bucket, place):
    """Writes a file; its version."""

    def make(name, content):
        key = f"{place}{name}".removeprefix(f"s3://{bucket}/")
        return s3.put_object(Bucket=bucket, Key=key, Body=content)["VersionId"]

    return make


@pytest.fixture
def take(context, place, monkeypatch):
    """Runs the task, of another run if one is named."""
    files = {"train/a.csv": f"{place}x_train.csv", "test/b.csv": f"{place}x_test.csv"}
    wanted = FileSet("x y", files, {"source/c": f"{place}source"}, once=True)

    def run(run_id=None, *sets, uploaded=True, reasons=(), folder=None):
        monkeypatch.setattr(context["dag_run"], "run_id", run_id or context["ti"].run_id)
        told = Upload("b", "k", 1, "e", "v", "2026-01-01T00:00:00Z", "0").payload()
        event = SimpleNamespace(extra={"payload": {"objects": [told]}})
        context["triggering_asset_events"] = {"uploads": [event]} if uploaded else {}
        operator = FileSetOperator(
            task_id="take",
            folder=lambda run: folder,
            sets=lambda run, found: (sets or [wanted], reasons),
            aws_conn_id=None,
        )
        return operator.execute(context)

    return run


def read(s3, uri):
    bucket, key = uri.removeprefix("s3://").split("/", 1)
    return s3.get_object(Bucket=bucket, Key=key)["Body"].read()


@pytest.mark.parametrize("order", [("x_train.csv", "x_test.csv"), ("x_test.csv", "x_train.csv")])
def test_a_set_is_taken_when_its_last_file_is_there(s3, put, take, context, order):
    put(order[0], b"first")
    with pytest.raises(AirflowSkipException, match=f"'x y' needs s3://.*{order[1]}, of which {order[0]} has"):
        take()
    put(order[1], b"second")
    [taken] = take()
    assert (taken["name"], taken["paths"]) == ("x y", ["train/a.csv", "test/b.csv"])
    assert taken["folder"].startswith(run_of(context).uri("input", "x-y-"))
    assert {read(s3, f"{taken['folder']}/{path}") for path in taken["paths"]} == {b"first", b"second"}


def test_each_version_of_a_set_is_taken_by_one_run(put, take):
    put("x_train.csv", b"1")
    put("x_test.csv", b"1")
    [first] = take("one")
    with pytest.raises(AirflowSkipException, match="the run one has taken 'x y' in this version"):
        take("two")
    put("x_test.csv", b"1")
    [second] = take("two")
    assert first["folder"].rpartition("-")[2] != second["folder"].rpartition("-")[2]


def test_a_task_that_is_tried_again_takes_its_set_again(put, take):
    put("x_train.csv", b"1")
    put("x_test.csv", b"1")
    assert take() == take()


def test_who_names_a_set_gets_it_again_in_every_run(put, take, place):
    put("x_train.csv", b"1")
    named = FileSet("x", {"a": f"{place}x_train.csv"})
    assert [take(run_id, named, uploaded=False)[0]["name"] for run_id in ("one", "two")] == ["x", "x"]


def test_what_is_named_and_not_there_fails(take, place):
    with pytest.raises(AirflowFailException, match=r"'x' needs s3://.*/nothing\.csv"):
        take(None, FileSet("x", {"a": f"{place}nothing.csv"}), uploaded=False)


def test_an_optional_file_goes_along(put, take):
    for name in ("x_train.csv", "x_test.csv", "source"):
        put(name, b"1")
    assert take()[0]["paths"] == ["train/a.csv", "test/b.csv", "source/c"]


def test_one_set_that_lacks_a_file_takes_nothing_from_another(put, take, place):
    put("x_train.csv", b"1")
    put("y", b"1")
    sets = [
        FileSet("x", {"a": f"{place}x_train.csv", "b": f"{place}x_test.csv"}),
        FileSet("y", {"a": f"{place}y"}),
    ]
    assert [each["name"] for each in take(None, *sets, reasons=["z is of no set"])] == ["y"]
