"""The shards of a data set: all of it, dealt out evenly, and refusals of what cannot be."""

import json
from collections import Counter

import pytest

from tests.include.jobs.horovod_training.conftest import payloads
from tests.include.jobs.speech.in_image import RaisedError

pytestmark = pytest.mark.timeout(1800)  # Horovod is compiled, once

SHARD = (
    "shard.shard({source}, pathlib.Path(output), ranks, parts.Fractions(0.1, 0.1), seed=seed, "
    "prefix='s3://b/shards/train', object_bytes=object_bytes)"
)
FOLDER = "sources.folder(pathlib.Path(folder))"
PLACES = (
    "[(lambda p: [p.rank, p.index, p.name, p.following])(examples.place_of(bytes.fromhex(each))) "
    "for each in found]"
)


def shard(image, output, source="sources.digits", *, ranks=4, seed=7, object_bytes=2**26, **values):
    options = {"ranks": ranks, "seed": seed, "object_bytes": object_bytes}
    return image(SHARD.format(source=source), output=output, **options, **values)


def written(output, part="train"):
    """Payloads by file."""
    return {
        file.relative_to(output / part).as_posix(): payloads(file)
        for file in (output / part).rglob("*.tfrecord")
    }


@pytest.fixture(scope="module")
def digits(image, tmp_path_factory):
    output = tmp_path_factory.mktemp("digits")
    return output, shard(image, output)


def test_every_rank_has_sixteen_objects_and_all_are_equal_to_within_one_record(digits):
    output, metrics = digits
    files = written(output)
    assert Counter(name.split("/")[0] for name in files) == dict.fromkeys("0123", 16)
    sizes = [
        sum(len(found) for name, found in files.items() if name.startswith(f"{rank}/")) for rank in range(4)
    ]
    assert sum(sizes) == metrics["train_records"]
    assert max(sizes) - min(sizes) <= 1
    assert max(map(len, files.values())) - min(map(len, files.values())) <= 1


def test_no_record_is_lost_or_there_twice(image, digits):
    output, metrics = digits
    came = [bytes.fromhex(each) for each in image("[payload.hex() for _, payload in sources.digits()]")]
    assert metrics["records"] == len(came) == 1797
    there = [
        each
        for part in ("train", "validation", "evaluation")
        for f in written(output, part).values()
        for each in f
    ]
    bare = image(
        "[examples.as_it_came(bytes.fromhex(p)).hex() for p in there]", there=[p.hex() for p in there]
    )
    assert Counter(bare) == Counter(each.hex() for each in came)


def test_a_shard_of_another_run_is_taken_for_what_it_was_made_of(image, digits, tmp_path):
    shard(image, tmp_path, FOLDER, folder=str(digits[0] / "train" / "0"), ranks=2)
    before = [each for found in written(digits[0], "train/0").values() for each in found]
    train = [each for found in written(tmp_path).values() for each in found]
    bare = "[examples.as_it_came(bytes.fromhex(each)).hex() for each in found]"
    came, trained = (image(bare, found=[each.hex() for each in found]) for found in (before, train))
    [validation], [evaluation] = (written(tmp_path, part).values() for part in ("validation", "evaluation"))
    assert Counter([*trained, *(each.hex() for each in validation + evaluation)]) == Counter(came)


def test_records_know_their_place(image, digits):
    output, _ = digits
    for rank in range(4):
        files = {
            name: found for name, found in sorted(written(output).items()) if name.startswith(f"{rank}/")
        }
        places = image(PLACES, found=[p.hex() for found in files.values() for p in found])
        assert [index for _, index, _, _ in places] == list(range(len(places)))
        assert {r for r, _, _, _ in places} == {rank}
        expected = [
            [name.split("/")[1], len(found) - n - 1]
            for name, found in files.items()
            for n in range(len(found))
        ]
        assert [place[2:] for place in places] == expected


def test_every_object_has_many_classes(image, digits):
    output, metrics = digits
    assert (metrics["classes"], metrics["channels"], metrics["height"], metrics["width"]) == (10, 1, 8, 8)
    for found in written(output).values():
        labels = image(
            "[examples.facts(bytes.fromhex(p)).label for p in found]", found=[p.hex() for p in found]
        )
        assert len(set(labels)) >= 5


def test_the_same_seed_gives_the_same_bytes_and_another_one_others(image, digits, tmp_path):
    output, metrics = digits
    assert shard(image, tmp_path / "again") == metrics
    assert written(tmp_path / "again") == written(output)
    other = shard(image, tmp_path / "other", seed=8)
    assert written(tmp_path / "other") != written(output)
    assert other["checksum"] == metrics["checksum"]


def test_larger_sets_have_more_objects(image, tmp_path):
    assert shard(image, tmp_path, ranks=2, object_bytes=2_000)["objects_per_shard"] > 16


def test_a_manifest_lists_the_objects_of_a_rank(digits):
    output, _ = digits
    [head, *names] = json.loads((output / "train" / "2.manifest").read_text())
    assert head == {"prefix": "s3://b/shards/train/"}
    assert names == [f"2/part-{number:05}.tfrecord" for number in range(16)]


def test_shards_of_files_are_those_of_their_records(image, digits, tmp_path):
    _, metrics = digits
    (tmp_path / "in").mkdir()
    frames = "b''.join(tfrecords.frame(p) for _, p in sources.digits())"
    image(f"pathlib.Path(path).write_bytes({frames})", path=tmp_path / "in" / "a.tfrecord")
    found = shard(image, tmp_path / "out", FOLDER, folder=tmp_path / "in")
    assert found == metrics


@pytest.mark.parametrize("ranks", [92, 1024])
def test_too_few_records_are_refused_with_the_most_ranks_that_would_do(image, digits, tmp_path, ranks):
    _, metrics = digits
    most = metrics["train_records"] // 16
    assert most < ranks
    says = f"cannot make {ranks} shards of 16 objects.*: give at most {most} ranks"
    with pytest.raises(RaisedError, match=says):
        shard(image, tmp_path / "too-many", ranks=ranks)
    assert not (tmp_path / "too-many").exists()
    assert shard(image, tmp_path, ranks=most)["shards"] == most


BAD = {
    "nothing": ("b''", "There is no object under the input"),
    "text": ("b'id,label'", "a.tfrecord: a record is cut off after 8 bytes of its head at byte 0"),
    "no example": ("tfrecords.frame(b'x')", r"a.tfrecord, byte 0: a record is no tf.train.Example"),
    "no label": (
        "tfrecords.frame(examples._payload({'image/encoded': b'x'}))",
        "a.tfrecord, byte 0: an example has no 'image/class/label'; it has image/encoded",
    ),
    "no image": (
        "tfrecords.frame(examples._payload({'image/encoded': b'x', 'image/class/label': 1}))",
        "a.tfrecord, byte 0: the image of an example cannot be read",
    ),
    "two sizes": (
        "b''.join(tfrecords.frame(examples.encoded(numpy.zeros((n, 8), 'uint8'), 1)) for n in (8, 9))",
        "an image of 8 x 9 pixels in grey, the first one has 8 x 8 pixels in grey",
    ),
}


@pytest.mark.parametrize("content", BAD)
def test_what_cannot_be_trained_on_is_named(image, tmp_path, content):
    expression, says = BAD[content]
    (tmp_path / "in").mkdir()
    if content != "nothing":
        image(f"pathlib.Path(path).write_bytes({expression})", path=tmp_path / "in" / "a.tfrecord")
    with pytest.raises(RaisedError, match=f"JobError: .*{says}"):
        shard(image, tmp_path / "out", FOLDER, folder=tmp_path / "in")
