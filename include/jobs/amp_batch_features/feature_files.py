"""Files of the features."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date

from pyspark.sql import DataFrame

from completion import STAGING
from groups import GROUPS
from objects import THREADS, Location, copy, listed

ROWS_PER_FILE = 500_000


def version_files(output: Location, group: str, version: date) -> list[Location]:
    """The objects of a version of a group."""
    return [found.location for found in listed(output.child(f"{group}/part-{version}-"))]


def write_group(rows: DataFrame, group: str, version: date, output: Location, kms_key: str | None) -> int:
    """Writes a version of a group in files of about ROWS_PER_FILE, the same ones each time; its rows.

    Rows are counted, then written: whoever asks keeps what is worth keeping.
    """
    key = GROUPS[group].key
    count: int = rows.count()
    files = max(1, -(-count // ROWS_PER_FILE))
    staged = output.child(f"{STAGING}/{group}-{version}/")
    rows.coalesce(files).sortWithinPartitions(key).write.mode("append").parquet(str(staged))
    parts = [found.location for found in listed(staged) if found.location.key.endswith(".parquet")]
    names = [f"{group}/part-{version}-{number:05}.parquet" for number in range(len(parts))]
    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(lambda part, name: copy(part, output.child(name), kms_key), parts, names))
    return count
