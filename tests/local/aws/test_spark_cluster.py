"""Spark on two hosts: the abalone step does what it does on one, and a host that dies ends the job."""

import hashlib
from pathlib import Path

import psutil
import pytest

from include.bundles import Bundle
from local.aws.server import LocalAws
from tests.include.jobs.conftest import IMAGES
from tests.local.aws.sagemaker.account import Account, until

REPOSITORY = Path(__file__).parents[3]
SPARK = "173754725891.dkr.ecr.us-east-1.amazonaws.com/sagemaker-spark-processing:3.5-cpu-py312-v1.0"
SAMPLE = (REPOSITORY / "include" / "samples" / "abalone" / "abalone.csv").read_bytes()
BASE = "/opt/ml/processing"

WORK = """
import time, pathlib
from pyspark.sql import SparkSession
spark = SparkSession.builder.getOrCreate()
hosts = spark.sparkContext.parallelize(range(8), 8).map(lambda _: __import__("os").environ["HOME"]).collect()
print("hosts", len(set(hosts)), flush=True)
"""
WAIT = WORK + "time.sleep(600)\n"
FAIL = WORK + "raise RuntimeError('no such luck')\n"


@pytest.fixture(scope="module")
def images() -> Path:
    """Shared with `make run`, so that the environment is installed once."""
    return IMAGES


@pytest.fixture(scope="module")
def account(server: LocalAws) -> Account:
    account = Account(server.endpoint_url).furnish()
    for name, content in Bundle.of_job("abalone", "datasets").files.items():
        account.put(f"scripts/{name}", content)
    lines = SAMPLE.splitlines(keepends=True)
    account.put("in/größe 1+1=2/a %20.csv", b"".join(lines[:1500]) + b"M,1\n")
    account.put("in/b.csv", b"".join(lines[1500:]))
    return account


def start(
    account: Account, name: str, hosts: int, application: str = "", arguments: tuple[str, ...] = ()
) -> None:
    """A Spark job of the abalone scripts, or of an application's text."""
    outputs = [
        ("output", f"s3://{account.bucket}/out/{name}", "EndOfJob"),
        ("spark-events", f"s3://{account.bucket}/events/{name}", "Continuous"),
    ]
    request = account.processing_request(
        name, application, inputs=[("scripts", f"s3://{account.bucket}/scripts/")], outputs=outputs
    )
    script = "code/main.py" if application else "scripts/build_features.py"
    command = ["smspark-submit", "--local-spark-event-logs-dir", f"{BASE}/spark-events", f"{BASE}/{script}"]
    request["AppSpecification"] = {"ImageUri": SPARK, "ContainerEntrypoint": command}
    if arguments:
        request["AppSpecification"]["ContainerArguments"] = list(arguments)
    request["ProcessingResources"]["ClusterConfig"]["InstanceCount"] = hosts
    account.sagemaker.create_processing_job(**request)


def ended(account: Account, name: str) -> dict:
    describe = account.sagemaker.describe_processing_job
    return until(
        lambda: describe(ProcessingJobName=name),
        lambda job: job["ProcessingJobStatus"] in ("Completed", "Failed", "Stopped"),
        400,
    )


def features(account: Account, name: str, hosts: int, folder: str = "") -> dict[str, str]:
    """Digests of what the step leaves; of Parquet the size, as the order in its footer is the JVM's."""
    prefix = f"out/{folder or name}/"
    where = ("--input", f"s3://{account.bucket}/in/", "--output", f"s3://{account.bucket}/{prefix}")
    start(account, name, hosts, arguments=(*where, "--report", f"{BASE}/output"))
    job = ended(account, name)
    assert job["ProcessingJobStatus"] == "Completed", (job, lines(account, name))
    found = {}
    for key in account.keys(prefix):
        body = account.get(key)
        digest = str(len(body)) if key.endswith(".parquet") else hashlib.sha256(body).hexdigest()
        found[key.removeprefix(prefix)] = digest
    return found


def lines(account: Account, name: str) -> list[str]:
    return account.lines("/aws/sagemaker/ProcessingJobs", f"{name}/")


def processes_of(host: str, name: str) -> list[psutil.Process]:
    """The programs of a host of a job: they have its folder in their environment."""
    found = []
    for process in psutil.Process().children(recursive=True):
        try:
            home = process.environ().get("HOME", "")
        except psutil.Error:
            continue
        if home.endswith(f"/{name}/{host}"):
            found.append(process)
    return found


@pytest.fixture(scope="module")
def one_host(account: Account) -> dict[str, str]:
    return features(account, "one", 1)


@pytest.mark.slow
def test_two_hosts_give_the_bytes_of_one(account: Account, one_host: dict[str, str]) -> None:
    assert features(account, "two", 2) == one_host
    assert {
        "_SUCCESS",
        "csv/train/part-00000.csv",
        "csv/validation/part-00000.csv",
        "encoder/encoder.json",
        "metrics/metrics.json",
        "rejected/part-00000.json",
    } < set(one_host)
    assert len(account.keys("events/two/")) == 1


@pytest.mark.slow
def test_a_rerun_replaces_what_is_there(account: Account, one_host: dict[str, str]) -> None:
    account.put("out/again/csv/train/part-00009.csv")
    account.put("out/again/_SUCCESS")
    found = features(account, "rerun", 1, "again")
    # The report is an output of the job, which `start` sends to a prefix of the job's own name.
    report = {name: digest for name, digest in one_host.items() if name.startswith(("encoder", "metrics"))}
    assert found | report == one_host


@pytest.mark.slow
def test_the_application_runs_on_both_hosts(account: Account) -> None:
    start(account, "both", 2, WORK)
    assert ended(account, "both")["ProcessingJobStatus"] == "Completed", lines(account, "both")
    assert "hosts 2" in lines(account, "both")


@pytest.mark.slow
def test_a_driver_that_fails_ends_all_hosts_with_its_reason(account: Account) -> None:
    start(account, "unlucky", 2, FAIL)
    job = ended(account, "unlucky")
    assert "RuntimeError: no such luck" in job["FailureReason"]
    assert processes_of("algo-1", "unlucky") + processes_of("algo-2", "unlucky") == []


def test_a_host_that_dies_ends_the_job(account: Account) -> None:
    start(account, "bereft", 2, WAIT)
    until(
        lambda: account.log("/aws/sagemaker/ProcessingJobs", "bereft/"), lambda said: "hosts 2" in said, 400
    )
    for process in processes_of("algo-2", "bereft"):
        process.kill()
    job = ended(account, "bereft")
    assert job["ProcessingJobStatus"] == "Failed"
    assert job["FailureReason"].startswith("AlgorithmError: algo-2: ")
    assert job["ExitMessage"].startswith("Host algo-2 is gone. Its connection closed before")
    assert processes_of("algo-1", "bereft") + processes_of("algo-2", "bereft") == []


@pytest.mark.slow
def test_a_worker_that_dies_says_so(account: Account) -> None:
    start(account, "lame", 2, WAIT)
    until(lambda: account.log("/aws/sagemaker/ProcessingJobs", "lame/"), lambda said: "hosts 2" in said, 400)
    [worker] = [p for p in processes_of("algo-2", "lame") if "deploy.worker.Worker" in " ".join(p.cmdline())]
    worker.kill()
    reason = ended(account, "lame")["FailureReason"]
    assert "Host algo-2: The Spark worker ended with exit code -9." in reason


@pytest.mark.slow
def test_a_job_on_two_hosts_is_stopped(account: Account) -> None:
    start(account, "halted", 2, WAIT)
    until(
        lambda: account.log("/aws/sagemaker/ProcessingJobs", "halted/"), lambda said: "hosts 2" in said, 400
    )
    account.sagemaker.stop_processing_job(ProcessingJobName="halted")
    assert ended(account, "halted")["ProcessingJobStatus"] == "Stopped"
    assert processes_of("algo-1", "halted") + processes_of("algo-2", "halted") == []
