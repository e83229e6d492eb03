"""How channels reach a training program: as files, as files that are not copied, as named pipes."""

import gzip
import json
import os
import random
import struct
import threading

import pytest

from local.aws.services.sagemaker import context
from tests.local.aws.sagemaker.account import until
from tests.local.aws.sagemaker.shapes import problems

GROUP = "/aws/sagemaker/TrainingJobs"
READ = "pipe = lambda epoch, channel='train': (base / f'input/data/{channel}_{epoch}').read_bytes()\n"


def _request(account, name, code, *, mode="Pipe", uri=None, instances=1, source=(), **channel):
    uri = uri or f"s3://{account.bucket}/{name}/"
    request = account.training_request(name, READ + code, channels=[("train", uri)])
    request["AlgorithmSpecification"]["TrainingInputMode"] = mode
    request["ResourceConfig"]["InstanceCount"] = instances
    request["InputDataConfig"][0] |= channel
    request["InputDataConfig"][0]["DataSource"]["S3DataSource"] |= dict(source)
    return request


def _train(account, name, code, **options):
    account.sagemaker.create_training_job(**_request(account, name, code, **options))
    job = account.trained(name)
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("pipe ")]
    assert problems("DescribeTrainingJob", job) == []
    return job


def _completed(account, name, code, **options):
    job = _train(account, name, code, **options)
    assert job["TrainingJobStatus"] == "Completed", job.get("FailureReason")
    return _lines(account, name)


def _lines(account, name):
    """What the job's programs and pipes said; the first job of all also installs the image."""
    return [line for line in account.log(GROUP, f"{name}/") if not line.startswith("Image ")]


def _objects(account, name, count=6):
    for n in range(count):
        account.put(f"{name}/{n}", f"{n}\n".encode())


def test_a_pipe_holds_the_objects_one_after_the_other_in_every_epoch(account):
    _objects(account, "epochs", 3)
    account.put("epochs/empty/", b"")
    account.put("epochs/nothing", b"")
    account.put("epochs/z", b"x" * 9_000_000)
    code = """
for epoch in range(2):
    data = pipe(epoch)
    print(epoch, data[:6], len(data))
import json
print(json.loads((base / "input/config/inputdataconfig.json").read_text())["train"]["TrainingInputMode"])
print(sorted(path.name for path in (base / "input/data").iterdir()))
"""
    lines = _completed(account, "epochs", code)
    assert lines[:2] == [f"{n} b'0\\n1\\n2\\n' 9000006" for n in range(2)]
    assert lines[2:] == ["Pipe", "['train_2']"]


def test_a_seed_shuffles_the_objects_anew_in_every_epoch(account):
    _objects(account, "shuffled")
    code = "[print(pipe(epoch).decode().split()) for epoch in range(3)]"
    options = {"uri": f"s3://{account.bucket}/shuffled/", "ShuffleConfig": {"Seed": 7}}
    lines = _completed(account, "shuffled", code, **options)
    expected = []
    for epoch in range(3):
        order = [str(n) for n in range(6)]
        random.Random(f"7:{epoch}").shuffle(order)
        expected.append(str(order))
    assert lines == expected
    assert len(set(lines)) == 3
    assert _completed(account, "shuffled-again", code, **options) == lines
    other = options | {"ShuffleConfig": {"Seed": 8}}
    assert _completed(account, "shuffled-otherwise", code, **other) != lines


def test_hosts_share_the_objects_and_shuffling_shares_them_anew(account):
    _objects(account, "shared")
    code = """
import json
host = json.loads((base / "input/config/resourceconfig.json").read_text())["current_host"]
for epoch in range(3):
    print(epoch, host, *pipe(epoch).decode().split())
"""
    source = {"S3DataDistributionType": "ShardedByS3Key"}
    lines = _completed(account, "shared", code, instances=2, source=source, ShuffleConfig={"Seed": 1})
    shares = {(int(epoch), host): set(objects) for epoch, host, *objects in map(str.split, lines)}
    for epoch in range(3):
        assert shares[epoch, "algo-1"] | shares[epoch, "algo-2"] == set("012345")
        assert len(shares[epoch, "algo-1"]) == 3
    assert len({frozenset(shares[epoch, "algo-1"]) for epoch in range(3)}) > 1


def test_record_wrapping_makes_a_record_of_each_object(account):
    for n, body in enumerate((b"", b"abc", b"abcd", b"x" * 5_000_001)):
        account.put(f"wrapped/{n}", body)
    code = """
import struct
data = pipe(0)
at = 0
while at < len(data):
    magic, size = struct.unpack_from("<II", data, at)
    print(hex(magic), size, data[at + 8 : at + 8 + min(size, 4)])
    at += 8 + size + -size % 4
print(at == len(data), pipe(1) == data)
"""
    lines = _completed(account, "wrapped", code, RecordWrapperType="RecordIO")
    sizes = [(0, b""), (3, b"abc"), (4, b"abcd"), (5_000_001, b"xxxx")]
    assert lines == [*(f"0xced7230a {size} {start}" for size, start in sizes), "True True"]


@pytest.mark.parametrize("wrapper", ["None", "RecordIO"])
def test_gzip_is_decompressed_on_the_way(account, wrapper):
    name = f"zipped-{wrapper.lower()}"
    account.put(f"{name}/a", gzip.compress(b"one\n") + gzip.compress(b"two\n"))
    account.put(f"{name}/b", gzip.compress(b"three\n"))
    code = "print(pipe(0))"
    lines = _completed(account, name, code, CompressionType="Gzip", RecordWrapperType=wrapper)
    plain = [b"one\ntwo\n", b"three\n"]
    if wrapper == "RecordIO":
        plain = [struct.pack("<II", 0xCED7230A, len(p)) + p + bytes(-len(p) % 4) for p in plain]
    assert lines == [str(b"".join(plain))]


def test_what_is_not_gzip_fails_the_job_with_the_object(account):
    account.put("unzipped/a", b"plain")
    job = _train(account, "unzipped", "pipe(0); import time; time.sleep(60)", CompressionType="Gzip")
    assert job["FailureReason"] == (
        f"ClientError: Data download failed:s3://{account.bucket}/unzipped/a cannot be decompressed, as "
        "CompressionType Gzip says: Not a gzipped file (b'pl')"
    )


def test_a_manifest_names_what_is_streamed(account):
    _objects(account, "listed")
    body = json.dumps([{"prefix": f"s3://{account.bucket}/listed/"}, "4", "2"]).encode()
    options = {"uri": account.put("manifests/listed", body), "source": {"S3DataType": "ManifestFile"}}
    assert _completed(account, "listed", "print(pipe(0))", **options) == [r"b'4\n2\n'"]
    body = json.dumps([{"prefix": f"s3://{account.bucket}/listed/"}, "4", "9"]).encode()
    options["uri"] = account.put("manifests/missing", body)
    job = _train(account, "listed-missing", "print(pipe(0))", **options)
    assert f's3://{account.bucket}/listed/9" given in input data source' in job["FailureReason"]


def test_nothing_to_stream_fails_before_the_program_starts(account):
    job = _train(account, "no-stream", "print('started')")
    assert job["FailureReason"].startswith(
        "ClientError: Data download failed:No S3 objects found under S3 URL"
    )
    assert _lines(account, "no-stream") == []


def test_channels_have_their_own_modes_and_pipes_may_be_closed_early_or_left_alone(account):
    account.put("mixed/train/a", b"x" * 3_000_000)
    account.put("mixed/other/a", b"file")
    code = """
with (base / "input/data/train_0").open("rb") as early:
    print(early.read(3))
print(len(pipe(1)))
print((base / "input/data/files/a").read_text(), (base / "input/data/never_0").is_fifo())
"""
    request = _request(account, "mixed", code, uri=f"s3://{account.bucket}/mixed/train/")
    uri = f"s3://{account.bucket}/mixed/other/"
    source = {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": uri}}
    request["InputDataConfig"] += [
        {"ChannelName": "files", "InputMode": "File", "DataSource": source},
        {"ChannelName": "never", "DataSource": source},
    ]
    account.sagemaker.create_training_job(**request)
    assert account.trained("mixed")["TrainingJobStatus"] == "Completed"
    assert _lines(account, "mixed") == ["b'xxx'", "3000000", "file True"]


def test_a_reader_that_stops_is_named_in_the_log_and_when_time_is_up(account, monkeypatch, server):
    monkeypatch.setattr(context.current(), "patience", 0.5)
    account.put("stuck/a", b"x" * 5_000_000)
    code = """
import time
pipe = (base / "input/data/train_0").open("rb", buffering=0)
print(len(pipe.read(1000)), flush=True)
time.sleep(600)
"""
    limit = {"MaxRuntimeInSeconds": 5}
    request = _request(account, "stuck", code) | {"StoppingCondition": limit}
    account.sagemaker.create_training_job(**request)
    job = account.trained("stuck")
    assert (job["TrainingJobStatus"], job["SecondaryStatus"]) == ("Stopped", "MaxRuntimeExceeded")
    message = job["SecondaryStatusTransitions"][-1]["StatusMessage"]
    assert message.startswith(
        "Training job runtime exceeded MaxRuntimeInSeconds provided. Pipe train_0: its reader has read 1,000 "
        "of 5,000,000 bytes and nothing more for "
    )
    told = [line for line in _lines(account, "stuck") if line.startswith("Pipe train_0")]
    assert len(told) == 1
    assert "has read 1,000 of 5,000,000 bytes and nothing more for" in told[0]
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("pipe ")]
    until((server.home / "jobs/training/stuck").exists, lambda there: not there, 5)


def test_a_pipe_that_was_never_opened_is_named_when_time_is_up(account):
    account.put("unopened/a", b"x")
    request = _request(account, "unopened", "import time; time.sleep(600)")
    account.sagemaker.create_training_job(**request | {"StoppingCondition": {"MaxRuntimeInSeconds": 1}})
    job = account.trained("unopened")
    assert job["SecondaryStatus"] == "MaxRuntimeExceeded"
    message = job["SecondaryStatusTransitions"][-1]["StatusMessage"]
    assert message.endswith("provided. Pipe train_0 was never opened.")


def test_stopping_a_job_does_not_wait_for_its_reader(account):
    account.put("halted/a", b"x" * 5_000_000)
    code = """
import time
pipe = (base / "input/data/train_0").open("rb", buffering=0)
print(pipe.read(1), flush=True)
time.sleep(600)
"""
    account.sagemaker.create_training_job(**_request(account, "halted", code))
    until(lambda: _lines(account, "halted"), bool)
    account.sagemaker.stop_training_job(TrainingJobName="halted")
    assert account.trained("halted")["SecondaryStatus"] == "Stopped"
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("pipe ")]


def test_an_object_deleted_before_its_turn_fails_the_job(account):
    account.put("gone/a", b"x" * 5_000_000)
    account.put("gone/b", b"y")
    code = """
import time
with (base / "input/data/train_0").open("rb") as pipe:
    print(pipe.read(1), flush=True)
    while not (base / "go").exists():
        time.sleep(0.02)
    pipe.read()
time.sleep(60)
"""
    account.sagemaker.create_training_job(**_request(account, "gone", code))
    until(lambda: _lines(account, "gone"), bool)
    account.s3.delete_object(Bucket=account.bucket, Key="gone/b")
    (context.current().job_root("training", "gone") / "algo-1/opt/ml/go").touch()
    reason = account.trained("gone")["FailureReason"]
    assert reason.startswith("ClientError: Data download failed:")
    assert "NoSuchKey" in reason


def test_files_that_are_not_copied_cannot_be_changed_and_survive_their_objects(account, server):
    account.put("fast/sub/a", b"stored")
    account.put("fast/b", b"x")
    code = """
import json, time
data = base / "input/data/train"
def refused(action):
    try:
        action()
    except PermissionError:
        return True
print(sorted(str(path.relative_to(data)) for path in data.rglob("*")))
print(refused(lambda: (data / "sub/a").write_text("changed")),
      refused(lambda: (data / "new").write_text("new")),
      refused(lambda: (data / "b").unlink()))
config = json.loads((base / "input/config/inputdataconfig.json").read_text())
print((data / "sub/a").stat().st_nlink, config["train"]["TrainingInputMode"], flush=True)
while not (base / "go").exists():
    time.sleep(0.02)
print((data / "sub/a").read_text())
"""
    account.sagemaker.create_training_job(**_request(account, "fast", code, mode="FastFile"))
    until(lambda: len(_lines(account, "fast")) == 3, bool)
    account.s3.delete_object(Bucket=account.bucket, Key="fast/sub/a")
    account.put("fast/b", b"new")
    (context.current().job_root("training", "fast") / "algo-1/opt/ml/go").touch()
    assert account.trained("fast")["TrainingJobStatus"] == "Completed"
    names, refused, kind, text = _lines(account, "fast")
    assert names == "['b', 'sub', 'sub/a']"
    assert refused == "True True True"
    assert kind == "2 File"
    assert text == "stored"
    until((server.home / "jobs/training/fast").exists, lambda there: not there, 5)


def test_a_program_that_gets_past_the_read_only_mode_fails(account):
    account.put("forced/a", b"a")
    account.put("forced/b", b"b")
    code = """
file = base / "input/data/train/b"
file.chmod(0o644)
file.write_text("changed")
"""
    job = _train(account, "forced", code, mode="FastFile")
    assert job["FailureReason"] == (
        f"AlgorithmError: Channel train is read-only, and the program changed s3://{account.bucket}/forced/b"
    )


def test_files_that_are_not_copied_are_shared_and_never_half_a_folder(account):
    _objects(account, "folder/0", 4)
    account.put("folder/01/x", b"x")
    source = {"S3DataDistributionType": "ShardedByS3Key"}
    code = "print(sorted(os.listdir(base / 'input/data/train')))"
    options = {"mode": "FastFile", "source": source, "instances": 2}
    uri = f"s3://{account.bucket}/folder/0/"
    lines = _completed(account, "fast-shards", f"import os; {code}", uri=uri, **options)
    assert sorted(lines) == ["['0', '2']", "['1', '3']"]
    job = _train(account, "fast-half", "pass", mode="FastFile", uri=uri.removesuffix("/"))
    assert "FastFile mode takes a folder" in job["FailureReason"]
    assert f"also the beginning of s3://{account.bucket}/folder/01/x" in job["FailureReason"]


def test_bodies_that_cannot_be_linked_are_copied(account, monkeypatch):
    def refuse(*_):
        raise OSError(18, "Invalid cross-device link")

    monkeypatch.setattr(os, "link", refuse)
    account.put("copied/a", b"1")
    code = "path = base / 'input/data/train/a'; print(path.read_text(), path.stat().st_nlink)"
    assert _completed(account, "copied", code, mode="FastFile") == ["1 1"]
