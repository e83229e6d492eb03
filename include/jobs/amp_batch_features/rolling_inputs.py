"""What a roll-up reads: the partials of all its versions' windows, once, and the base before them."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as sf

from bases import Base, newest_base
from failure import JobError
from lake_days import missing_days
from manifests import Manifest
from objects import Location
from partial_files import read_partial
from partials import DAY, last_of
from tables import CARRIED, PARTIALS, STATES
from windows import window, window_days


@dataclass(frozen=True)
class Inputs:
    """Partials with their days, and what was carried to the first of them."""

    partials: Mapping[str, DataFrame]
    base: Mapping[str, DataFrame]

    def window(self, version: date) -> dict[str, DataFrame]:
        """The partials of a version's window."""
        days = sf.col(DAY).between(sf.lit(window(version)[0]), sf.lit(window(version)[-1]))
        return {name: rows.where(days) for name, rows in self.partials.items()}

    def state(self, version: date) -> dict[str, DataFrame]:
        """The last row of each key before a version; kept, since several groups are made of it."""
        before = sf.col(DAY) < sf.lit(version)
        state = {}
        for name in CARRIED:
            rows = self.base[name].union(self.partials[name].where(before).drop(DAY))
            last = last_of(rows, *PARTIALS[name].order) if name in STATES else rows.distinct()
            state[name] = last.select(*PARTIALS[name].names).persist()
        return state


def read_inputs(
    spark: SparkSession,
    partials: Location,
    manifests: Mapping[date, Manifest],
    versions: list[date],
    accepted: Collection[date] = (),
) -> Inputs:
    """The inputs of these consecutive versions.

    Raises:
        JobError: a day has no manifest, or the base of the first day does not stand.
    """
    days = window_days(versions)
    missing = missing_days(manifests.keys(), days) if manifests else days
    if missing := [day for day in missing if day not in accepted]:
        raise JobError(
            f"{len(missing)} days have no partials at {partials}, the first is {missing[0]}: "
            "run build_partials.py for the same day and versions first."
        )
    of_days = {day: manifests[day] for day in days if day in manifests}
    read = {name: read_partial(spark, partials, name, of_days) for name in PARTIALS}
    if len(versions) > 1:
        read = {name: rows.persist() for name, rows in read.items()}
    base = _base(partials, manifests, days[0])
    return Inputs(read, {name: _carried(spark, partials, name, base) for name in CARRIED})


def _base(partials: Location, manifests: Mapping[date, Manifest], day: date) -> Base | None:
    if min(manifests) >= day:
        return None
    base = newest_base(partials, manifests, day)
    if base is None or base.day != str(day):
        raise JobError(
            f"What was known before {day} is not at {partials}, or not what the partials say: "
            "run build_partials.py for the same day and versions first."
        )
    return base


def _carried(spark: SparkSession, partials: Location, name: str, base: Base | None) -> DataFrame:
    schema = PARTIALS[name].columns
    if base is None or not base.objects[name]:
        return spark.createDataFrame([], schema)
    return spark.read.schema(schema).parquet(*(str(partials.child(key)) for key in base.objects[name]))
