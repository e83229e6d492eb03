"""Days of a world as objects, each in the folder of the hour in which its lines arrive."""

import gzip
import uuid
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, time, timedelta

import numpy as np

from arrivals import AGAIN, BROKEN, LATE, SKEW, SPILL, Arrivals, arrivals, together
from events import DAY, HOUR
from lines import lines
from listening import activity
from population import creators, users
from shows import shows
from target import Target
from world import World

AT_ONCE = 100_000
"""Lines that are put together at a time, and of an object: what is more in a day goes by hours."""
MARKS = {"late": LATE, "skewed": SKEW, "malformed": BROKEN}
Progress = Callable[[str], None]


def deliver(world: World, target: Target, days: tuple[int, int], progress: Progress) -> Counter[str]:
    """Writes what arrives from one day to before another, given by their indexes in ``days``.

    Returns:
        Counts: ``lines``, ``bytes`` (compressed), ``objects``, ``shows`` (that start on these days),
        ``repeated`` and, each event once, ``events``, ``events_<type>``, ``late``, ``malformed``, ``skewed``.
    """
    counts: Counter[str] = Counter()
    for index, arrived in _days(world, *days):
        before = counts["lines"]
        for part in _parts(arrived, index):
            counts.update(_counted(part))
            for key, content in _objects(world, index, part):
                target.put(key, content)
                counts.update(objects=1, bytes=len(content))
        counts["shows"] += len(shows(world, creators(world), index).number)
        progress(f"{world.day(index)}: {counts['lines'] - before} lines")
    target.finish()
    return counts


def _days(world: World, start: int, end: int) -> Iterator[tuple[int, list[Arrivals]]]:
    """Each day's index and arrivals. What happened shortly before ``start`` is made again for those."""
    makers = creators(world)
    folk = users(world, makers, end - 1)
    pending: list[Arrivals] = []
    for index in range(max(0, start - SPILL), end):
        rng, close = world.rng("arrivals", index), (index + 1) * DAY
        sent = pending + [arrivals(rng, each) for each in activity(world, makers, folk, index)]
        pending = [each.between(close, close + SPILL * DAY) for each in sent]
        if index >= start:
            yield index, together([each.between(index * DAY, close) for each in sent])


def _parts(arrived: Sequence[Arrivals], index: int) -> Iterator[Sequence[Arrivals]]:
    """A day's arrivals, by hours if they are many."""
    if sum(map(len, arrived)) <= AT_ONCE:
        if arrived:
            yield arrived
        return
    for begin in range(index * DAY, (index + 1) * DAY, HOUR):
        if part := together([each.between(begin, begin + HOUR) for each in arrived]):
            yield part


def _objects(world: World, index: int, part: Sequence[Arrivals]) -> Iterator[tuple[str, bytes]]:
    """Keys and contents, as Firehose names and compresses them; the same each time."""
    made, times = lines(part, world.first_day)
    hour = times // HOUR
    for begin in range(index * DAY // HOUR, (index + 1) * DAY // HOUR):
        first, last = np.searchsorted(hour, [begin, begin + 1])
        for number, low in enumerate(range(first, last, AT_ONCE)):
            content = b"".join(made[low : min(low + AT_ONCE, last)])
            yield _key(world, int(times[low]), number), gzip.compress(content, 1, mtime=0)


def _key(world: World, milliseconds: int, number: int) -> str:
    """The hour's folder, and a name with the time at which the object's first line arrived."""
    midnight = datetime.combine(world.first_day, time(), UTC)
    moment = midnight + timedelta(seconds=milliseconds // 1000)
    identity = uuid.uuid5(uuid.NAMESPACE_OID, f"{world} {moment:%Y-%m-%d %H} {number}")
    return f"{moment:%Y/%m/%d/%H}/amp-events-1-{moment:%Y-%m-%d-%H-%M-%S}-{identity}.gz"


def _counted(part: Sequence[Arrivals]) -> Counter[str]:
    counts: Counter[str] = Counter()
    for each in part:
        first = each.mark[each.mark & AGAIN == 0]
        counts.update({"lines": len(each), "events": len(first), f"events_{each.events.kind}": len(first)})
        counts["repeated"] += len(each) - len(first)
        counts.update({name: int((first & bit > 0).sum()) for name, bit in MARKS.items()})
    return counts
