"""RecordIO framing: how SageMaker wraps the objects of a channel with ``RecordWrapperType`` ``RecordIO``.

A record is a magic number, its length, its bytes and zeros up to a multiple of four; numbers are
little-endian. https://docs.aws.amazon.com/sagemaker/latest/dg/cdf-training.html,
https://mxnet.apache.org/versions/1.9.1/api/architecture/note_data_loading
"""

import struct

MAGIC = 0xCED7230A
LONGEST = (1 << 29) - 1
"""Bytes of a record: the upper three bits of the length say whether it is a part of one."""
HEADER = struct.Struct("<II")


class RecordTooLongError(ValueError):
    """An object does not fit into one record."""


def frame(size: int) -> tuple[bytes, bytes]:
    """What comes before and after the bytes of a record.

    Raises:
        RecordTooLongError: the length has 29 bits.

    >>> [part.hex() for part in frame(5)]
    ['0a23d7ce05000000', '000000']
    """
    if size > LONGEST:
        raise RecordTooLongError(
            f"an object of at least {size:,} bytes does not fit into a RecordIO record, which holds "
            f"{LONGEST:,}: split the object or leave RecordWrapperType out"
        )
    return HEADER.pack(MAGIC, size), bytes(-size % 4)


def framed_size(size: int) -> int:
    """Bytes of a record with its frame.

    >>> framed_size(5)
    16
    """
    return HEADER.size + size + -size % 4
