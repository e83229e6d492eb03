"""Script mode on two hosts, in the images of the repository: what each is told, and what becomes of it."""

import io
import json
import os
import sys
import tarfile

import pytest

from include.bundles import Bundle
from tests.include.jobs.conftest import IMAGES
from tests.local.aws.sagemaker.account import Account, until

pytestmark = pytest.mark.timeout(1800)  # Horovod is compiled, once
GROUP = "/aws/sagemaker/TrainingJobs"
HOSTS = ["algo-1", "algo-2"]
HOST = """
import json, os, socket, sys, time
from pathlib import Path

host, addresses = os.environ["SM_CURRENT_HOST"], json.loads(os.environ["MILLRACE_HOST_ADDRESSES"])
print(host, os.getpid(), flush=True)
"""
MEET = (
    HOST
    + """
config = Path(os.environ["SM_INPUT_CONFIG_DIR"], "resourceconfig.json")
meeting = os.environ["SM_MASTER_ADDR"], 29_421
if host == "algo-1":
    with socket.create_server(meeting) as server:
        server.accept()[0].sendall(b"met")
else:
    deadline = time.monotonic() + 60
    while True:
        try:
            peer = socket.create_connection(meeting, source_address=(addresses[host], 0))
            break
        except ConnectionRefusedError:
            assert time.monotonic() < deadline
            time.sleep(0.05)
    assert peer.recv(3) == b"met"
told = {
    "current": host,
    "hosts": json.loads(os.environ["SM_HOSTS"]),
    "address": addresses[host],
    "config": json.loads(config.read_text()),
    "group": os.getpgid(0),
    "arguments": sys.argv[1:],
    "channel": sorted(path.name for path in Path(os.environ["SM_CHANNEL_TRAIN"]).iterdir()),
}
model, output = Path(os.environ["SM_MODEL_DIR"]), Path(os.environ["SM_OUTPUT_DATA_DIR"])
(model / f"{host}.json").write_text(json.dumps(told))
(model / "model").write_text(host)
(output / f"{host}.txt").write_text(host)
"""
)
FAIL = (
    HOST
    + """
up = Path(os.environ["SM_MODEL_DIR"]).parents[3] / "algo-1" / "up"
if host == "algo-2":
    while not up.exists():
        time.sleep(0.02)
    raise ValueError("no more rows")
up.touch()
time.sleep(600)
"""
)


@pytest.fixture(scope="module")
def images():
    """Shared with `make run`, so that an environment is installed once."""
    return IMAGES


@pytest.fixture(scope="module")
def variables():
    """The images of the repository."""
    return {}


@pytest.fixture(scope="module")
def account(server):
    account = Account(server.endpoint_url).furnish()
    for number in range(4):
        account.put(f"rows/{number}", b"x")
    return account


@pytest.fixture(params=["sklearn", "xgboost", "horovod"])
def train(request, account):
    """Runs a script on two hosts that share the rows; the description of the job, whose name is its own."""

    def run(name, script):
        archive = account.put(
            f"code/{name}-{request.param}.tar.gz", Bundle({"train.py": script.encode()}).archive()
        )
        asked = account.training_request(
            f"{name}-{request.param}", channels=[("train", f"s3://{account.bucket}/rows/")]
        )
        source = asked["InputDataConfig"][0]["DataSource"]["S3DataSource"]
        source["S3DataDistributionType"] = "ShardedByS3Key"
        asked["HyperParameters"] = {
            "sagemaker_program": '"train.py"',
            "sagemaker_submit_directory": json.dumps(archive),
            "rate": "0.5",
        }
        image = f"123456789012.dkr.ecr.us-east-1.amazonaws.com/millrace/{request.param}:latest"
        asked["AlgorithmSpecification"]["TrainingImage"] = image
        asked["ResourceConfig"]["InstanceCount"] = 2
        account.sagemaker.create_training_job(**asked)
        describe = account.sagemaker.describe_training_job
        return until(
            lambda: describe(TrainingJobName=asked["TrainingJobName"]),
            lambda job: job["TrainingJobStatus"] in ("Completed", "Failed"),
            1500,
        )

    return run


def archived(account, job, name):
    """The files of an archive that a job left, by name."""
    content = account.get(f"models/{job['TrainingJobName']}/output/{name}.tar.gz")
    with tarfile.open(fileobj=io.BytesIO(content)) as tar:
        return {member.name: tar.extractfile(member).read().decode() for member in tar.getmembers()}


def words(account, job):
    """Stream of a host -> the last two words of the line in which its script says who it is."""
    answer = account.logs.describe_log_streams(
        logGroupName=GROUP, logStreamNamePrefix=f"{job['TrainingJobName']}/"
    )
    streams = [stream["logStreamName"] for stream in answer["logStreams"]]
    return {
        stream.partition("/")[2][: len("algo-1")]: line.split()[-2:]
        for stream in streams
        for line in account.lines(GROUP, stream)
        if "algo-" in line and line.split()[-1].isdigit()
    }


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere all hosts are 127.0.0.1")
def test_two_hosts_are_two_process_groups_that_meet_and_leave_one_model(account, train):
    job = train("hosts", MEET)
    assert job["TrainingJobStatus"] == "Completed", job
    model = archived(account, job, "model")
    told = [json.loads(model[f"{host}.json"]) for host in HOSTS]
    assert [each["current"] for each in told] == [each["config"]["current_host"] for each in told] == HOSTS
    assert all(each["hosts"] == each["config"]["hosts"] == HOSTS for each in told)
    assert [each["channel"] for each in told] == [["0", "2"], ["1", "3"]]
    assert all(each["arguments"] == ["--rate", "0.5"] for each in told)
    for unlike in ("address", "group"):
        assert len({each[unlike] for each in told}) == 2
    # Of a name that both use the first host's file is kept.
    assert model["model"] == "algo-1"
    assert archived(account, job, "output") == {f"{host}.txt": host for host in HOSTS}
    assert {host: said[0] for host, said in words(account, job).items()} == dict(
        zip(HOSTS, HOSTS, strict=True)
    )


def test_a_script_that_fails_on_one_host_ends_that_on_the_other(account, train):
    job = train("fails", FAIL)
    assert job["TrainingJobStatus"] == "Failed"
    assert job["FailureReason"].startswith("AlgorithmError: algo-2: ExecuteUserScriptError: train.py: ")
    assert "ValueError: no more rows" in job["FailureReason"]
    pids = [int(pid) for _, pid in words(account, job).values()]
    assert len(pids) == 2
    until(lambda: [pid for pid in pids if is_alive(pid)], lambda alive: not alive, 5)


def is_alive(pid):
    """Whether there is such a process."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
