"""What a rank reads: broken records by object and byte, and each record once."""

import json
import os
import threading

import pytest

from tests.include.jobs.speech.in_image import RaisedError

pytestmark = pytest.mark.timeout(1800)  # Horovod is compiled, once

COUNT = "sum(1 for _ in channels.channel('train_1').payloads(0))"
READING = (
    "(lambda r: ([r.add(examples.Example(None, 0, examples.Place(*p))) for p in places], "
    "r.check(0, objects), r.read))(readings.Reading(rank, records))[-1]"
)


@pytest.fixture
def base(tmp_path, image):
    """What stands for /opt/ml of a job whose channels are in this mode."""

    def made(mode, *names):
        config = tmp_path / "input" / "config"
        config.mkdir(parents=True)
        entries = {name: {"TrainingInputMode": mode} for name in names}
        (config / "inputdataconfig.json").write_text(json.dumps(entries))
        (tmp_path / "input" / "data").mkdir()
        image("os.environ.update(SAGEMAKER_BASE_DIR=base)", base=str(tmp_path))
        return tmp_path / "input" / "data"

    return made


def objects(image, *counts):
    """Objects of a shard with so many records each, as bytes by name."""
    made, first = {}, 0
    for number, count in enumerate(counts):
        name = f"part-{number:05}.tfrecord"
        frames = (
            "b''.join(tfrecords.frame(examples.placed(b'', "
            "examples.Place(1, first + n, name, count - n - 1))) for n in range(count)).hex()"
        )
        made[name] = bytes.fromhex(image(frames, first=first, count=count, name=name))
        first += count
    return made


def feed(folder, content):
    """Writes into the pipe of the first epoch once somebody reads."""
    path = folder / "train_1_0"
    os.mkfifo(path)
    threading.Thread(target=path.write_bytes, args=(content,), daemon=True).start()


def test_a_pipe_and_files_have_the_same_records(image, base, tmp_path):
    found = objects(image, 3, 2)
    folder = base("Pipe", "train_1")
    feed(folder, b"".join(found.values()))
    assert image(COUNT) == 5


def test_a_record_that_is_cut_off_in_a_pipe_is_named_by_its_object_and_byte(image, base):
    found = objects(image, 3, 3, 2)
    one = len(found["part-00001.tfrecord"]) // 3
    cut = found["part-00001.tfrecord"][: 2 * one + 20]
    folder = base("Pipe", "train_1")
    feed(folder, found["part-00000.tfrecord"] + cut + found["part-00002.tfrecord"])
    with pytest.raises(
        RaisedError, match=f"Pipe train_1_0: a record .* at byte {2 * one:,} of part-00001.tfrecord"
    ):
        image(COUNT)


def test_a_first_record_that_is_cut_off_is_of_the_object_that_comes_next(image, base):
    found = objects(image, 3, 3)
    folder = base("Pipe", "train_1")
    feed(folder, found["part-00001.tfrecord"] + found["part-00000.tfrecord"][:15])
    with pytest.raises(RaisedError, match=r"at byte 0 of the object that comes after part-00001.tfrecord"):
        image(COUNT)


def test_a_record_that_is_cut_off_in_a_file_is_named_by_it(image, base):
    found = objects(image, 3, 3)
    folder = base("File", "train_1") / "train_1"
    folder.mkdir()
    for name, content in found.items():
        (folder / name).write_bytes(content if name == "part-00000.tfrecord" else content[:-1])
    with pytest.raises(
        RaisedError, match=r"part-00001.tfrecord of channel train_1: a record of .* is cut off"
    ):
        image(COUNT)


def test_a_channel_that_is_not_there_is_named_with_those_that_are(image, base):
    base("File", "train_0", "eval")
    with pytest.raises(RaisedError, match="There is no channel train_1: the job has eval, train_0"):
        image("channels.shard_of(1)")


def test_one_channel_has_a_folder_for_each_rank_and_is_no_pipe(image, base):
    folder = base("File", "train")
    assert image("str(channels.shard_of(1).folder)") == str(folder / "train" / "1")


def test_several_ranks_on_one_pipe_are_refused(image, base):
    base("Pipe", "train")
    with pytest.raises(RaisedError, match="a pipe has one reader: the other ranks would wait for ever"):
        image("channels.shard_of(1)")


def places(*indexes, rank=1, name="part-00000.tfrecord"):
    return [[rank, index, name, 0] for index in indexes]


def test_an_epoch_is_every_record_once(image):
    assert image(READING, rank=1, records=3, objects=1, places=places(2, 0, 1)) == 3


@pytest.mark.parametrize(
    ("found", "says"),
    [
        (
            places(0, 1),
            "read 2 records of the 3 .* in epoch 0: 1 missing, 0 twice. Not there: part-00001.tfrecord",
        ),
        (places(0, 1, 1), "1 missing, 1 twice"),
        (places(0, 1, 2, 2), "read 4 records of the 3 .*: 0 missing, 1 twice"),
        (places(0, rank=2), "was given record 0 of the shard of rank 2"),
        (places(3), "was given record 3 of the shard of rank 1; its own has 3"),
    ],
)
def test_anything_else_is_refused(image, found, says):
    with pytest.raises(RaisedError, match=says):
        image(READING, rank=1, records=3, objects=2, places=found)


@pytest.mark.parametrize(
    ("records", "ranks", "batch"), [(100, 4, 8), (101, 4, 8), (3, 4, 8), (97, 3, 32), (64, 1, 64)]
)
def test_steps_take_each_record_once(image, records, ranks, batch):
    of = f"steps.Steps({records}, {ranks}, {batch})"
    counts = image(f"[[{of}.mine(r, s) for s in range({of}.count)] for r in range({ranks})]")
    assert sum(map(sum, counts)) == records
    assert [sum(each) for each in zip(*counts, strict=True)] == image(
        f"[{of}.everybody(s) for s in range({of}.count)]"
    )
    assert all(each <= batch for rank in counts for each in rank)


def test_the_rate_grows_to_that_of_all_ranks(image):
    rates = image("[learning_rates.learning_rate(0.1, 4, step, 3) for step in range(5)]")
    assert rates == pytest.approx([0.1, 0.2, 0.3, 0.4, 0.4])
    assert image("learning_rates.learning_rate(0.1, 4, 0, 0)") == pytest.approx(0.4)
