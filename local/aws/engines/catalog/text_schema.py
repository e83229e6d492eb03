"""The schema of JSON lines and of comma-separated values, from the beginning of a file."""

import csv
import json
import zlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

GZIP = b"\x1f\x8b"
MAX_INT = 2**31 - 1
WIDER = {"": 0, "int": 1, "bigint": 2, "double": 3}
"""Types of numbers, each of which takes the values of those before it; the first is that of no value."""


def read(head: Path, *, whole: bool) -> dict[str, Any] | None:
    """Columns and the mean size of a record in bytes, uncompressed; None for what is neither of the two.

    Args:
        head: the beginning of a file, or all of it.
        whole: whether it is all of it; if not, its last line is cut somewhere and does not count.
    """
    raw = head.read_bytes()
    compressed = raw.startswith(GZIP)
    try:
        text = (zlib.decompressobj(31).decompress(raw) if compressed else raw).decode()
    except zlib.error:
        return None
    except UnicodeDecodeError as error:
        # A character that is cut at the end is not at fault.
        if whole or error.start < len(error.object) - 4:
            return None
        text = error.object[: error.start].decode()
    lines = [line for line in (text.splitlines() if whole else text.split("\n")[:-1]) if line.strip()]
    if not lines:
        return None
    found = _json(lines) or _csv(lines)
    size = sum(len(line) + 1 for line in lines) / len(lines)
    return found and {**found, "record_size": size, "compression": "gzip" if compressed else "none"}


def _json(lines: list[str]) -> dict[str, Any] | None:
    """None if a line is no object."""
    merged: dict[str, Any] = {}
    try:
        for line in lines:
            record = json.loads(line)
            if not isinstance(record, dict):
                return None
            merged = _merge(merged, {key: _shape(value) for key, value in record.items()})
    except json.JSONDecodeError:
        return None
    return {"format": "json", "columns": [[name, _named(shape)] for name, shape in merged.items()]}


def _shape(value: Any) -> Any:
    """A type's name, a dictionary of shapes for an object, a list of one for an array."""
    if isinstance(value, dict):
        return {key: _shape(item) for key, item in value.items()}
    if isinstance(value, list):
        shape: Any = ""
        for item in value:
            shape = _merge(shape, _shape(item))
        return [shape]
    if value is None:
        return ""
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int):
        return "int" if abs(value) <= MAX_INT else "bigint"
    return "double" if isinstance(value, float) else "string"


def _merge(one: Any, other: Any) -> Any:
    """The shape that takes the values of both."""
    if isinstance(one, dict) and isinstance(other, dict):
        return {key: _merge(one.get(key, ""), other.get(key, "")) for key in [*one, *other]}
    if isinstance(one, list) and isinstance(other, list):
        return [_merge(one[0], other[0])]
    if other in (one, ""):  # shapes are not hashable
        return one
    if one == "":
        return other
    both = isinstance(one, str) and isinstance(other, str) and one in WIDER and other in WIDER
    return max(one, other, key=lambda name: WIDER[name]) if both else "string"


def _named(shape: Any) -> str:
    if isinstance(shape, dict):
        return f"struct<{','.join(f'{name}:{_named(item)}' for name, item in shape.items())}>"
    if isinstance(shape, list):
        return f"array<{_named(shape[0])}>"
    return shape or "string"


def _csv(lines: Iterable[str]) -> dict[str, Any] | None:
    """None for what has one column only, or rows of different lengths.

    The first row is a header if none of it is a number; without one the columns are ``col0``, ``col1``, ...
    """
    rows = list(csv.reader(lines))
    if len(rows[0]) < 2 or any(len(row) != len(rows[0]) for row in rows):  # noqa: PLR2004
        return None
    header = all(_number(value) is None and value for value in rows[0]) and len(rows) > 1
    names = rows[0] if header else [f"col{index}" for index in range(len(rows[0]))]
    values = zip(*rows[1:] if header else rows, strict=True)
    columns = [[name.strip().lower(), _of(column)] for name, column in zip(names, values, strict=True)]
    return {"format": "csv", "columns": columns, "header": header}


def _of(values: Iterable[str]) -> str:
    kinds = [_number(value) or "string" for value in values if value.strip()]
    if not kinds or "string" in kinds:
        return "string"
    return "double" if "double" in kinds else "bigint"


def _number(value: str) -> str | None:
    for kind, parse in (("bigint", int), ("double", float)):
        try:
            parse(value)
        except ValueError:
            continue
        return kind
    return None
