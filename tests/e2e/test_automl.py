"""Two files are uploaded, and that is all: predictions come back, under a real scheduler and triggerer."""

import csv
import io
import time

import pytest

from include.uploads import uploads_prefix
from tests.stack import REPO

pytestmark = pytest.mark.timeout(1500)
DAG = "automl"
SAMPLE = REPO / "include" / "samples" / DAG
DATA = f"{uploads_prefix('main', DAG)}data/"
RESULTS = {
    *("breast_cancer_test_predictions.csv", "breast_cancer_leaderboard.csv"),
    *("breast_cancer_model_performance.txt", "breast_cancer_feature_importance.csv"),
    *("report.html", "metrics.json", "facts.json"),
}
PATIENCE = 900
ENDED = {"success", "failed"}


class Desk:
    """What somebody without any code does: uploads files, and looks into the bucket."""

    def __init__(self, stack):
        self.stack, self.s3, self.sqs = stack, stack.client("s3"), stack.client("sqs")
        self.queue = self.sqs.get_queue_url(QueueName="millrace-local-uploads")["QueueUrl"]

    def upload(self, name, content):
        self.s3.put_object(Bucket=self.stack.bucket, Key=f"{DATA}{name}", Body=content)

    def keys(self, prefix):
        pages = self.s3.get_paginator("list_objects_v2").paginate(Bucket=self.stack.bucket, Prefix=prefix)
        return [each["Key"] for page in pages for each in page.get("Contents", [])]

    def read(self, key):
        return self.s3.get_object(Bucket=self.stack.bucket, Key=key)["Body"].read().decode()

    def is_watched(self):
        tags = self.sqs.list_queue_tags(QueueUrl=self.queue).get("Tags", {})
        return f"millrace:watched:{uploads_prefix('main', DAG)}" in tags

    def runs(self):
        """State of each run, the oldest first."""
        with self.stack.api() as api:
            query = {"limit": 100, "order_by": "run_after"}
            found = api.get(f"/dags/{DAG}/dagRuns", params=query).raise_for_status().json()["dag_runs"]
        return {run["dag_run_id"]: run["state"] for run in found}

    def ended(self, count):
        """Whether so many runs are there, and over."""
        runs = self.runs()
        return runs if len(runs) >= count and set(runs.values()) <= ENDED else None

    def failed(self):
        return [run_id for run_id, state in self.runs().items() if state == "failed"]

    def tasks(self, run_id):
        return self.stack.states(DAG, run_id)

    def until(self, condition, what):
        deadline = time.monotonic() + PATIENCE
        while not (found := condition()):
            assert time.monotonic() < deadline, (what, self.runs())
            time.sleep(1)
        return found


@pytest.fixture(scope="module")
def desk(stack):
    """Of an environment in which the pipeline is switched on."""
    stack.millrace("up")
    desk = Desk(stack)
    with stack.api() as api:
        api.patch(f"/dags/{DAG}", json={"is_paused": False}).raise_for_status()
    desk.until(desk.is_watched, "the watcher")
    return desk


@pytest.fixture(scope="module")
def waiting(desk):
    """The run that found one file only."""
    desk.upload("breast_cancer_test.csv", (SAMPLE / "breast_cancer_test.csv").read_bytes())
    [run_id] = desk.until(lambda: desk.ended(1), "the run on the first file")
    return run_id


@pytest.fixture(scope="module")
def learned(desk, waiting):
    """The run that found both."""
    desk.upload("breast_cancer_train.csv", (SAMPLE / "breast_cancer_train.csv").read_bytes())
    runs = desk.until(lambda: desk.ended(2), "the run on both files")
    assert set(runs.values()) == {"success"}
    return next(run_id for run_id in runs if run_id != waiting)


def test_one_file_starts_nothing(desk, waiting):
    assert desk.runs()[waiting] == "success"
    assert desk.tasks(waiting)["take_pairs"] == "skipped"


def test_the_second_file_starts_it_and_results_have_the_name_of_the_pair(desk, learned):
    assert desk.tasks(learned)["learn.report"] == "success"
    keys = [key for key in desk.keys(f"main/{DAG}/") if "/results/" in key]
    assert {key.rpartition("/")[2] for key in keys} == RESULTS
    [job] = {key.split("/results/")[1].split("/")[0] for key in keys}
    assert any(f"/model/{job}/output/model.tar.gz" in key for key in desk.keys(f"main/{DAG}/"))


def test_predictions_are_good_and_beside_what_is_true(desk, learned):
    [key] = [key for key in desk.keys(f"main/{DAG}/") if key.endswith("_test_predictions.csv")]
    rows = list(csv.DictReader(io.StringIO(desk.read(key))))
    assert len(rows) == 171
    assert sum(row["actual"] == row["predicted"] for row in rows) / len(rows) > 0.93


def test_the_same_version_is_not_learned_again(desk, learned):
    """The event of a file that has been taken comes once more."""
    before = desk.runs()
    with desk.stack.api() as api:
        found = api.get("/assets", params={"name_pattern": f"uploads/{DAG}"}).raise_for_status().json()
        [asset] = [each["id"] for each in found["assets"] if each["name"] == f"uploads/{DAG}"]
        events = api.get("/assets/events", params={"asset_id": asset}).raise_for_status().json()
        extra = {"payload": events["asset_events"][0]["extra"]["payload"]}
        api.post("/assets/events", json={"asset_id": asset, "extra": extra}).raise_for_status()
    runs = desk.until(lambda: desk.ended(len(before) + 1), "a further run")
    [again] = set(runs) - set(before)
    assert desk.tasks(again)["take_pairs"] == "skipped"


def test_one_class_is_refused_by_name(desk, learned):
    for name in ("dull_train.csv", "dull_test.csv"):
        desk.upload(name, b"a,target\n1,yes\n2,yes \n")
    # Both may be of one burst or of two.
    failed = desk.until(desk.failed, "the refusal")
    assert len(failed) == 1
    assert desk.tasks(failed[0])["learn.train"] == "upstream_failed"


@pytest.mark.slow
def test_files_of_this_machine_further_files_and_an_endpoint(desk, learned, tmp_path):
    files = {kind: tmp_path / f"{kind}.csv" for kind in ("train", "test")}
    for kind, file in files.items():
        file.write_bytes((SAMPLE / f"breast_cancer_{kind}.csv").read_bytes())
    more = f"main/input/{DAG}/more/a.csv"
    desk.s3.put_object(Bucket=desk.stack.bucket, Key=more, Body=files["test"].read_bytes())
    left = desk.stack.run(
        DAG,
        *(word for kind, file in files.items() for word in ("--param", f"{kind}={file}")),
        *("--param", "time_limit=20", "--param", "deploy=true", "--param", "tear_down=true"),
        *("--param", f"batch_uri=s3://{desk.stack.bucket}/main/input/{DAG}/more/"),
    )
    assert left["metrics"]["accuracy"] > 0.93
    assert {"fit_seconds", "models"} <= set(left["metrics"])
    [scored] = [key for key in desk.keys(f"main/{DAG}/") if key.endswith("/scored/a.csv.out")]
    assert set(desk.read(scored).split()) == {"benign", "malignant"}
    assert len(desk.read(scored).split()) == 171
    endpoints = desk.stack.client("sagemaker").list_endpoints()["Endpoints"]
    assert not [each for each in endpoints if each["EndpointName"].endswith("-automl")]
