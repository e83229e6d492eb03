"""Training by several ranks: real Horovod over Gloo, each rank with a pipe of its own."""

import io
import json
import subprocess
import tarfile

import pytest

from include.bundles import Bundle
from tests.include.jobs.conftest import IMAGES, REPOSITORY, SHARED, interpreter
from tests.local.aws.sagemaker.account import ENDED, Account, until

pytestmark = pytest.mark.timeout(1800)  # Horovod is compiled, once
HOROVOD = "123456789012.dkr.ecr.us-east-1.amazonaws.com/millrace/horovod:latest"
GROUP = "/aws/sagemaker/TrainingJobs"
CODE = Bundle.of_job("horovod_training")
EPOCHS = 2
PATIENCE = 240.0


@pytest.fixture(scope="module")
def images():
    """Shared with `make run`, so that Horovod is built once."""
    return IMAGES


@pytest.fixture(scope="module")
def variables():
    """The images of the repository."""
    return {}


def shards(folder, ranks):
    """The digits for so many ranks: what the job measured of them, and their files."""
    command = [interpreter("horovod"), SHARED.parent / "horovod_training" / "shard.py", "--digits"]
    command += ["--output", folder, "--prefix", "s3://jobs/train", "--ranks", str(ranks)]
    environment = {"PYTHONPATH": str(SHARED), "SAGEMAKER_BASE_DIR": str(folder)}
    subprocess.run(command, env=environment, check=True)
    return json.loads((folder / "sharding" / "metrics.json").read_text())


@pytest.fixture(scope="module")
def account(server, tmp_path_factory):
    account = Account(server.endpoint_url).furnish()
    account.put("code/sourcedir.tar.gz", CODE.archive())
    account.sharded = {}
    for ranks in (1, 2):
        folder = tmp_path_factory.mktemp(f"shards-{ranks}")
        account.sharded[ranks] = shards(folder, ranks)
        for part in ("train", "validation", "evaluation"):
            for file in (folder / part).rglob("*.tfrecord"):
                account.put(f"shards/{ranks}/{file.relative_to(folder).as_posix()}", file.read_bytes())
    return account


def start(
    account, name, *, ranks=2, mode="Pipe", hosts=1, program="train.py", prefix=None, request=None, **changes
):
    """Starts a training of ``ranks``, on as many shards."""
    facts, base = account.sharded[ranks], f"s3://{account.bucket}/{prefix or f'shards/{ranks}'}"
    channels = {f"train_{rank}": f"{base}/train/{rank}/" for rank in range(ranks)}
    channels |= {"validation": f"{base}/validation/", "eval": f"{base}/evaluation/"}
    asked = account.training_request(name, channels=list(channels.items()), **(request or {}))
    for channel in asked["InputDataConfig"]:
        channel["InputMode"] = mode
        if channel["ChannelName"].startswith("train"):
            channel["ShuffleConfig"] = {"Seed": 234}
    hyperparameters = {
        "sagemaker_program": program,
        "sagemaker_submit_directory": f"s3://{account.bucket}/code/sourcedir.tar.gz",
        "ranks_per_host": ranks // hosts,
        "epochs": EPOCHS,
        "batch_size": 16,
        "records": facts["train_records"],
        "objects_per_shard": facts["objects_per_shard"],
        "image_channels": facts["channels"],
        "classes": facts["classes"],
        "stall_seconds": 10,
        **changes,
    }
    asked["HyperParameters"] = {name: json.dumps(value) for name, value in hyperparameters.items()}
    asked["AlgorithmSpecification"]["TrainingImage"] = HOROVOD
    asked["ResourceConfig"]["InstanceCount"] = hosts
    account.sagemaker.create_training_job(**asked)


def train(account, name, **options):
    """The description of a training that is over."""
    start(account, name, **options)
    return ended(account, name)


def ended(account, name):
    """The description of a training, which four of them at a time take longer for."""
    describe = account.sagemaker.describe_training_job
    return until(lambda: describe(TrainingJobName=name), lambda d: d["TrainingJobStatus"] in ENDED, PATIENCE)


def left(account, name, file, archive="model"):
    """A document that the job left."""
    with tarfile.open(fileobj=io.BytesIO(account.get(f"models/{name}/output/{archive}.tar.gz"))) as tar:
        return json.load(tar.extractfile(file))


@pytest.fixture(scope="module")
def trained(account):
    job = train(account, "two")
    assert job["TrainingJobStatus"] == "Completed", (job, account.lines(GROUP, "two/"))
    return job


def test_each_record_is_read_once_in_each_epoch(account, trained):
    metrics = left(account, "two", "metrics.json", "output")
    records = account.sharded[2]["train_records"]
    assert (metrics["ranks"], metrics["epochs"], metrics["records"]) == (2, EPOCHS, records)
    assert (metrics["records_read"], metrics["duplicates"]) == (EPOCHS * records, 0)
    assert metrics["accuracy"] > 0.7
    assert [epoch["records_read"] for epoch in left(account, "two", "history.json")] == [records] * EPOCHS


def test_lines_tell_their_rank(account, trained):
    lines = account.lines(GROUP, "two/")
    assert any(line.startswith("[0] epoch 1 of 2: train-loss:") for line in lines)


def test_the_order_of_objects_differs_by_epoch_and_comes_again_with_the_seed(account, trained):
    first, second = (epoch["orders"] for epoch in left(account, "two", "history.json"))
    # The seed is that of every channel, and so is the order of its objects.
    assert first[0] == first[1] != second[0] == second[1]
    again = train(account, "again")
    assert again["TrainingJobStatus"] == "Completed"
    assert [epoch["orders"] for epoch in left(account, "again", "history.json")] == [first, second]


def test_files_are_read_too_and_two_hosts_meet(account):
    job = train(account, "hosts", mode="File", hosts=2)
    assert job["TrainingJobStatus"] == "Completed", account.lines(GROUP, "hosts/")
    metrics = left(account, "hosts", "metrics.json", "output")
    assert (metrics["ranks"], metrics["duplicates"]) == (2, 0)


def test_a_shard_object_that_is_missing_is_named(account, tmp_path):
    for key in account.keys("shards/2/"):
        if not key.endswith("train/1/part-00003.tfrecord"):
            account.put(key.replace("shards/2", "less"), account.get(key))
    reason = train(account, "missing", prefix="less")["FailureReason"]
    assert "Rank 1 has read" in reason
    assert "Not there: part-00003.tfrecord" in reason


def test_a_truncated_record_is_named_by_object_and_byte(account):
    for key in account.keys("shards/2/"):
        content = account.get(key)
        cut = content[: len(content) // 2] if key.endswith("train/0/part-00005.tfrecord") else content
        account.put(key.replace("shards/2", "cut"), cut)
    assert "of part-00005.tfrecord" in train(account, "cut", prefix="cut")["FailureReason"]


def test_a_rank_that_is_killed_ends_the_job_with_its_number(account):
    killed = "train_killed.py"
    assert "rank 1 on algo-1 was ended by signal SIGKILL" in faulty(account, "killed", killed)


def test_a_rank_that_hangs_ends_the_job_with_its_number(account):
    assert "rank 1 on algo-1 hung: the others waited 10 s for it" in faulty(account, "hung", "train_hung.py")


FAULTS = {
    "train_killed.py": "os.kill(os.getpid(), 9)",
    "train_hung.py": "time.sleep(10_000)",
}
FAULTY = """
import os, sys, time
import horovod.torch as hvd
import epochs, train

def at_step(*arguments, _whole=epochs.learning_rate):
    if hvd.rank() == 1 and arguments[2] == 5:
        {fault}
    return _whole(*arguments)

epochs.learning_rate = at_step
sys.exit(train.main())
"""


def faulty(account, name, program):
    """Why a job failed in which rank 1 does this at step 5."""
    bundle = Bundle({**CODE.files, program: FAULTY.format(fault=FAULTS[program]).encode()})
    code = account.put(f"{name}/sourcedir.tar.gz", bundle.archive())
    start(account, name, program=program, sagemaker_submit_directory=code)
    return ended(account, name)["FailureReason"]


def test_a_job_that_is_stopped_leaves_nothing_running(account):
    start(account, "stopped", epochs=10_000)
    until(lambda: [line for line in account.log(GROUP, "stopped/") if "epoch 1 of" in line], bool, PATIENCE)
    account.sagemaker.stop_training_job(TrainingJobName="stopped")
    assert ended(account, "stopped")["TrainingJobStatus"] == "Stopped"
    running = subprocess.run(["ps", "axo", "args"], capture_output=True, text=True, check=True).stdout
    assert str(REPOSITORY) not in "".join(
        line for line in running.splitlines() if "train.py --batch_size" in line
    )
