"""Counts observations in Redis: one call of a script for each user, show and creator, all in one pipeline."""

import hashlib
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from redis.exceptions import NoScriptError

import keys
from connection import Client
from events import days
from keys import Kind
from observations import Observation

SCRIPT = Path(__file__).with_name("count.lua").read_text()
SHA = hashlib.sha1(SCRIPT.encode(), usedforsecurity=False).hexdigest()

Entity = tuple[Kind, str]


def count(client: Client, observed: Sequence[Observation], now: datetime) -> list[Exception | None]:
    """Counts each observation once for its user, its show and its creator.

    Each of the three is atomic. If one of them fails, counting the observation again does what is left to do.

    Returns:
        For each observation why it is not counted, or None.

    Raises:
        redis.exceptions.ConnectionError: the server does not answer; what it did before is not lost.
    """
    of: defaultdict[Entity, list[Observation]] = defaultdict(list)
    for each in observed:
        for entity in each.entities:
            of[entity].append(each)
    calls = {entity: call(entity, group, days(now)) for entity, group in of.items()}
    answers = _run(client, calls)
    missing = {
        entity: calls[entity] for entity, answer in answers.items() if isinstance(answer, NoScriptError)
    }
    if missing:
        # The server is new, or was emptied.
        client.script_load(SCRIPT)
        answers |= _run(client, missing)
    return [
        next((answers[entity] for entity in each.entities if isinstance(answers[entity], Exception)), None)
        for each in observed
    ]


def call(entity: Entity, observed: Sequence[Observation], today: int) -> tuple[Any, ...]:
    """Arguments of EVALSHA; the keys of a call are all in one slot."""
    first = today - keys.ACCEPTED_DAYS
    buckets = [keys.seen(*entity, day) for day in range(first, today + 2)]
    said = [
        argument
        for each in observed
        for argument in (each.identity, each.kind, _text(each.first), _text(each.last))
    ]
    limits = (first, keys.SEEN_DAYS, keys.COUNTED_DAYS)
    return SHA, 1 + len(buckets), keys.counters(*entity), *buckets, *limits, *said


def _run(client: Client, calls: dict[Entity, tuple[Any, ...]]) -> dict[Entity, Any]:
    if not calls:
        return {}
    pipeline = client.pipeline(transaction=False)
    for arguments in calls.values():
        # Not evalsha(): that of a cluster's pipeline refuses, whatever the keys.
        pipeline.execute_command("EVALSHA", *arguments)
    return dict(zip(calls, pipeline.execute(raise_on_error=False), strict=True))


def _text(time: int | None) -> str:
    return "" if time is None else str(time)
