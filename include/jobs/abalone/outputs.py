"""What the job leaves in S3.

Spark names its files anew each time and adds files of its own. It therefore writes below ``_staging``; its
files are copied to names that are the same each time once Spark has committed them all.
"""

import re
from concurrent.futures import ThreadPoolExecutor

from pyspark.sql import DataFrame

from completion import STAGING
from objects import THREADS, Location, copy, listed

ROWS_PER_FILE = 500_000
PART = re.compile(r"(part-\d+)-[0-9a-f-]{36}[.-]c\d+(\..+)")
"""A file of Spark's: its number, a random UUID, a second number that is always 0 here, its suffixes."""


def staging(output: Location, name: str) -> str:
    """Where Spark may write."""
    return str(output.child(f"{STAGING}/{name}"))


def publish(output: Location, name: str, kms_key: str | None) -> None:
    """Copies what Spark has committed to ``name``: ``split=train/part-00000-<UUID>.c000.csv`` there is
    ``train/part-00000.csv`` here.
    """  # noqa: D205  # an example says it in one line
    source = output.child(f"{STAGING}/{name}/")
    moves = [
        (found.location, output.child(f"{name}/{file}"))
        for found in listed(source)
        if (file := published_name(found.location.key.removeprefix(source.key)))
    ]
    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(lambda move: copy(move[0], move[1], kms_key), moves))


def published_name(path: str) -> str | None:
    """The name of a file of Spark's to others; None for what holds no rows.

    >>> published_name("split=train/part-00000-5c2b5eb1-8ae5-4b4e-a1ff-8b5dbf1e9f52.c000.csv")
    'train/part-00000.csv'
    """
    *folders, file = path.split("/")
    part = PART.fullmatch(file)
    if part is None or any(folder.startswith("_") for folder in folders):
        return None
    return "/".join([*(folder.partition("=")[2] or folder for folder in folders), part[1] + part[2]])


def arranged(rows: DataFrame, count: int, *order: str) -> DataFrame:
    """``rows`` in files of about ROWS_PER_FILE, the same ones in the same order each time."""
    files = max(1, -(-count // ROWS_PER_FILE))
    return rows.repartition(files, *order).sortWithinPartitions(*order)
