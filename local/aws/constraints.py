"""Constraints of a request that botocore's model of an API knows, and AWS's words for those it breaks."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from botocore.model import ListShape, MapShape, OperationModel, Shape, StringShape, StructureShape

SHOWN = 200
LISTED = 10


def broken(operation: OperationModel, request: Mapping[str, Any]) -> str | None:
    """The message of AWS's validation error; None for a request that keeps every constraint."""
    shape = operation.input_shape
    problems = list(_problems(shape, request, "")) if isinstance(shape, StructureShape) else []
    if not problems:
        return None
    count = f"{len(problems)} validation error{'s' if len(problems) > 1 else ''} detected"
    return f"{count}: {'; '.join(problems[:LISTED])}"


def _problems(shape: Shape, value: Any, path: str) -> Iterator[str]:
    if isinstance(shape, StructureShape):
        yield from _structure(shape, value, path)
    elif isinstance(shape, ListShape):
        yield from _size(shape, len(value), value, path, "length")
        for index, item in enumerate(value):
            yield from _problems(shape.member, item, f"{path}.{index + 1}.member")
    elif isinstance(shape, MapShape):
        yield from _size(shape, len(value), value, path, "length")
        for key, item in value.items():
            yield from _problems(shape.value, item, f"{path}.{key}")
    elif isinstance(shape, StringShape):
        yield from _string(shape, str(value), path)
    elif shape.type_name in ("integer", "long", "float", "double"):
        yield from _size(shape, value, value, path, "value")


def _structure(shape: StructureShape, value: Mapping[str, Any], path: str) -> Iterator[str]:
    for name in shape.required_members:
        if value.get(name) is None:
            yield _problem("null", _join(path, name), "Member must not be null")
    for name, member in shape.members.items():
        if value.get(name) is not None:
            yield from _problems(member, value[name], _join(path, name))


def _string(shape: StringShape, value: str, path: str) -> Iterator[str]:
    yield from _size(shape, len(value), value, path, "length")
    if shape.enum and value not in shape.enum:
        yield _problem(value, path, f"Member must satisfy enum value set: [{', '.join(shape.enum)}]")
    pattern = shape.metadata.get("pattern")
    if pattern and not _matches(pattern, value):
        yield _problem(value, path, f"Member must satisfy regular expression pattern: {pattern}")


def _size(shape: Shape, size: float, value: Any, path: str, what: str) -> Iterator[str]:
    least, most = shape.metadata.get("min"), shape.metadata.get("max")
    of = "have length" if what == "length" else "have value"
    if least is not None and size < float(least):
        yield _problem(value, path, f"Member must {of} greater than or equal to {least}")
    if most is not None and size > float(most):
        yield _problem(value, path, f"Member must {of} less than or equal to {most}")


def _matches(pattern: str, value: str) -> bool:
    try:
        return re.fullmatch(pattern, value, re.DOTALL) is not None
    except re.error:
        # The model's patterns are Java's; the few that Python cannot read are not checked.
        return True


def _problem(value: Any, path: str, constraint: str) -> str:
    shown = str(value)
    shown = shown if len(shown) <= SHOWN else shown[:SHOWN] + "..."
    return f"Value '{shown}' at '{path}' failed to satisfy constraint: {constraint}"


def _join(path: str, name: str) -> str:
    name = name[0].lower() + name[1:]
    return f"{path}.{name}" if path else name
