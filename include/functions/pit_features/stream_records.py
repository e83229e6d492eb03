"""Records of the stream of shows, as Kinesis hands them over: changes for the catalog.

A shard waits until its records are done with, however good those behind them are. So only what a retry may
make better fails; what none does is told apart here.
"""

import base64
import json
import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import events
import shows
from events import MalformedEventError
from flattening import NotFlattenableError, flatten
from shows import Change

log = logging.getLogger(__name__)


@dataclass
class Batch:
    """What records say, by their sequence numbers, in the order of the shard.

    Attributes:
        changes: what the catalog takes.
        unfit: events that it does not take, as JSON of ASCII only.
        late: how many changes could have been outdated and forgotten by now.
    """

    changes: dict[str, Change] = field(default_factory=dict)
    unfit: dict[str, str] = field(default_factory=dict)
    late: int = 0

    def before(self, number: str | None) -> dict[str, str]:
        """What is unfit before a record; all of it for None."""
        return {name: body for name, body in self.unfit.items() if number is None or int(name) < int(number)}


def read(records: Iterable[Mapping[str, Any]], now: datetime) -> Batch:
    """What the records say.

    A record that is no event is left out: Firehose, which reads the same stream, keeps it as it was.
    """
    batch = Batch()
    for each in records:
        number, data = each["kinesis"]["sequenceNumber"], each["kinesis"]["data"]
        try:
            line = flatten(base64.b64decode(data))
        except NotFlattenableError as error:
            log.warning("record %s is no event: %s", number, error)
            continue
        event = events.read(line.decode(), (shows.KIND,))
        try:
            change = shows.change(event, now)
        except MalformedEventError as error:
            log.warning("record %s is not for the catalog: %s", number, error)
            batch.unfit[number] = json.dumps(event)
            continue
        if change.is_late(now):
            batch.late += 1
        else:
            batch.changes[number] = change
    return batch


def first(numbers: Iterable[str]) -> str | None:
    """The number of the record that came first; None of none."""
    return min(numbers, key=int, default=None)
