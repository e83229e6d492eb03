"""What all list operations share: pages, and the filters of ``ListCrawls``."""

import operator
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from local.aws.services.glue.validation import InvalidInputError

FIELDS = {
    "CRAWL_ID": "CrawlId",
    "STATE": "State",
    "START_TIME": "StartTime",
    "END_TIME": "EndTime",
    "DPU_HOUR": "DPUHour",
}
COMPARISONS = {
    "GT": operator.gt,
    "GE": operator.ge,
    "LT": operator.lt,
    "LE": operator.le,
    "EQ": operator.eq,
    "NE": operator.ne,
}


def page(key: str, items: Sequence[Any], request: Mapping[str, Any], default: int = 100) -> dict[str, Any]:
    """The answer of a list operation: one page of the items, and the token of the next one."""
    token = request.get("NextToken") or "0"
    if not token.isdigit() or int(token) > len(items):
        raise InvalidInputError(f"The next token {token!r} isn't valid: this operation did not give it.")
    start, size = int(token), int(request.get("MaxResults") or default)
    following = {"NextToken": str(start + size)} if start + size < len(items) else {}
    return {key: items[start : start + size], **following}


def passes(crawl: Mapping[str, Any], wanted: Mapping[str, str]) -> bool:
    """Whether a crawl is what a filter asks for; times are given in ISO 8601 or as seconds since 1970."""
    value = crawl.get(FIELDS[wanted["FieldName"]])
    if value is None:
        return False
    given: Any = wanted["FieldValue"]
    try:
        if isinstance(value, datetime):
            given = _moment(given)
        elif isinstance(value, float):
            given = float(given)
    except ValueError as error:
        raise InvalidInputError(f"{given!r} is no value of {wanted['FieldName']}: {error}") from error
    return bool(COMPARISONS[wanted["FilterOperator"]](value, given))


def _moment(text: str) -> datetime:
    if text.replace(".", "", 1).isdigit():
        return datetime.fromtimestamp(float(text), UTC)
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
