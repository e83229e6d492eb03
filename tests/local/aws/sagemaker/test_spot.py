"""Managed spot training: interruptions, checkpoints, limits and the bill."""

import httpx
import pytest

from local.aws.services.sagemaker import context
from local.aws.services.sagemaker.spot import SpotMarket
from local.cli.interrupt import interrupt_job
from local.stack.errors import MillraceError
from tests.local.aws.sagemaker.account import until
from tests.local.aws.sagemaker.shapes import problems

GROUP = "/aws/sagemaker/TrainingJobs"
STARTS = ["Downloading", "Training"]
COUNT = """
import time
file = base / "checkpoints/round"
start = int(file.read_text()) if file.exists() else 0
print("from", start, flush=True)
for round in range(start, {rounds}):
    print("round", round, flush=True)
    file.with_suffix(".new").write_text(str(round + 1))
    file.with_suffix(".new").rename(file)
    if round + 1 in {stops}:
        print("waiting", flush=True)
        time.sleep(600)
(base / "model/rounds").write_text(str({rounds}))
"""


def _code(rounds, *stops):
    """Counts rounds, and stands still after some of them until it is interrupted."""
    return COUNT.format(rounds=rounds, stops=stops)


def _request(account, name, code, *, checkpoints=True, wait=600, **changes):
    request = account.training_request(name, code, EnableManagedSpotTraining=True, **changes)
    request["StoppingCondition"]["MaxWaitTimeInSeconds"] = wait
    if checkpoints:
        request["CheckpointConfig"] = {"S3Uri": f"s3://{account.bucket}/saved/{name}"}
    return request


def _start(account, name, code, **options):
    account.sagemaker.create_training_job(**_request(account, name, code, **options))


def _interrupt(account, name):
    url = account.sagemaker.meta.endpoint_url
    return httpx.post(f"{url}/_millrace/jobs/training/{name}/interrupt", trust_env=False)


def _lines(account, name):
    return [line for line in account.log(GROUP, f"{name}/") if not line.startswith("Image ")]


def _interrupt_when(account, name, line, count=1):
    until(lambda: _lines(account, name).count(line), lambda found: found >= count)
    answer = _interrupt(account, name)
    assert answer.status_code == 202, answer.text


def _steps(job):
    return [step["Status"] for step in job["SecondaryStatusTransitions"]]


def test_a_job_interrupted_twice_goes_on_from_its_checkpoints_to_its_end(account):
    _start(account, "twice", _code(9, 3, 6))
    _interrupt_when(account, "twice", "waiting")
    _interrupt_when(account, "twice", "waiting", 2)
    job = account.trained("twice")
    assert job["TrainingJobStatus"] == "Completed", job
    again = ["Interrupted", "Starting", *STARTS]
    assert _steps(job) == ["Starting", *STARTS, *again, *again, "Uploading", "Completed"]
    lines = _lines(account, "twice")
    assert [line for line in lines if line.startswith("from")] == ["from 0", "from 3", "from 6"]
    assert [line for line in lines if line.startswith("round")] == [f"round {n}" for n in range(9)]
    assert account.keys("saved/twice/") == ["saved/twice/round"]
    assert "models/twice/output/model.tar.gz" in account.keys("models/twice/")
    assert problems("DescribeTrainingJob", job) == []


def test_without_checkpoints_an_interrupted_job_starts_over_on_new_hosts(account):
    code = """
import time
data = (base / "input/data/train/a").read_text()
print("model", list((base / "model").iterdir()), "data", data, flush=True)
(base / "model/left").write_text("behind")
(base / "input/data/train/a").write_text("changed")
if not pathlib.Path({go!r}).exists():
    time.sleep(600)
"""
    uri = account.put("over/a", b"1")
    code = "import pathlib\n" + code.format(go=str(context.current().aws.home / "go-over"))
    _start(account, "over", code, checkpoints=False, channels=[("train", uri)])
    until(lambda: _lines(account, "over"), bool)
    (context.current().aws.home / "go-over").touch()
    assert _interrupt(account, "over").status_code == 202
    assert account.trained("over")["TrainingJobStatus"] == "Completed"
    assert _lines(account, "over") == ["model [] data 1"] * 2


def test_a_program_has_time_to_save_and_its_good_end_is_an_interruption_all_the_same(account):
    code = """
import signal, sys, time
saved = base / "checkpoints/saved"
if saved.exists():
    print("again", saved.read_text())
    sys.exit()
def save(*_):
    time.sleep(0.3)
    saved.write_text("in time")
    sys.exit(0)
signal.signal(signal.SIGTERM, save)
print("ready", flush=True)
time.sleep(600)
"""
    _start(account, "saves", code)
    _interrupt_when(account, "saves", "ready")
    assert account.trained("saves")["TrainingJobStatus"] == "Completed"
    assert _lines(account, "saves") == ["ready", "again in time"]


def test_interruptions_can_be_planned_for_every_attempt(account, monkeypatch):
    monkeypatch.setattr(context.current(), "market", SpotMarket((0.5, 0.5)))
    _start(account, "planned", "import time; time.sleep(1.5)")
    job = account.trained("planned")
    assert (job["TrainingJobStatus"], _steps(job).count("Interrupted")) == ("Completed", 2)
    on_demand = account.train("on-demand", "import time; time.sleep(1)")
    assert _steps(on_demand) == ["Starting", *STARTS, "Uploading", "Completed"]


def test_seconds_are_those_of_all_attempts_and_the_bill_is_a_share_of_them(account, monkeypatch):
    monkeypatch.setattr(context.current(), "market", SpotMarket((2,), 0.5))
    request = _request(account, "billed", "import time; time.sleep(3)") | {
        "ResourceConfig": {"InstanceCount": 2, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 10}
    }
    account.sagemaker.create_training_job(**request)
    job = account.trained("billed")
    assert job["TrainingJobStatus"] == "Completed", job
    whole = (job["TrainingEndTime"] - job["TrainingStartTime"]).total_seconds()
    assert 5 <= job["TrainingTimeInSeconds"] <= round(whole)
    # Billable seconds are those of one instance: AWS says to multiply them by InstanceCount.
    assert job["BillableTimeInSeconds"] == max(1, round(job["TrainingTimeInSeconds"] * 0.5))


def test_a_job_that_waits_too_long_is_stopped(account, monkeypatch):
    monkeypatch.setattr(context.current(), "market", SpotMarket((0.2,) * 100))
    condition = {"MaxRuntimeInSeconds": 4, "MaxWaitTimeInSeconds": 4}
    request = _request(account, "waits", "import time; time.sleep(600)", checkpoints=False)
    account.sagemaker.create_training_job(**request | {"StoppingCondition": condition})
    job = account.trained("waits")
    assert (job["TrainingJobStatus"], job["SecondaryStatus"]) == ("Stopped", "MaxWaitTimeExceeded")
    assert _steps(job)[-2:] == ["Stopping", "MaxWaitTimeExceeded"]
    message = job["SecondaryStatusTransitions"][-1]["StatusMessage"]
    assert message.startswith("Training job runtime exceeded MaxWaitTimeInSeconds provided")
    assert problems("DescribeTrainingJob", job) == []


def test_the_time_limit_counts_all_attempts(account, monkeypatch):
    monkeypatch.setattr(context.current(), "market", SpotMarket((5.0, 5.0, 5.0)))
    request = _request(account, "limited", "import time; time.sleep(600)", checkpoints=False)
    request["StoppingCondition"]["MaxRuntimeInSeconds"] = 8
    account.sagemaker.create_training_job(**request)
    job = account.trained("limited")
    assert (job["TrainingJobStatus"], job["SecondaryStatus"]) == ("Stopped", "MaxRuntimeExceeded")
    assert _steps(job).count("Interrupted") == 1


def test_a_failure_is_no_interruption(account):
    _start(account, "spot-fails", "raise ValueError('bad')")
    job = account.trained("spot-fails")
    assert job["FailureReason"] == "AlgorithmError: ValueError: bad, exit code: 3"
    assert "Interrupted" not in _steps(job)


def test_what_cannot_be_interrupted_is_said_in_a_sentence(account):
    def refusal(name):
        answer = _interrupt(account, name)
        return answer.status_code, answer.json()["message"]

    assert refusal("nobody") == (404, "There is no training job 'nobody'.")
    account.sagemaker.create_training_job(
        **account.training_request("dear", "import time; print(1, flush=True); time.sleep(600)")
    )
    until(lambda: _lines(account, "dear"), bool)
    status, message = refusal("dear")
    assert (status, "does not use managed spot training" in message) == (409, True)
    account.sagemaker.stop_training_job(TrainingJobName="dear")
    account.trained("dear")
    _start(account, "past", "pass")
    account.trained("past")
    status, message = refusal("past")
    assert (status, "past is Completed" in message) == (409, True)


@pytest.mark.parametrize(
    ("method", "headers", "status"),
    [
        ("GET", {}, 405),
        ("POST", {"Sec-Fetch-Site": "same-origin"}, 403),
        ("POST", {"Origin": "https://example.com"}, 403),
        ("POST", {"Host": "example.com"}, 403),
    ],
)
def test_only_programs_of_this_machine_interrupt(account, method, headers, status):
    url = f"{account.sagemaker.meta.endpoint_url}/_millrace/jobs/training/x/interrupt"
    assert httpx.request(method, url, headers=headers, trust_env=False).status_code == status


def test_a_job_that_waits_for_a_place_cannot_be_interrupted(account):
    waiting = "import time; print(1, flush=True); time.sleep(600)"
    for n in range(3):
        _start(account, f"queued-{n}", waiting, checkpoints=False)
    until(lambda: _lines(account, "queued-1"), bool)
    answer = _interrupt(account, "queued-2")
    assert (answer.status_code, "queued-2 is Starting" in answer.text) == (409, True)
    for n in (2, 1, 0):
        account.sagemaker.stop_training_job(TrainingJobName=f"queued-{n}")
    for n in range(3):
        assert account.trained(f"queued-{n}")["TrainingJobStatus"] == "Stopped"


def test_the_command_shows_the_steps_until_the_job_trains_again(account):
    _start(account, "told", _code(3, 2))
    until(lambda: "waiting" in _lines(account, "told"), bool)
    said = []
    url = account.sagemaker.meta.endpoint_url
    # How far a short job has come when it is looked at again is a matter of luck.
    assert interrupt_job(url, account.sagemaker, "told", said.append) in ("Training", "Completed")
    assert said[0].startswith("Interrupting told")
    assert [line.partition(":")[0] for line in said[1:5]] == ["Interrupted", "Starting", *STARTS]
    assert account.trained("told")["TrainingJobStatus"] == "Completed"
    with pytest.raises(MillraceError, match="told is Completed"):
        interrupt_job(url, account.sagemaker, "told", said.append)
    with pytest.raises(MillraceError, match="There is no training job 'nobody'"):
        interrupt_job(url, account.sagemaker, "nobody", said.append)


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({}, SpotMarket()),
        ({"MILLRACE_SPOT_INTERRUPTIONS": "5, 12,"}, SpotMarket((5, 12))),
        ({"MILLRACE_SPOT_PRICE": "0.25"}, SpotMarket((), 0.25)),
    ],
)
def test_the_market_is_set_by_variables(environ, expected):
    assert SpotMarket.of(environ) == expected


@pytest.mark.parametrize(
    ("variable", "value", "says"),
    [
        ("INTERRUPTIONS", "5,soon", "MILLRACE_SPOT_INTERRUPTIONS holds 'soon', which is no number"),
        ("INTERRUPTIONS", "-1", "MILLRACE_SPOT_INTERRUPTIONS is -1: give seconds, 0 or more"),
        ("INTERRUPTIONS", "nan", "give seconds, 0 or more"),
        ("PRICE", "0", "MILLRACE_SPOT_PRICE is 0: give a share, above 0 and at most 1"),
        ("PRICE", "1.1", "above 0 and at most 1"),
        ("PRICE", "cheap", "which is no number"),
    ],
)
def test_a_market_that_cannot_be_is_refused(variable, value, says):
    with pytest.raises(ValueError, match=says):
        SpotMarket.of({f"MILLRACE_SPOT_{variable}": value})
