"""The abalone pipeline under a real scheduler, from the command line, REST and its own default input."""

import json

import pytest

from tests.stack import REAL, SAMPLE

TASKS = (
    "build_features",
    "check_features",
    "find_champion",
    "train",
    "evaluate",
    "bias_report.measure",
    "bias_report.check",
    "beats_champion",
    "deploy",
    "smoke_test",
    "score",
    "tear_down",
)


@pytest.fixture(scope="module")
def real_data():
    if not REAL.is_file():
        pytest.skip(f"the UCI data is not at {REAL}")
    return REAL


@pytest.fixture(scope="module")
def first(stack, real_data):
    return stack.run("abalone", "--input", str(real_data))


@pytest.fixture(scope="module")
def second(stack, first, real_data):
    return stack.run("abalone", "--input", str(real_data))


def test_the_real_data_gives_a_good_model_that_serves(stack, first):
    assert first["state"] == "success"
    assert first["metrics"]["rows_in"] == 4177
    assert first["metrics"]["rows_rejected"] == 0
    assert first["metrics"]["rmse"] < 2.3
    assert 0 < first["prediction"]["predicted"] < 30
    states = stack.states("abalone", first["run_id"])
    assert states == {**dict.fromkeys(TASKS, "success"), "score": "skipped", "tear_down": "skipped"}


def test_everything_it_names_is_there(stack, first):
    for uri in first["outputs"].values():
        bucket, prefix = uri.removeprefix("s3://").split("/", 1)
        found = stack.client("s3").list_objects_v2(Bucket=bucket, Prefix=prefix)
        assert found["KeyCount"] or uri.endswith("/rejected"), uri
    assert b"<html" in stack.read(first["outputs"]["data_docs"])[:2000].lower()
    assert stack.read(first["outputs"]["evaluation"] + "/residuals.png").startswith(b"\x89PNG")


@pytest.mark.slow
def test_the_same_data_and_seed_give_the_same_model_which_is_not_deployed(stack, first, second):
    hashes = [json.loads(stack.read(run["outputs"]["evaluation"] + "/model.json")) for run in (first, second)]
    assert hashes[0]["model_sha256"] == hashes[1]["model_sha256"]
    assert second["metrics"]["rmse"] == first["metrics"]["rmse"] == second["metrics"]["champion_rmse"]
    states = stack.states("abalone", second["run_id"])
    assert states["deploy"] == "skipped"
    assert states["smoke_test"] == "success"
    assert second["prediction"] == first["prediction"]


def test_every_job_was_launched_once(stack, first):
    processing, training = (stack.jobs(first["run_id"], kind) for kind in ("Processing", "Training"))
    assert (len(processing), len(training)) == (4, 1)
    assert all(name.endswith("-1") for name in (*processing, *training))


def test_the_state_survives_a_restart(stack, first):
    assert stack.millrace("down").returncode == 0
    assert stack.millrace("status").returncode == 3
    up = stack.millrace("up")
    assert up.returncode == 0, up.stderr
    assert stack.states("abalone", first["run_id"])["train"] == "success"
    assert list(stack.jobs(first["run_id"], "Training").values()) == ["Completed"]
    row = first["prediction"]["features"].encode()
    answer = stack.client("sagemaker-runtime").invoke_endpoint(
        EndpointName=first["endpoint"], ContentType="text/csv", Accept="text/csv", Body=row
    )
    assert float(answer["Body"].read()) == pytest.approx(first["prediction"]["predicted"])


@pytest.mark.slow
def test_rest_runs_the_sample_with_the_built_in_algorithm_and_tears_down(stack):
    """No input named: the sample that `millrace up` has put where today's data is."""
    run = stack.over_rest("abalone", {"algorithm": "built-in", "max_rmse": 5, "tear_down": True})
    assert run["state"] == "success"
    run_id = run["dag_run_id"]
    with stack.api() as api:
        task = f"/dags/abalone/dagRuns/{run_id}/taskInstances/build_features"
        metrics = api.get(f"{task}/xcomEntries/metrics").json()
    assert stack.states("abalone", run_id)["tear_down"] == "success"
    value = metrics["value"] if isinstance(metrics["value"], dict) else json.loads(metrics["value"])
    assert value["rows_in"] == len(SAMPLE.read_text().splitlines())


def test_rest_refuses_a_param_out_of_bounds(stack):
    with stack.api() as api:
        answer = api.post("/dags/abalone/dagRuns", json={"logical_date": None, "conf": {"eta": 7}})
    assert answer.status_code == 400
    assert "eta" in answer.text


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("run", "abalon"), "abalone"),
        (("run", "abalone", "--param", "eta=7"), "eta"),
        (("run", "abalone", "--param", "no_such=1"), "no_such"),
        (("run", "abalone", "--input", "no-such-file.csv"), "no-such-file.csv"),
    ],
)
def test_a_bad_command_is_one_sentence(stack, arguments, words):
    done = stack.millrace(*arguments)
    assert done.returncode == 2
    assert words in done.stderr
    assert "Traceback" not in done.stdout + done.stderr


def test_the_log_of_a_task_is_one_command_away(stack, first):
    done = stack.millrace("logs", "abalone", "train")
    assert done.returncode == 0
    assert "SageMaker training job" in done.stdout
