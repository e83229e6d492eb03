"""The catalog of live and upcoming shows, in one read.

It ships with ``keys.py`` to whoever ranks shows.
"""

import json
from typing import Any, NamedTuple

import keys


class Show(NamedTuple):
    """What the catalog said last. Times are milliseconds since 1970-01-01; ``minutes`` is 0 if not planned.

    ``status`` is ``live`` or ``scheduled``.
    """

    show_id: str
    creator_id: str = ""
    topics: tuple[str, ...] = ()
    title: str = ""
    starts_at: int = 0
    minutes: int = 0
    status: str = ""
    changed_at: int = 0


def read(client: Any) -> list[Show]:
    """Shows that are not over, in the order of their ids.

    Args:
        client: `redis.Redis` or `redis.RedisCluster`.

    Raises:
        redis.exceptions.RedisError: the server does not answer.
    """
    kept: dict[bytes, bytes] = client.hgetall(keys.CATALOG)
    found = ((show, value.split(b"\0", 2)[2]) for show, value in kept.items())
    return sorted(_show(show.decode(), json.loads(entry)) for show, entry in found if entry)


def _show(show: str, entry: dict[str, Any]) -> Show:
    return Show(show, **(entry | {"topics": tuple(entry["topics"])}))
