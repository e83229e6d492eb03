"""What all list operations share: filters by name and state, and pages."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from local.aws.services.transcribe.records import Record, StatefulRecord
from local.aws.services.transcribe.validation import BadRequestError, service_model

DEFAULT_PAGE = 5
"""https://docs.aws.amazon.com/transcribe/latest/APIReference/API_ListTranscriptionJobs.html"""


def listed(operation: str, key: str, records: Iterable[Record], request: Mapping[str, Any]) -> dict[str, Any]:
    """The answer of a list operation, the newest first.

    Args:
        operation: AWS's name of it.
        key: the member that holds the summaries.
        records: oldest first.
        request: with the filters.
    """
    part = (request.get("JobNameContains") or request.get("NameContains") or "").lower()
    state = request.get("Status") or request.get("StateEquals") or request.get("StatusEquals")
    chosen = [record for record in records if part in record.name.lower() and _is_in(record, state)]
    page, token = _page(chosen[::-1], request)
    shape: Any = service_model().operation_model(operation).output_shape
    members = shape.members[key].member.members
    answer: dict[str, Any] = {
        key: [{n: v for n, v in record.description.items() if n in members} for record in page]
    }
    if state and "Status" in shape.members:
        answer["Status"] = state
    return answer | ({"NextToken": token} if token else {})


def _is_in(record: Record, state: str | None) -> bool:
    return not state or (isinstance(record, StatefulRecord) and record.status == state)


def _page(items: Sequence[Record], request: Mapping[str, Any]) -> tuple[Sequence[Record], str | None]:
    token = request.get("NextToken") or "0"
    if not token.isdigit() or int(token) > len(items):
        raise BadRequestError(f"The next token {token!r} isn't valid: this operation did not give it.")
    start, size = int(token), int(request.get("MaxResults") or DEFAULT_PAGE)
    following = str(start + size) if start + size < len(items) else None
    return items[start : start + size], following
