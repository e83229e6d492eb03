"""Hive's types as strings: merging those that files of one table have for a column.

Glue's crawlers widen a type where another one takes its values; what cannot be widened becomes a string.
"""

from collections.abc import Iterable, Iterator, Mapping

Columns = Mapping[str, str]
"""Types by column, in the table's order."""

NUMBERS = ("tinyint", "smallint", "int", "bigint", "float", "double")
SPECIAL = {frozenset(("bigint", "float")): "double", frozenset(("date", "timestamp")): "timestamp"}


def merged(schemas: Iterable[Columns]) -> dict[str, str]:
    """All columns, in the order in which they are first met.

    >>> merged([{"id": "int", "name": "string"}, {"id": "bigint", "at": "timestamp"}])
    {'id': 'bigint', 'name': 'string', 'at': 'timestamp'}
    """
    columns: dict[str, str] = {}
    for schema in schemas:
        for name, kind in schema.items():
            columns[name] = wider(columns[name], kind) if name in columns else kind
    return columns


def wider(one: str, other: str) -> str:
    """The type that takes the values of both.

    >>> wider("array<struct<a:int>>", "array<struct<a:double,b:string>>")
    'array<struct<a:double,b:string>>'
    """
    if one == other:
        return one
    kinds = _outer(one), _outer(other)
    if kinds == ("struct", "struct"):
        fields = merged([dict(_fields(one)), dict(_fields(other))])
        return f"struct<{','.join(f'{name}:{kind}' for name, kind in fields.items())}>"
    if kinds == ("array", "array"):
        return f"array<{wider(_inner(one), _inner(other))}>"
    if kinds == ("map", "map"):
        pairs = zip(_parts(_inner(one)), _parts(_inner(other)), strict=True)
        return f"map<{','.join(wider(*pair) for pair in pairs)}>"
    if one in NUMBERS and other in NUMBERS:
        return SPECIAL.get(frozenset((one, other)), max(one, other, key=NUMBERS.index))
    return SPECIAL.get(frozenset((one, other)), "string")


def similarity(one: Columns, other: Columns) -> float:
    """The share of columns that two schemas have in common, 0 to 1."""
    names = one.keys() | other.keys()
    return len(one.keys() & other.keys()) / len(names) if names else 1.0


def _outer(kind: str) -> str:
    return kind.partition("<")[0]


def _inner(kind: str) -> str:
    return kind.partition("<")[2].removesuffix(">")


def _fields(struct: str) -> Iterator[tuple[str, str]]:
    for part in _parts(_inner(struct)):
        name, _, kind = part.partition(":")
        yield name, kind


def _parts(text: str) -> Iterator[str]:
    """What stands between the commas that are inside no brackets."""
    depth, start = 0, 0
    for index, character in enumerate(text):
        depth += (character in "<(") - (character in ">)")
        if character == "," and not depth:
            yield text[start:index]
            start = index + 1
    yield text[start:]
