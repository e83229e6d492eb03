"""Selectors: by label and by field.

https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#label-selectors
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

from local.aws.kubernetes.statuses import BadRequestError

Selector = Callable[[Mapping[str, Any]], bool]
REQUIREMENT = re.compile(
    r"\s*(?:(!?)\s*([^\s,=!()]+)\s*(?:(==?|!=)\s*([^\s,=!()]*)|(in|notin)\s*\(([^()]*)\))?)\s*"
)
SELECTABLE = ("metadata.name", "metadata.namespace", "status.phase", "spec.nodeName", "involvedObject.name")


def by_labels(text: str) -> Selector:
    """``app=a,tier!=b,env in (x, y),gpu,!old``.

    Raises:
        BadRequestError: it is none.
    """
    requirements = [_label(part) for part in _parts(text)]

    def selects(thing: Mapping[str, Any]) -> bool:
        labels = thing["metadata"].get("labels") or {}
        return all(holds(labels) for holds in requirements)

    return selects


def by_fields(text: str) -> Selector:
    """``metadata.name=a,status.phase!=Running``.

    Raises:
        BadRequestError: it is none, or of a field that cannot be selected by.
    """
    requirements = []
    for part in filter(None, text.split(",")):
        name, operator, value = (
            (piece.strip() for piece in re.split(r"(!=|==?)", part, maxsplit=1))
            if "=" in part
            else ("", "", "")
        )
        if name not in SELECTABLE:
            raise BadRequestError(
                f"field label not supported: {name or part}: give one of {', '.join(SELECTABLE)}"
            )
        requirements.append((name.split("."), value, operator != "!="))

    def selects(thing: Mapping[str, Any]) -> bool:
        return all((_at(thing, path) == value) == equal for path, value, equal in requirements)

    return selects


def _parts(text: str) -> list[str]:
    """At commas, those between brackets left out."""
    return [part for part in re.split(r",(?![^()]*\))", text) if part.strip()]


def _label(part: str) -> Callable[[Mapping[str, str]], bool]:
    found = REQUIREMENT.fullmatch(part)
    if not found or (found[1] and (found[3] or found[5])):
        raise BadRequestError(f"unable to parse requirement: {part.strip()!r} is no label selector")
    absent, key, operator, value, membership, values = found.groups()
    if operator:
        return lambda labels: (labels.get(key) == value) == (operator != "!=")
    if membership:
        among = {each.strip() for each in values.split(",")}
        return lambda labels: (labels.get(key) in among) == (membership == "in")
    return lambda labels: (key in labels) != bool(absent)


def _at(thing: Mapping[str, Any], path: list[str]) -> str:
    found: Any = thing
    for name in path:
        found = found.get(name, {}) if isinstance(found, Mapping) else {}
    return found if isinstance(found, str) else ""
