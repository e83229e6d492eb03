"""The frames of TFRecord: those of other writers, and what is told of broken ones."""

import pytest

from tests.include.jobs.speech.in_image import RaisedError

pytestmark = pytest.mark.timeout(1800)  # Horovod is compiled, once

READ = "[[r.payload.decode(), r.offset] for r in tfrecords.read(io.BytesIO(bytes.fromhex(content)))]"
FRAME = 21
"""Bytes of the frame of ``hello``, whose head has twelve and whose end four."""
BROKEN = [
    (lambda frame: frame[:5], "a record is cut off after 5 bytes of its head at byte 0"),
    (lambda frame: frame[:15], "a record of 5 bytes is cut off after 3 at byte 0"),
    (lambda frame: frame[:-1], "a record of 5 bytes is cut off after 8 at byte 0"),
    (lambda frame: frame + frame[:15], "a record of 5 bytes is cut off after 3 at byte 21"),
    (
        lambda frame: frame[:9] + frame,
        "what should be the head of a record is none: its checksum differs at byte 0",
    ),
    (
        lambda frame: frame.replace(b"hello", b"hallo"),
        "a record of 5 bytes is damaged: its checksum differs at byte 0",
    ),
]


@pytest.fixture(scope="module")
def hello(image):
    return bytes.fromhex(image("tfrecords.frame(b'hello').hex()"))


def test_what_another_library_writes_is_read_and_framed_alike(image, tmp_path):
    file = tmp_path / "one.tfrecord"
    image("(lambda w: (w.write({'a': (1, 'int')}), w.close()))(tfrecord.TFRecordWriter(path))[0]", path=file)
    framed = (
        "b''.join(tfrecords.frame(r.payload) for r in tfrecords.read(io.BytesIO(bytes.fromhex(c)))).hex()"
    )
    assert bytes.fromhex(image(framed, c=file.read_bytes().hex())) == file.read_bytes() != b""


def test_records_come_with_the_byte_where_they_begin(image, hello):
    assert len(hello) == FRAME
    assert image(READ, content=(hello * 2).hex()) == [["hello", 0], ["hello", FRAME]]
    assert image(READ, content="") == []


@pytest.mark.parametrize(("broken", "says"), BROKEN, ids=[says for _, says in BROKEN])
def test_a_broken_record_is_named_by_its_byte(image, hello, broken, says):
    with pytest.raises(RaisedError, match=f"RecordError: {says}"):
        image(READ, content=broken(hello).hex())


def test_a_length_that_cannot_be_is_not_allocated(image):
    head = "(lambda n: n + tfrecords.CHECKSUM.pack(tfrecords.masked(n)))(tfrecords.LENGTH.pack(2**40))"
    with pytest.raises(
        RaisedError, match="a record of 1,099,511,627,776 bytes, at most 1,073,741,824 are read"
    ):
        image(f"list(tfrecords.read(io.BytesIO({head})))")
