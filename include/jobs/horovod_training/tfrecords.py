"""The frames of TFRecord, read from what cannot be sought, as a named pipe, and checked.

Each record is its length (8 bytes), a checksum of that (4), the payload and a checksum of the payload (4).
The libraries that read the format ask a file for its size or leave the checksums out; what is in the
payload is theirs again: see `examples`.

https://www.tensorflow.org/tutorials/load_data/tfrecord#tfrecords_format_details
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO

import crc32c

LENGTH = struct.Struct("<Q")
CHECKSUM = struct.Struct("<I")
FRAME_BYTES = LENGTH.size + 2 * CHECKSUM.size
"""What a record takes beside its payload."""
LARGEST_BYTES = 2**30
"""No image is as large: such a length is that of a broken frame, and would be allocated."""


class RecordError(ValueError):
    """Bytes that are no record. ``after`` is how many bytes of records came before them."""

    def __init__(self, reason: str, after: int) -> None:
        super().__init__(f"{reason} at byte {after:,}")
        self.reason, self.after = reason, after


@dataclass(frozen=True)
class Record:
    """A payload, and the byte at which its frame began."""

    payload: bytes
    offset: int

    @property
    def checksum(self) -> int:
        """Of the payload, as its frame has it."""
        return masked(self.payload)

    @property
    def end(self) -> int:
        """The byte at which the next frame begins."""
        return self.offset + FRAME_BYTES + len(self.payload)


def masked(content: bytes) -> int:
    """CRC-32C as the format keeps it: rotated and moved, since payloads may hold checksums themselves."""
    crc: int = crc32c.crc32c(content)
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF


def frame(payload: bytes) -> bytes:
    """A payload as it stands in a file."""
    length = LENGTH.pack(len(payload))
    checksums = CHECKSUM.pack(masked(length)), CHECKSUM.pack(masked(payload))
    return length + checksums[0] + payload + checksums[1]


def read(stream: IO[bytes]) -> Iterator[Record]:
    """The records of a stream up to its end.

    Raises:
        RecordError: the stream ends within a record, or a checksum is not that of what it is for.
    """
    offset = 0
    while head := _read(stream, LENGTH.size + CHECKSUM.size):
        if len(head) < LENGTH.size + CHECKSUM.size:
            raise RecordError(f"a record is cut off after {len(head)} bytes of its head", offset)
        [length] = LENGTH.unpack_from(head)
        if CHECKSUM.unpack_from(head, LENGTH.size) != (masked(head[: LENGTH.size]),):
            raise RecordError("what should be the head of a record is none: its checksum differs", offset)
        if length > LARGEST_BYTES:
            raise RecordError(f"a record of {length:,} bytes, at most {LARGEST_BYTES:,} are read", offset)
        body = _read(stream, length + CHECKSUM.size)
        if len(body) < length + CHECKSUM.size:
            raise RecordError(f"a record of {length:,} bytes is cut off after {len(body):,}", offset)
        payload = body[:length]
        if CHECKSUM.unpack_from(body, length) != (masked(payload),):
            raise RecordError(f"a record of {length:,} bytes is damaged: its checksum differs", offset)
        record = Record(payload, offset)
        yield record
        offset = record.end


def _read(stream: IO[bytes], count: int) -> bytes:
    """So many bytes, or those up to the end: a pipe gives what it has."""
    parts = []
    while count and (part := stream.read(count)):
        parts.append(part)
        count -= len(part)
    return b"".join(parts)
