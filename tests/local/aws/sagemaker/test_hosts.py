"""Jobs on several hosts: each has its address, shares checkpoints, and is not left alone by the others."""

import json
import os
import sys

import pytest

from local.aws.services.sagemaker import context
from tests.local.aws.sagemaker.account import until

GROUP = "/aws/sagemaker/TrainingJobs"
TWO = {"InstanceCount": 2, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 10}
PORT = 29_417
HOST = """
import json, os, signal, socket, sys, time
addresses = json.loads(os.environ["MILLRACE_HOST_ADDRESSES"])
config = base / ("input/config" if (base / "input").exists() else "config") / "resourceconfig.json"
host = json.loads(config.read_text())["current_host"]
"""
TALK = (
    HOST
    + f"""
if host == "algo-1":
    with socket.create_server((addresses[host], {PORT})) as server:
        peer, where = server.accept()
        print("heard", peer.recv(100).decode(), flush=True)
        peer.sendall(b"done")
else:
    for _ in range(600):
        try:
            peer = socket.create_connection((addresses["algo-1"], {PORT}))
            break
        except ConnectionRefusedError:
            time.sleep(0.05)
    peer.sendall(os.environ["WORD"].encode())
    print("told", peer.recv(100).decode())
print(json.dumps(addresses))
"""
)
linux = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere all hosts are 127.0.0.1")


def _lines(account, name, group=GROUP):
    return [line for line in account.log(group, f"{name}/") if not line.startswith("Image ")]


@linux
def test_two_jobs_of_two_hosts_talk_over_the_same_port_at_once(account):
    for name in ("talk-1", "talk-2"):
        request = account.training_request(name, TALK, ResourceConfig=TWO, Environment={"WORD": name})
        account.sagemaker.create_training_job(**request)
    found = []
    for name in ("talk-1", "talk-2"):
        job = account.trained(name)
        assert job["TrainingJobStatus"] == "Completed", job
        lines = _lines(account, name)
        assert f"heard {name}" in lines
        assert "told done" in lines
        first, second = (json.loads(line) for line in lines if line.startswith("{"))
        assert first == second
        found += first.values()
    assert len(set(found)) == 4
    until(lambda: context.current().addresses._lent, lambda lent: not lent, 5)


@linux
def test_processing_jobs_have_addresses_too(account):
    code = "import os, pathlib; base = pathlib.Path(os.environ['SAGEMAKER_BASE_DIR'])\n" + TALK.replace(
        'base / "input"', 'base / "none"'
    )
    request = account.processing_request("talk", code, Environment={"WORD": "talk"})
    request["ProcessingResources"]["ClusterConfig"]["InstanceCount"] = 2
    account.sagemaker.create_processing_job(**request)
    job = account.processed("talk")
    assert job["ProcessingJobStatus"] == "Completed", job
    assert "heard talk" in _lines(account, "talk", "/aws/sagemaker/ProcessingJobs")
    until(lambda: context.current().addresses._lent, lambda lent: not lent, 5)


def test_the_host_that_died_first_has_the_reason_and_the_others_are_stopped(account):
    code = (
        HOST
        + """
print(host, os.getpid(), flush=True)
if host == "algo-2":
    while not (base.parents[2] / "algo-1/opt/ml/up").exists():
        time.sleep(0.02)
    raise ValueError("no more memory")
(base / "up").touch()
time.sleep(600)
"""
    )
    job = account.train("one-dies", code, ResourceConfig=TWO)
    assert job["TrainingJobStatus"] == "Failed"
    assert job["FailureReason"] == "AlgorithmError: algo-2: ValueError: no more memory, exit code: 3"
    pids = [int(line.split()[1]) for line in _lines(account, "one-dies")]
    assert len(pids) == 2
    until(lambda: [pid for pid in pids if _is_alive(pid)], lambda alive: not alive, 5)


def test_a_host_that_fails_because_another_went_is_not_the_reason(account):
    code = (
        HOST
        + """
if host == "algo-2":
    with socket.create_server((addresses[host], 29418)) as server:
        peer, _ = server.accept()
        (base / "output").mkdir(exist_ok=True)
        (base / "output/failure").write_text("the first to go")
        os._exit(9)
for _ in range(600):
    try:
        peer = socket.create_connection((addresses["algo-2"], 29418))
        break
    except ConnectionRefusedError:
        time.sleep(0.05)
peer.recv(1)
# A connection closes before its process has ended, so whoever hears it must not be quicker than that.
signal.signal(signal.SIGTERM, signal.SIG_IGN)
time.sleep(0.2)
(base / "output").mkdir(exist_ok=True)
(base / "output/failure").write_text("a follower")
os._exit(7)
"""
    )
    job = account.train("follows", code, ResourceConfig=TWO)
    assert job["FailureReason"] == "AlgorithmError: algo-2: the first to go, exit code: 9"


def test_the_last_words_are_those_of_the_host_that_failed(account):
    code = """
import os, pathlib, json, sys, time
base = pathlib.Path(os.environ["SAGEMAKER_BASE_DIR"])
host = json.loads((base / "config/resourceconfig.json").read_text())["current_host"]
if host == "algo-2":
    sys.exit("algo-2 had no rows")
while True:
    print("algo-1 is fine", flush=True)
    time.sleep(0.01)
"""
    request = account.processing_request("words", code)
    request["ProcessingResources"]["ClusterConfig"]["InstanceCount"] = 2
    account.sagemaker.create_processing_job(**request)
    reason = account.processed("words")["FailureReason"]
    assert reason == "AlgorithmError: algo-2: algo-2 had no rows, exit code: 1"


def test_checkpoints_of_all_hosts_are_kept_and_come_back_to_all(account):
    code = (
        HOST
        + """
folder = base / "saved"
print(host, sorted(path.name for path in folder.iterdir()), flush=True)
(folder / "common").write_text("1")
(folder / host).write_text(os.environ["WORD"])
if os.environ["WORD"] == "second" and host == "algo-1":
    (folder / "old").unlink()
"""
    )
    account.put("hosts-saved/old", b"0")
    config = {"S3Uri": f"s3://{account.bucket}/hosts-saved/", "LocalPath": "/opt/ml/saved"}
    for word in ("first", "second"):
        job = account.train(
            f"saved-{word}", code, ResourceConfig=TWO, CheckpointConfig=config, Environment={"WORD": word}
        )
        assert job["TrainingJobStatus"] == "Completed", job
    assert sorted(_lines(account, "saved-first")) == ["algo-1 ['old']", "algo-2 ['old']"]
    names = ["algo-1", "algo-2", "common", "old"]
    assert sorted(_lines(account, "saved-second")) == [f"algo-1 {names}", f"algo-2 {names}"]
    # One host deleted the old one, the other still has it.
    assert account.keys("hosts-saved/") == [f"hosts-saved/{name}" for name in names]
    assert account.get("hosts-saved/algo-2") == b"second"


def test_a_program_is_asked_once_to_end(account):
    code = """
import signal, sys, time
asked = []
signal.signal(signal.SIGTERM, lambda *_: asked.append(1))
print("ready", flush=True)
while not asked:
    time.sleep(0.01)
time.sleep(0.5)
print("asked", len(asked), "times")
"""
    account.sagemaker.create_training_job(**account.training_request("once-asked", code))
    until(lambda: "ready" in _lines(account, "once-asked"), bool)
    account.sagemaker.stop_training_job(TrainingJobName="once-asked")
    assert account.trained("once-asked")["TrainingJobStatus"] == "Stopped"
    assert _lines(account, "once-asked")[-1] == "asked 1 times"


def _is_alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
