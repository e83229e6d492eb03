"""The requests that a batch transform job makes of an object."""

from collections.abc import Iterator
from pathlib import Path

MEGABYTE = 1024 * 1024


class PayloadTooLargeError(Exception):
    """A record, or an object that is not split, is over the limit of a request."""


def payloads(path: Path, split: str, strategy: str, limit: int) -> Iterator[bytes]:
    """Bodies of requests, in the order of the file.

    Args:
        path: an object's copy.
        split: ``None`` for the whole object at once, ``Line`` for its lines, which lose their newlines.
        strategy: ``SingleRecord`` for one line a request, ``MultiRecord`` for as many as fit.
        limit: bytes of a request at most; 0 for no limit.

    Raises:
        PayloadTooLargeError: when its turn comes; what was before is given first.
    """
    if split == "None":
        yield _checked(path.read_bytes(), limit)
        return
    records = (_checked(record, limit) for record in _lines(path))
    yield from records if strategy == "SingleRecord" else _joined(records, limit)


def _lines(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        for line in file:
            yield line.removesuffix(b"\n")


def _joined(records: Iterator[bytes], limit: int) -> Iterator[bytes]:
    batch: list[bytes] = []
    size = 0
    for record in records:
        # Records are joined by newlines, one byte each.
        if batch and limit and size + 1 + len(record) > limit:
            yield b"\n".join(batch)
            batch, size = [], 0
        size += len(record) + (1 if batch else 0)
        batch.append(record)
    if batch:
        yield b"\n".join(batch)


def _checked(payload: bytes, limit: int) -> bytes:
    if limit and len(payload) > limit:
        raise PayloadTooLargeError(
            f"Too much data for max payload size: {len(payload)} bytes, the limit is {limit}. "
            "Give a higher MaxPayloadInMB or a SplitType."
        )
    return payload
