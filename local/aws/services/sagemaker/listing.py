"""What all list operations share: filters by name and time, and pages."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeVar

from local.aws.services.sagemaker.validation import ValidationError

Item = TypeVar("Item")


def select(
    items: Iterable[Item],
    request: Mapping[str, Any],
    *,
    name: Callable[[Item], str],
    description: Callable[[Item], Mapping[str, Any]],
) -> list[Item]:
    """Items that `NameContains` and the limits on creation and modification time let through."""
    part = (request.get("NameContains") or "").lower()
    chosen = [item for item in items if part in name(item).lower()]
    for field in ("CreationTime", "LastModifiedTime"):
        if after := request.get(f"{field}After"):
            chosen = [i for i in chosen if description(i)[field].timestamp() > after.timestamp()]
        if before := request.get(f"{field}Before"):
            chosen = [i for i in chosen if description(i)[field].timestamp() < before.timestamp()]
    return chosen


def page(items: Sequence[Item], request: Mapping[str, Any]) -> tuple[Sequence[Item], str | None]:
    """One page and the token of the next. Raises `ValidationError` for a token that is not ours."""
    token = request.get("NextToken") or "0"
    if not token.isdigit() or int(token) > len(items):
        raise ValidationError(f"Invalid pagination token because {token!r} was not given by this operation.")
    start, size = int(token), int(request.get("MaxResults") or 100)
    following = str(start + size) if start + size < len(items) else None
    return items[start : start + size], following
