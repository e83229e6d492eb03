"""The training workflow under a real scheduler: both ways of its choice, and the path of a failure."""

import json
import time

import pytest

from tests.stack import REPO

SAMPLE = REPO / "include" / "samples" / "training_workflow" / "census.csv"
REAL = REPO.parent / "shared" / "data" / "adult" / "adult.data"
DAG = "training_workflow"
SUCCESS = dict.fromkeys(
    [
        *("open_work", "preprocess", "select_features", "detect_anomalies", "choose", "drop_anomalies"),
        *("train", "plan_evaluations", "finish", "close_work"),
    ],
    "success",
)
NOT_CAUGHT = {"catch": "skipped", "clean_up": "skipped"}


@pytest.fixture(scope="module")
def cleaned(stack):
    """A run of the sample: more anomalies than the bound."""
    return stack.run(DAG)


@pytest.fixture(scope="module")
def straight_on(stack, cleaned):
    """A run over REST, of the same rows with another bound: its id."""
    conf = {"max_anomaly_share": 0.5, "evaluate_by": [], "keep_work": True}
    return over_rest(stack, conf, "success")


def over_rest(stack, conf, state):
    run = stack.over_rest(DAG, conf)
    assert run["state"] == state
    return run["dag_run_id"]


@pytest.fixture
def alerts(stack):
    """What the failures topic tells those who subscribed to it: subject -> message."""
    sqs, sns = stack.client("sqs"), stack.client("sns")
    (topic,) = [t["TopicArn"] for t in sns.list_topics()["Topics"] if "failures" in t["TopicArn"]]
    queue = sqs.create_queue(QueueName="alerts-of-the-training-workflow")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    subscription = sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)["SubscriptionArn"]

    def read(count):
        found, deadline = {}, time.monotonic() + 60
        while len(found) < count and time.monotonic() < deadline:
            answer = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10, WaitTimeSeconds=2)
            bodies = [json.loads(message["Body"]) for message in answer.get("Messages", [])]
            found |= {body["Subject"]: body["Message"] for body in bodies}
        return found

    yield read
    sns.unsubscribe(SubscriptionArn=subscription)
    sqs.delete_queue(QueueUrl=queue)


def states(stack, run_id):
    """Task, or task and what it was mapped over, -> state."""
    with stack.api() as api:
        answer = api.get(f"/dags/{DAG}/dagRuns/{run_id}/taskInstances").raise_for_status()
    tasks = answer.json()["task_instances"]
    return {
        t["task_id"] + (f" {t['rendered_map_index']}" if t["map_index"] >= 0 else ""): t["state"]
        for t in tasks
    }


def folders(stack, run):
    """The first part of every key that a run has left below its prefix."""
    prefix = next(uri for uri in run["outputs"].values() if "/preprocessing" in uri or "/encoder" in uri)
    bucket, key = prefix.rsplit("/", 1)[0].removeprefix("s3://").split("/", 1)
    pages = stack.client("s3").get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=key + "/")
    return {item["Key"][len(key) + 1 :].split("/")[0] for page in pages for item in page.get("Contents", [])}


def xcom(stack, run_id, task, key="return_value"):
    with stack.api() as api:
        path = f"/dags/{DAG}/dagRuns/{run_id}/taskInstances/{task}/xcomEntries/{key}"
        value = api.get(path).raise_for_status().json()["value"]
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError:
        return value


def test_too_many_anomalies_are_dropped_before_training(stack, cleaned):
    assert cleaned["state"] == "success"
    assert states(stack, cleaned["run_id"]) == {
        **SUCCESS,
        **NOT_CAUGHT,
        **{f"evaluate {by}": "success" for by in ("everyone", "sex", "education")},
    }
    metrics = cleaned["metrics"]
    assert metrics["rows_in"] == len(SAMPLE.read_text().splitlines()) - 1
    assert metrics["rows_rejected"] == 20
    assert metrics["anomaly_share"] > 0.01
    assert metrics["rows_dropped"] == metrics["anomalies_found"] > 0
    assert metrics["rows_kept"] + metrics["rows_dropped"] == metrics["rows_train"]
    assert metrics["roc_auc"] > 0.75


def test_every_job_was_launched_once(stack, cleaned):
    processing = stack.jobs(cleaned["run_id"])
    assert len(processing) == 7
    assert set(processing.values()) == {"Completed"}
    assert list(stack.jobs(cleaned["run_id"], "Training").values()) == ["Completed"]


def test_results_stay_and_intermediate_data_goes(stack, cleaned):
    assert folders(stack, cleaned) == {
        *("anomalies", "cleaning", "encoder", "evaluation", "jobs", "model", "preprocessing", "rejected"),
        *("result.json", "selection"),
    }
    result = json.loads(stack.read(cleaned["outputs"]["result"]))
    assert result["anomalies_dropped"] is True
    assert result["model"] == cleaned["outputs"]["model"]
    assert result["metrics"]["roc_auc"] == cleaned["metrics"]["roc_auc"]
    assert {"sex_worst_roc_auc", "education_worst_roc_auc"} <= set(result["metrics"])
    for name, picture in {
        "selection": "information",
        "anomalies": "scores",
        "evaluation_everyone": "curves",
        "evaluation_sex": "groups",
    }.items():
        assert stack.read(f"{cleaned['outputs'][name]}/{picture}.png").startswith(b"\x89PNG")


@pytest.mark.slow
def test_few_anomalies_are_trained_on(stack, cleaned, straight_on):
    assert states(stack, straight_on) == {
        **SUCCESS,
        **NOT_CAUGHT,
        "drop_anomalies": "skipped",
        "evaluate everyone": "success",
    }
    assert xcom(stack, straight_on, "choose") == "train"
    models = [
        stack.client("s3").list_objects_v2(Bucket=bucket, Prefix=key)["Contents"][0]["ETag"]
        for bucket, key in (
            uri.removeprefix("s3://").split("/", 1)
            for uri in (cleaned["outputs"]["model"], xcom(stack, straight_on, "train")["artifact"])
        )
    ]
    assert models[0] != models[1]


@pytest.mark.slow
def test_work_is_kept_when_asked_for(stack, straight_on):
    bucket, key = xcom(stack, straight_on, "open_work")["outputs"]["run"].removeprefix("s3://").split("/", 1)
    assert key.startswith(f"_work/main/{DAG}/")
    kept = stack.client("s3").list_objects_v2(Bucket=bucket, Prefix=key.removesuffix("run.json"))["Contents"]
    assert len(kept) > 1
    assert xcom(stack, straight_on, "close_work") == {"deleted": 0}


def test_a_failed_step_is_told_and_cleaned_up_and_the_run_has_failed(stack, alerts):
    """The sample has no column race: one of three evaluations fails, with the model made already."""
    done = stack.millrace("run", DAG, "--param", 'evaluate_by=["race", "sex"]')
    assert done.returncode == 1
    run = stack.last_run()
    assert run["state"] == "failed"
    assert states(stack, run["run_id"]) == {
        **SUCCESS,
        **{f"evaluate {by}": "success" for by in ("everyone", "sex")},
        "evaluate race": "failed",
        "finish": "upstream_failed",
        "catch": "success",
        "clean_up": "success",
    }
    assert folders(stack, run) == {
        *("anomalies", "cleaning", "encoder", "jobs", "preprocessing", "rejected", "selection"),
    }
    heard = alerts(2)
    assert set(heard) == {
        "Millrace: training_workflow.evaluate failed",
        "Millrace: run of training_workflow failed",
    }
    assert "no column 'race' to evaluate by" in heard["Millrace: training_workflow.evaluate failed"]
    caught = heard["Millrace: run of training_workflow failed"]
    assert "Failed: evaluate" in caught
    assert "Its model and evaluations are deleted." in caught
    assert f"Run: {stack.airflow_url}/dags/{DAG}/runs/" in caught


@pytest.mark.slow
def test_a_failure_at_the_start_is_caught_too(stack, alerts):
    done = stack.millrace("run", DAG, "--param", "max_rejected_fraction=0")
    assert done.returncode == 1
    assert "20 of 3000 rows are rejected" in done.stderr + done.stdout
    found = states(stack, stack.last_run()["run_id"])
    assert found["preprocess"] == "failed"
    assert found["train"] == found["evaluate"] == found["finish"] == "upstream_failed"
    assert found["catch"] == found["clean_up"] == found["close_work"] == "success"
    assert "Failed: preprocess" in alerts(2)["Millrace: run of training_workflow failed"]


def test_rest_refuses_a_column_that_is_no_group(stack):
    with stack.api() as api:
        body = {"logical_date": None, "conf": {"evaluate_by": ["shoe_size"]}}
        answer = api.post(f"/dags/{DAG}/dagRuns", json=body)
    assert answer.status_code == 400
    assert "shoe_size" in answer.text


@pytest.mark.slow
def test_an_upload_starts_a_run_on_it(stack, cleaned):
    """After another run, so that the DAG is not paused."""
    key = f"main/uploads/{DAG}/people.csv"
    bucket = stack.bucket
    stack.client("s3").upload_file(str(SAMPLE), bucket, key)
    deadline = time.monotonic() + 240
    with stack.api() as api:
        while not (found := uploaded_runs(api)) or found[0]["state"] in ("queued", "running"):
            assert time.monotonic() < deadline, found
            time.sleep(1)
    [run] = found
    assert run["state"] == "success"
    description = json.loads(stack.read(xcom(stack, run["dag_run_id"], "preprocess")["description"]))
    inputs = [each["S3Input"]["S3Uri"] for each in description["ProcessingInputs"]]
    assert f"s3://{bucket}/{key}" in inputs


def uploaded_runs(api):
    answer = api.get(f"/dags/{DAG}/dagRuns", params={"run_type": "asset_triggered"})
    return answer.raise_for_status().json()["dag_runs"]


@pytest.mark.slow
def test_the_real_data_gives_a_good_model(stack):
    if not REAL.is_file():
        pytest.skip(f"the UCI Adult data is not at {REAL}")
    run = stack.run(DAG, "--input", str(REAL), "--param", 'evaluate_by=["race"]')
    assert run["metrics"]["rows_in"] == 32_562
    assert run["metrics"]["roc_auc"] > 0.84
    assert run["metrics"]["race_groups"] == 5
    assert states(stack, run["run_id"])["drop_anomalies"] == "skipped"
