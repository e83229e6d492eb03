"""Keys of the counters in Redis, and how long they are kept.

A cluster (MemoryDB is one) runs a command only where all of its keys are in one slot, and what is in braces
decides the slot. Users, shows and creators are spread over partitions by their ids: what is known of one is
in one slot, and a thousand are read by as many commands as there are partitions.
"""

import zlib
from typing import Any, Literal, TypeGuard

Kind = Literal["user", "show", "creator"]

LONGEST_ID = 200
"""Characters."""

ACCEPTED_DAYS = 2
"""An event counts until so many days after the day on which it happened, as 99.9 % do; later, the daily
features count it."""
AHEAD_SECONDS = 3600
"""How much later than now an event may have happened, as in the lake: clocks differ."""
SEEN_DAYS = ACCEPTED_DAYS + 1
"""What has been counted is remembered for so many days after its day: one more than it could come again in,
so that no difference between two clocks matters."""
COUNTED_DAYS = 14
"""Counts are kept for so many days after their day. The daily features are a day old if all goes well, and
older ones are used when they fail; after two weeks nobody would rank by them."""


PARTITIONS = 64
"""Slots that are used: many more than a cluster has shards, so that each has its part, and few enough that
the keys of a read share them. Another number forgets what is counted."""


def partition(kind: Kind, identity: str) -> int:
    """Where all that is known of one is."""
    return zlib.crc32(f"{kind}:{identity}".encode()) % PARTITIONS


def counters(kind: Kind, identity: str) -> str:
    """A text with the counts of each day: see ``count.lua``."""
    return f"pit:{{{partition(kind, identity)}}}:{kind}:{identity}:counters"


def seen(kind: Kind, identity: str, day: int) -> str:
    """A hash of what counts on a day, given in days since 1970-01-01: digest -> its first and last time."""
    return f"pit:{{{partition(kind, identity)}}}:{kind}:{identity}:seen:{day}"


CATALOG = "pit:{catalog}:shows"
"""A hash of the shows: see ``catalog.lua``. With the other key of the catalog it is in one slot."""
CATALOG_ENDS = "pit:{catalog}:ends"
"""A sorted set of when they can go."""


def is_id(value: Any) -> TypeGuard[str]:
    """Whether it is the id of a user, show, creator or topic."""
    # Half a surrogate pair is not printable either: Redis could not take it.
    return isinstance(value, str) and 1 <= len(value) <= LONGEST_ID and value.isprintable()
