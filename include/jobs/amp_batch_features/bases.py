"""Bases: what counts however old it is, as it was when a window began.

The base of a day holds the last follow, notification switch and profile of each key before that day, and the
creators known by then. It is made of the newest base that still stands and of the partials since, so a day
costs a day, and not the whole past.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date

from pyspark.sql import DataFrame, SparkSession

from manifests import Manifest, day_of
from objects import Location, content, copy, delete, delete_below, listed, write
from partial_files import STAGING, read_partial
from partials import DAY, last_of
from tables import CARRIED, PARTIALS, STATES

FOLDER = "_bases"
KEPT = 8
"""Bases that are kept; an older day's is made anew when a run of the past asks for it."""
ROWS_PER_FILE = 500_000


@dataclass(frozen=True)
class Base:
    """A base that stands.

    Attributes:
        day: what it holds is older.
        days: day -> identity of the partials that it rests on.
        objects: partial -> its keys below the folder of partials.
    """

    day: str
    days: dict[str, str]
    objects: dict[str, list[str]]

    def stands(self, manifests: Mapping[date, Manifest]) -> bool:
        """Whether all that is older than its day is what it was made of."""
        return self.days == _rests_on(manifests, date.fromisoformat(self.day))


def newest_base(partials: Location, manifests: Mapping[date, Manifest], day: date) -> Base | None:
    """The newest base that stands, of ``day`` or one before it."""
    folder = partials.child(f"{FOLDER}/")
    records = [found.location for found in listed(folder) if found.location.key.endswith(".json")]
    for location in sorted(records, key=day_of, reverse=True):
        if day_of(location) > day:
            continue
        record = content(location)
        if record is not None and (base := Base(**json.loads(record))).stands(manifests):
            return base
    return None


def advance_base(
    spark: SparkSession,
    partials: Location,
    manifests: Mapping[date, Manifest],
    day: date,
    kms_key: str | None,
) -> int:
    """Sees to it that the base of ``day`` stands; how many days of partials that took."""
    start = newest_base(partials, manifests, day)
    since = date.fromisoformat(start.day) if start else date.min
    new = {each: manifest for each, manifest in manifests.items() if since <= each < day}
    if not new:
        return 0  # Nothing is older, or it is as it was.
    delete_below(partials.child(STAGING))
    for name in CARRIED:
        rows = carried(spark, partials, name, start, new).persist()
        files = max(1, -(-rows.count() // ROWS_PER_FILE))
        order = PARTIALS[name].order
        ready = rows.repartition(files, *order).sortWithinPartitions(*order)
        ready.write.mode("append").parquet(str(partials.child(f"{STAGING}/{name}")))
        rows.unpersist()
    _publish(partials, day, _rests_on(manifests, day), kms_key)
    return len(new)


def carried(
    spark: SparkSession, partials: Location, name: str, base: Base | None, days: Mapping[date, Manifest]
) -> DataFrame:
    """Of each key of the partial the last row, in a base and the days that follow it."""
    kind = PARTIALS[name]
    rows = read_partial(spark, partials, name, days).drop(DAY)
    if base and base.objects[name]:
        uris = [str(partials.child(key)) for key in base.objects[name]]
        rows = spark.read.schema(kind.columns).parquet(*uris).union(rows)
    return last_of(rows, *kind.order) if name in STATES else rows.distinct()


def _publish(partials: Location, day: date, rests_on: dict[str, str], kms_key: str | None) -> None:
    """Copies the staged files to their place, the record last; removes what is no longer kept."""
    record = partials.child(f"{FOLDER}/day={day}.json")
    delete(record)
    delete_below(partials.child(f"{FOLDER}/day={day}"))
    objects: dict[str, list[str]] = {name: [] for name in CARRIED}
    for name, keys in objects.items():
        folder = partials.child(f"{STAGING}/{name}/")
        files = [found.location for found in listed(folder) if found.location.key.endswith(".parquet")]
        for number, file in enumerate(files):
            keys.append(f"{FOLDER}/day={day}/{name}-{number:05}.parquet")
            copy(file, partials.child(keys[-1]), kms_key)
    delete_below(partials.child(STAGING))
    text = json.dumps(asdict(Base(str(day), rests_on, objects)), indent=2, sort_keys=True) + "\n"
    write(record, text.encode(), kms_key)
    _forget(partials)


def _forget(partials: Location) -> None:
    folder = partials.child(f"{FOLDER}/")
    records = [found.location for found in listed(folder) if found.location.key.endswith(".json")]
    for location in sorted(records, key=day_of)[:-KEPT]:
        delete(location)
        delete_below(Location(location.bucket, location.key.removesuffix(".json")))


def _rests_on(manifests: Mapping[date, Manifest], day: date) -> dict[str, str]:
    return {str(each): manifest.identity for each, manifest in manifests.items() if each < day}
