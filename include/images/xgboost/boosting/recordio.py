"""RecordIO: how records follow one another in a file or a pipe.

A record is the magic number, a number with a flag in its upper three bits and the length in the others,
the content, and zeros up to a multiple of four bytes; numbers are little-endian. A content that holds the
magic number itself at a multiple of four may come in parts that are joined by it.
https://mxnet.apache.org/versions/1.9.1/api/architecture/note_data_loading
"""

import struct
from collections.abc import Iterable, Iterator
from typing import BinaryIO

from .batch import DataError

MAGIC = 0xCED7230A
HEADER = struct.Struct("<II")
LENGTH_BITS = 29
WHOLE, FIRST, MIDDLE, LAST = range(4)


def records(stream: BinaryIO, source: str) -> Iterator[tuple[int, int, bytes]]:
    """Number from 0, offset in bytes and content of each record.

    Raises:
        DataError: a magic number is not there, or the stream ends within a record.
    """
    number, offset, begin, parts = 0, 0, 0, list[bytes]()
    while header := stream.read(HEADER.size):
        where = f"{source}, record {number} at byte {offset}"
        flag, length = _header(header, where)
        padded = (length + 3) // 4 * 4
        content = stream.read(padded)
        if len(content) < padded:
            raise DataError(f"{where} ends after {len(content)} bytes of content: expected {padded}.")
        if (flag in {WHOLE, FIRST}) != (not parts):
            raise DataError(f"{where} has the flag {flag}: expected {'2 or 3' if parts else '0 or 1'}.")
        begin = begin if parts else offset
        parts.append(content[:length])
        offset += HEADER.size + padded
        if flag in {WHOLE, LAST}:
            yield number, begin, struct.pack("<I", MAGIC).join(parts)
            number, parts = number + 1, []
    if parts:
        raise DataError(f"{source}, record {number} at byte {begin} has no last part.")


def _header(header: bytes, where: str) -> tuple[int, int]:
    if len(header) < HEADER.size:
        raise DataError(f"{where} ends after {len(header)} bytes of its header: expected {HEADER.size}.")
    magic, rest = HEADER.unpack(header)
    if magic != MAGIC:
        raise DataError(f"{where} has the magic number {magic:#010x}: expected {MAGIC:#010x} (RecordIO).")
    return rest >> LENGTH_BITS, rest & ((1 << LENGTH_BITS) - 1)


def write(contents: Iterable[bytes], stream: BinaryIO) -> None:
    """Each content as a record of one part."""
    stream.writelines(
        HEADER.pack(MAGIC, len(content)) + content + bytes(-len(content) % 4) for content in contents
    )
