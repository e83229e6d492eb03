"""Keeps the catalog of live and upcoming shows in Redis."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import keys
from connection import Client
from events import EPOCH
from shows import Change

SCRIPT = Path(__file__).with_name("catalog.lua").read_text()


def write(client: Client, changes: Sequence[Change], now: datetime) -> int:
    """Keeps of each show what was said last, all at once; how many of the changes that were.

    Raises:
        redis.exceptions.ConnectionError: the server does not answer; what it did before is not lost.
    """
    said: list[str | int] = [int((now - EPOCH).total_seconds())]
    for each in changes:
        said += [each.show, each.time, each.event, each.forgotten, each.entry]
    return int(client.register_script(SCRIPT)(keys=[keys.CATALOG, keys.CATALOG_ENDS], args=said))
