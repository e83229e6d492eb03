"""The requests that a batch transform job makes of an object."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

MEGABYTE = 1024 * 1024


@dataclass(frozen=True)
class Payload:
    """One request: what the model gets, and the records that it was made of, as they are in the object."""

    body: bytes
    records: Sequence[bytes]


class PayloadTooLargeError(Exception):
    """A record, or an object that is not split, is over the limit of a request."""


def payloads(
    path: Path, split: str, strategy: str, limit: int, given: Callable[[bytes], bytes] = bytes
) -> Iterator[Payload]:
    """Requests, in the order of the file.

    Args:
        path: an object's copy.
        split: ``None`` for the whole object at once, ``Line`` for its lines, which lose their newlines.
        strategy: ``SingleRecord`` for one line a request, ``MultiRecord`` for as many as fit.
        limit: bytes of a request, and of an object that is not split, at most; 0 for no limit, which takes a
            whole object into memory.
        given: what the model gets of a record; all of it if nothing else is said.

    Raises:
        PayloadTooLargeError: when its turn comes. What `given` raises comes through.
    """
    records = _whole(path, limit) if split == "None" else _lines(path)
    pairs = ((record, _checked(given(record), limit)) for record in records)
    most = 1 if split == "None" or strategy == "SingleRecord" else None
    return _batches(pairs, limit, most)


def _whole(path: Path, limit: int) -> Iterator[bytes]:
    _check_size(path.stat().st_size, limit)
    yield path.read_bytes()


def _lines(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        for line in file:
            yield line.removesuffix(b"\n")


def _batches(pairs: Iterator[tuple[bytes, bytes]], limit: int, most: int | None) -> Iterator[Payload]:
    records: list[bytes] = []
    bodies: list[bytes] = []
    size = 0
    for record, body in pairs:
        # Bodies are joined by newlines, one byte each.
        is_full = limit and size + 1 + len(body) > limit
        if bodies and (is_full or len(bodies) == most):
            yield Payload(b"\n".join(bodies), records)
            records, bodies, size = [], [], 0
        size += len(body) + (1 if bodies else 0)
        records.append(record)
        bodies.append(body)
    if bodies:
        yield Payload(b"\n".join(bodies), records)


def _checked(payload: bytes, limit: int) -> bytes:
    _check_size(len(payload), limit)
    return payload


def _check_size(size: int, limit: int) -> None:
    if limit and size > limit:
        raise PayloadTooLargeError(
            f"Too much data for max payload size: {size} bytes, the limit is {limit}. "
            "Give a higher MaxPayloadInMB or a SplitType."
        )
