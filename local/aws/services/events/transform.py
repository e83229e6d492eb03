"""What a target receives: the event, a part of it, a constant, or a template filled from it.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-transform-target-input.html
"""

import json
import re
from typing import Any

from jsonpath_ng.parser import parse
from moto.core.utils import iso_8601_datetime_with_milliseconds

Event = dict[str, Any]
_VARIABLE = re.compile(r"<([A-Za-z0-9_.-]+)>")
_MISSING = object()


def target_input(target: dict[str, Any], event: Event, rule: Any) -> str:
    """The text that is sent to ``target`` for ``event``."""
    if "Input" in target:
        return str(target["Input"])
    if "InputPath" in target:
        return json.dumps(found(target["InputPath"], event, None))
    if transformer := target.get("InputTransformer"):
        paths = transformer.get("InputPathsMap", {})
        values = {name: found(path, event, _MISSING) for name, path in paths.items()}
        return _fill(transformer["InputTemplate"], values | _reserved(event, rule))
    return json.dumps(event)


def found(path: str, event: Event, default: Any) -> Any:
    """What a JSON path finds in an event."""
    # The parser takes names with a dash only in quotes, AWS takes them plain.
    quoted = re.sub(r"\.([A-Za-z0-9_]*-[A-Za-z0-9_-]*)", r'."\1"', path)
    matches = parse(quoted).find(event)
    return matches[0].value if matches else default


def _reserved(event: Event, rule: Any) -> dict[str, Any]:
    return {
        "aws.events.rule-arn": rule.arn,
        "aws.events.rule-name": rule.name,
        "aws.events.event.ingestion-time": iso_8601_datetime_with_milliseconds(),
        "aws.events.event": {name: value for name, value in event.items() if name != "detail"},
        "aws.events.event.json": event,
    }


def _fill(template: str, values: dict[str, Any]) -> str:
    """Puts values in place of ``<name>``: bare inside quotes, as JSON outside of them."""
    pieces: list[str] = []
    position = 0
    for variable in _VARIABLE.finditer(template):
        value = values.get(variable[1], _MISSING)
        if variable[1] not in values:
            continue
        pieces.append(template[position : variable.start()])
        pieces.append(_written(value, quoted=_inside_quotes(template, variable.start())))
        position = variable.end()
    return "".join([*pieces, template[position:]])


def _inside_quotes(template: str, position: int) -> bool:
    unescaped = re.sub(r"\\.", "", template[:position])
    return unescaped.count('"') % 2 == 1


def _written(value: Any, *, quoted: bool) -> str:
    if value is _MISSING:
        return "" if quoted else '""'
    if not quoted:
        return json.dumps(value)
    text = value if isinstance(value, str) else json.dumps(value)
    return json.dumps(text)[1:-1]
