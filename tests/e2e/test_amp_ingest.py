"""Changes of made-up shows, from the topic to the raw bucket, in a run of the DAG."""

import pytest

pytestmark = pytest.mark.timeout(1200)
DAG = "amp_ingest"
EVENTS = 100
RAW = "millrace-local-raw-123456789012-us-east-1"


@pytest.fixture(scope="module")
def finished(stack):
    stack.millrace("up")
    yield stack.run(DAG, "--param", f"events={EVENTS}", "--param", "buffer_seconds=0")
    # Tests after these, on the same stack, make a world: that is not put beside other events.
    s3 = stack.client("s3")
    for each in s3.list_objects_v2(Bucket=RAW, Prefix="main/amp/events/")["Contents"]:
        s3.delete_object(Bucket=RAW, Key=each["Key"])


def test_every_task_that_had_something_to_do_succeeded(stack, finished):
    states = stack.states(DAG, finished["run_id"])
    assert states.pop("replay") == "skipped"
    assert set(states.values()) == {"success"}


def test_every_change_is_in_the_raw_bucket(stack, finished):
    with stack.api() as api:
        page = f"/dags/{DAG}/dagRuns/{finished['run_id']}/taskInstances/sample_arrived/xcomEntries/events"
        assert api.get(page).raise_for_status().json()["value"] == EVENTS


def test_no_secret_is_in_an_xcom_or_in_a_log(stack, finished):
    [function] = [
        each
        for each in stack.client("lambda").list_functions()["Functions"]
        if each["FunctionName"].endswith("-pit-features")
    ]
    secret = function["Environment"]["Variables"]["MILLRACE_REDIS_SECRET_ARN"]
    url = stack.client("secretsmanager").get_secret_value(SecretId=secret)["SecretString"]
    password = url.split(":")[2].partition("@")[0]
    logs = list((stack.home / "airflow" / "logs").rglob("*.log"))
    assert logs
    assert [file for file in logs if password in file.read_text(errors="replace")] == []
    with stack.api() as api:
        page = f"/dags/{DAG}/dagRuns/{finished['run_id']}/taskInstances/~/xcomEntries"
        assert password not in api.get(page).raise_for_status().text
