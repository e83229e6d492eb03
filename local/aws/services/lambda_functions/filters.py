"""Which records of an event source a function gets.

https://docs.aws.amazon.com/lambda/latest/dg/invocation-eventfiltering.html
"""

import base64
import binascii
import json
from collections.abc import Mapping
from typing import Any

from local.aws.services.events.pattern import matches

Record = dict[str, Any]


def passes(criteria: Mapping[str, Any] | None, record: Record, content: str) -> bool:
    """Whether any pattern accepts a record; all pass where there is no pattern.

    Args:
        criteria: ``FilterCriteria`` of an event source mapping.
        record: as the function gets it.
        content: the member that patterns look into: ``body`` of a message, ``data`` of a stream's record.
    """
    patterns = [
        json.loads(each["Pattern"]) for each in (criteria or {}).get("Filters") or [] if "Pattern" in each
    ]
    return not patterns or any(_accepts(pattern, record, content) for pattern in patterns)


def _accepts(pattern: Mapping[str, Any], record: Record, content: str) -> bool:
    """A pattern and content of different kinds, text and JSON, do not match: AWS drops such a record."""
    wanted = pattern.get(content)
    seen = dict(record.get("kinesis") or record)
    text = _decoded(seen[content]) if content == "data" else seen[content]
    if isinstance(wanted, Mapping):
        try:
            seen[content] = json.loads(text)
        except ValueError:
            return False
        if not isinstance(seen[content], dict):
            return False
    else:
        seen[content] = text
    return matches(dict(pattern), seen)


def _decoded(data: str) -> str:
    try:
        return base64.b64decode(data, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return ""
