"""Writes the partials of days so that a day's are there as a whole, or not at all."""

import re
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as sf

from manifests import Manifest, delete_manifest, write_manifest
from objects import THREADS, Location, copy, delete, delete_below, listed
from partials import DAY, Tables, partial
from tables import PARTIALS

STAGING = "_staging"
MOST_TASKS = 32
"""That write one partial; each has the objects of some days to itself."""
AT_A_TIME = 4
"""Partials that are made side by side: of a small day most is waiting for storage."""
FOLDER = "folder"
"""The column by which Spark makes a folder for each day; the file keeps the day itself."""
STAGED = re.compile(rf"{FOLDER}=(\d{{4}}-\d{{2}}-\d{{2}})/part-[^/]*\.parquet")


def object_key(name: str, day: date) -> str:
    """Of a partial below their folder: one listing finds all days of a partial."""
    return f"{name}/day={day}.parquet"


def write_partials(tables: Tables, days: Sequence[date], output: Location) -> None:
    """Aggregates the days and puts each partial's object of each day where nobody reads yet.

    One object for each partial and day, its rows sorted: the same events give the same bytes.
    """
    delete_below(output.child(STAGING))

    def write(name: str) -> None:
        rows = partial(name, tables).withColumn(FOLDER, sf.col(DAY))
        spread = rows.repartition(min(len(days), MOST_TASKS), FOLDER)
        ordered = spread.sortWithinPartitions(FOLDER, *PARTIALS[name].order)
        ordered.write.partitionBy(FOLDER).mode("append").parquet(str(output.child(f"{STAGING}/{name}")))

    with ThreadPoolExecutor(AT_A_TIME) as pool:
        list(pool.map(write, PARTIALS))


def publish_partials(
    days: Mapping[date, Manifest], output: Location, kms_key: str | None
) -> dict[date, Manifest]:
    """Copies what was staged to its place; the day's manifest goes first and comes back last.

    Args:
        days: the manifests to be, which do not know their objects yet.
        output: the folder of partials.
        kms_key: encrypts them.
    """
    staged: dict[date, dict[str, Location]] = {day: {} for day in days}
    for name in PARTIALS:
        folder = output.child(f"{STAGING}/{name}/")
        for found in listed(folder):
            if matched := STAGED.fullmatch(found.location.key.removeprefix(folder.key)):
                staged[date.fromisoformat(matched[1])][name] = found.location
    published = {}
    for day, manifest in days.items():
        published[day] = _publish_day(day, staged[day], manifest, output, kms_key)
    delete_below(output.child(STAGING))
    return published


def _publish_day(
    day: date, staged: Mapping[str, Location], manifest: Manifest, output: Location, kms_key: str | None
) -> Manifest:
    objects = {name: object_key(name, day) for name in staged}
    delete_manifest(output, day)
    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(lambda name: copy(staged[name], output.child(objects[name]), kms_key), staged))
    for name in PARTIALS.keys() - staged.keys():
        delete(output.child(object_key(name, day)))
    complete = replace(manifest, objects=objects)
    write_manifest(output, day, complete, kms_key)
    return complete


def read_partial(
    spark: SparkSession, output: Location, name: str, manifests: Mapping[date, Manifest]
) -> DataFrame:
    """A partial's columns and ``day``, of the days of these manifests."""
    schema = f"{DAY} DATE, {PARTIALS[name].columns}"
    keys = [manifest.objects[name] for manifest in manifests.values() if name in manifest.objects]
    if not keys:
        return spark.createDataFrame([], schema)
    names = ",".join(key.rpartition("/")[2] for key in keys)
    # A path for each file would be looked at one by one.
    files = spark.read.schema(schema).option("pathGlobFilter", f"{{{names}}}")
    return files.parquet(str(output.child(name)))
