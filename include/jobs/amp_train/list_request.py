"""What a request for a ranked list says."""

import json
from dataclasses import dataclass
from typing import Any

from keys import LONGEST_ID, is_id

DEFAULT_LIMIT = 10
MOST_LISTED = 100
MOST_SHOWS = 1_000
MOST_TOPICS = 50
FIELDS = ("user_id", "limit", "shows", "topics")


class MalformedRequestError(ValueError):
    """The caller's mistake; the message is the answer."""


@dataclass(frozen=True)
class ListRequest:
    """Who asks, and for what.

    Attributes:
        user_id: of the listener.
        limit: how many shows are wanted.
        shows: ids to choose from; None for all that are live or upcoming.
        topics: that the listener declares; None if the request does not say.
    """

    user_id: str
    limit: int = DEFAULT_LIMIT
    shows: tuple[str, ...] | None = None
    topics: tuple[str, ...] | None = None


def read(body: bytes) -> ListRequest:
    """The request of a body.

    Raises:
        MalformedRequestError: it is no JSON object of these fields; the message says what each may be.
    """
    try:
        said = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise MalformedRequestError(f"The body is no JSON: {error}.") from None
    if not isinstance(said, dict):
        raise MalformedRequestError(
            f"The body is a JSON {type(said).__name__}, not an object with a user_id."
        )
    if unknown := sorted(said.keys() - set(FIELDS)):
        raise MalformedRequestError(
            f"{unknown[0]!r:.80} is not a field of a request: it has {', '.join(FIELDS)}."
        )
    user = said.get("user_id")
    if not is_id(user):
        raise MalformedRequestError(f"user_id is {user!r:.80}; give 1 to {LONGEST_ID} printable characters.")
    return ListRequest(user, _limit(said), _ids(said, "shows", MOST_SHOWS), _ids(said, "topics", MOST_TOPICS))


def _limit(said: dict[str, Any]) -> int:
    limit = said.get("limit", DEFAULT_LIMIT)
    if type(limit) is not int or not 1 <= limit <= MOST_LISTED:
        raise MalformedRequestError(f"limit is {limit!r:.80}; give a whole number from 1 to {MOST_LISTED}.")
    return limit


def _ids(said: dict[str, Any], name: str, most: int) -> tuple[str, ...] | None:
    """Each once, in their order."""
    ids = said.get(name)
    if ids is None:
        return None
    if not isinstance(ids, list) or len(ids) > most or not all(map(is_id, ids)):
        raise MalformedRequestError(
            f"{name} is {ids!r:.80}; give up to {most} texts of 1 to {LONGEST_ID} printable characters."
        )
    return tuple(dict.fromkeys(ids))
