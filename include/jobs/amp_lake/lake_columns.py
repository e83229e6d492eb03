"""The columns of the lake's tables, and what becomes of a field that the contract does not know.

The first events that have such a field decide the type of its column. From then on it stays: a value of
another type is widened to it where nothing is lost, and otherwise its line is rejected.
"""

import json
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from event_types import event_types
from failure import JobError
from objects import Location, content, write

MOST_COLUMNS = 200
"""Of a table; whoever sends keys as values would otherwise make a column of each."""
INTEGER, NUMBER = "bigint", "double"
TEXT = "string"
LARGEST_INTEGER_DIGITS = 18
DECIMAL = re.compile(r"DECIMAL\((\d+),(\d+)\)")
ARRAY = re.compile(r"ARRAY<(BIGINT|BOOLEAN|STRING)>")
NOTHING = ("VOID", "ARRAY<VOID>")
"""Types of null and of an empty array: they fit every column, and make none."""


@dataclass(frozen=True)
class Shape:
    """Lines of a table that have the same fields of the same types, and how many they are."""

    table: str
    types: str
    lines: int


@dataclass(frozen=True)
class Columns:
    """Table -> column -> type, and for each shape that does not fit the reason why its lines are rejected."""

    tables: dict[str, dict[str, str]]
    refused: dict[Shape, str]


def read_columns(place: Location) -> dict[str, dict[str, str]]:
    """Columns that the tables have beside those of the contract.

    Raises:
        JobError: what is there is no such document.
    """
    found = content(place)
    try:
        return json.loads(found) if found else {}
    except ValueError as error:
        raise JobError(f"{place} is not JSON ({error}): put its former version back.") from error


def write_columns(place: Location, columns: Mapping[str, Mapping[str, str]], kms_key: str | None) -> None:
    """Replaces the document."""
    write(place, json.dumps(columns, indent=1, sort_keys=True).encode(), kms_key)


def merged(known: Mapping[str, Mapping[str, str]], shapes: list[Shape]) -> Columns:
    """The columns with those that the shapes bring, and which shapes do not fit.

    Of two types for a new column the one of more lines is taken, with integers being numbers, too.
    """
    tables = {name: dict(columns) for name, columns in known.items()}
    for (table, field), types in sorted(_new_fields(tables, shapes).items()):
        if len(event_types()[table]) + len(tables.get(table, {})) < MOST_COLUMNS:
            tables.setdefault(table, {})[field] = _chosen(types)
    refused = {shape: reason for shape in shapes if (reason := _misfit(tables.get(shape.table, {}), shape))}
    return Columns(tables, refused)


def added(
    before: Mapping[str, Mapping[str, str]], after: Mapping[str, Mapping[str, str]]
) -> dict[str, list[str]]:
    """Table -> columns that it did not have."""
    new = {table: sorted(set(columns) - set(before.get(table, {}))) for table, columns in after.items()}
    return {table: columns for table, columns in new.items() if columns}


def _new_fields(
    known: Mapping[str, Mapping[str, str]], shapes: list[Shape]
) -> dict[tuple[str, str], dict[str, int]]:
    """(Table, field) -> column type -> lines."""
    found: dict[tuple[str, str], dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for shape in shapes:
        for field, json_type in unknown_fields(shape):
            if field not in known.get(shape.table, {}) and json_type not in NOTHING:
                found[shape.table, field][column_type(json_type)] += shape.lines
    return found


def _chosen(types: Mapping[str, int]) -> str:
    if set(types) == {INTEGER, NUMBER}:
        return NUMBER
    return max(types, key=lambda name: (types[name], name))


def _misfit(columns: Mapping[str, str], shape: Shape) -> str | None:
    for field, json_type in unknown_fields(shape):
        if json_type in NOTHING:
            continue
        if field not in columns:
            return f"too many columns: {shape.table} has {MOST_COLUMNS}, {field} would be one more"
        given, column = column_type(json_type), columns[field]
        if given != column and (given, column) != (INTEGER, NUMBER):
            return f"type conflict: {field} is {given}, the lake has {column}"
    return None


def column_type(json_type: str) -> str:
    """The type of the column for a JSON value; what is nested is kept as its text.

    >>> column_type("DECIMAL(3,1)"), column_type("ARRAY<STRING>"), column_type("OBJECT<a: BIGINT>")
    ('double', 'array<string>', 'string')
    """
    if decimal := DECIMAL.fullmatch(json_type):
        digits, scale = map(int, decimal.groups())
        return INTEGER if scale == 0 and digits <= LARGEST_INTEGER_DIGITS else NUMBER
    if array := ARRAY.fullmatch(json_type):
        return f"array<{column_type(array[1])}>"
    plain = {"BIGINT": INTEGER, "DOUBLE": NUMBER, "FLOAT": NUMBER, "BOOLEAN": "boolean"}
    return plain.get(json_type, TEXT)


def unknown_fields(shape: Shape) -> list[tuple[str, str]]:
    """Fields that the contract does not have, with the types of their values."""
    known = event_types()[shape.table]
    return [(name, of) for name, of in fields_of(shape.types) if name not in known]


def fields_of(types: str) -> Iterator[tuple[str, str]]:
    """Fields and types of what Spark says of an object.

    >>> list(fields_of("OBJECT<a: BIGINT, b: OBJECT<c: STRING, d: VOID>>"))
    [('a', 'BIGINT'), ('b', 'OBJECT<c: STRING, d: VOID>')]
    """
    inside, depth, start = types.removeprefix("OBJECT<")[:-1], 0, 0
    for position, character in enumerate(f"{inside},"):
        depth += {"<": 1, "(": 1, ">": -1, ")": -1}.get(character, 0)
        if character == "," and not depth:
            name, _, of = inside[start:position].strip().partition(": ")
            yield name.strip("`"), of
            start = position + 1
