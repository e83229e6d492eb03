"""Matches events against patterns.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html
"""

import ipaddress
import operator
import re
from collections.abc import Callable, Iterator
from typing import Any

from moto.events.models import EventPattern

COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    "=": operator.eq,
    ">=": operator.ge,
    ">": operator.gt,
}


def matches_event(self: EventPattern, event: Any) -> bool:
    """The method of moto's ``EventPattern``: an empty pattern matches all."""
    return matches(self.get_pattern() or {}, event)


def matches(pattern: dict[str, Any], event: Any) -> bool:
    """Whether every field of ``pattern`` accepts a value of ``event``.

    A field that is an object is matched inside the event's object, or inside any object of a list.
    """
    if isinstance(event, list):
        return any(matches(pattern, item) for item in event)
    return all(_field(name, rule, event) for name, rule in pattern.items())


def _field(name: str, rule: Any, event: Any) -> bool:
    if name == "$or":
        return any(matches(alternative, event) for alternative in rule)
    present = isinstance(event, dict) and name in event
    value = event[name] if present else None
    if isinstance(rule, dict):
        # Inside an object that is not there, only {"exists": false} can match.
        return matches(rule, value if isinstance(value, dict | list) else {})
    leaves = list(_leaves(value)) if present else []
    return any(_accepts(test, leaves) for test in rule)


def _leaves(value: Any) -> Iterator[Any]:
    """The values that a test is tried on: of a list each one; an object is none."""
    if isinstance(value, list):
        for item in value:
            yield from _leaves(item)
    elif not isinstance(value, dict):
        yield value


def _accepts(test: Any, leaves: list[Any]) -> bool:
    if not isinstance(test, dict):
        return any(_same(leaf, test) for leaf in leaves)
    ((name, operand),) = test.items()
    if name == "exists":
        return bool(leaves) is operand
    return any(_test(name, operand, leaf) for leaf in leaves)


def _same(leaf: Any, expected: Any) -> bool:
    """Equality of JSON values: 1 equals 1.0, and True is no number."""
    return isinstance(leaf, bool) is isinstance(expected, bool) and bool(leaf == expected)


def _test(name: str, operand: Any, leaf: Any) -> bool:
    if name == "anything-but":
        return not _excluded(operand, leaf)
    if name == "numeric":
        return _number(leaf) and all(
            COMPARE[sign](leaf, bound) for sign, bound in zip(operand[::2], operand[1::2], strict=True)
        )
    if isinstance(operand, list):
        return any(_test(name, one, leaf) for one in operand)
    return isinstance(leaf, str) and _text_test(name, operand, leaf)


def _excluded(operand: Any, leaf: Any) -> bool:
    if isinstance(operand, dict):
        return any(_test(name, inner, leaf) for name, inner in operand.items())
    return any(_same(leaf, value) for value in (operand if isinstance(operand, list) else [operand]))


def _number(leaf: Any) -> bool:
    return isinstance(leaf, int | float) and not isinstance(leaf, bool)


def _text_test(name: str, operand: Any, leaf: str) -> bool:
    if isinstance(operand, dict):  # {"prefix": {"equals-ignore-case": "x"}}
        leaf, operand = leaf.lower(), operand["equals-ignore-case"].lower()
    if name == "prefix":
        return leaf.startswith(operand)
    if name == "suffix":
        return leaf.endswith(operand)
    if name == "equals-ignore-case":
        return leaf.lower() == str(operand).lower()
    if name == "wildcard":
        return re.fullmatch(_wildcard(operand), leaf, re.DOTALL) is not None
    if name == "cidr":
        return _in_network(leaf, operand)
    return False


def _wildcard(operand: str) -> str:
    r"""A regular expression: ``*`` is any text, ``\*`` and ``\\`` stand for themselves."""
    parts = re.findall(r"\\[*\\]|\*|[^*\\]+|\\", operand)
    return "".join(
        ".*" if part == "*" else re.escape(part[-1] if part[:1] == "\\" else part) for part in parts
    )


def _in_network(leaf: str, network: str) -> bool:
    try:
        return ipaddress.ip_address(leaf) in ipaddress.ip_network(network)
    except ValueError:
        return False
