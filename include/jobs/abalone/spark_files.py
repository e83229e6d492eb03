"""Local folders as Spark takes them, and what it leaves in them."""

import re
from pathlib import Path
from shutil import rmtree

from pyspark.sql import DataFrame

ROWS_PER_FILE = 500_000


def spark_path(path: Path) -> str:
    """A local path as Spark takes it: with its scheme, and not as a glob pattern."""
    return "file://" + re.sub(r"([\\{}\[\]*?])", r"\\\1", str(path.resolve()))


def arranged(rows: DataFrame, count: int, *order: str) -> DataFrame:
    """``rows`` in files of about ROWS_PER_FILE, the same ones in the same order each time."""
    files = max(1, -(-count // ROWS_PER_FILE))
    return rows.repartition(files, *order).sortWithinPartitions(*order)


def tidy(folder: Path) -> None:
    """Leaves only data in ``folder``, under names that are the same each time.

    Spark names files after a random UUID and adds checksums and a marker, which whoever reads the folder
    as a training channel would take for rows.
    """
    for path in sorted(folder.iterdir()):
        if path.name.startswith((".", "_")):
            path.unlink()
        elif part := re.fullmatch(r"(part-\d+)-[0-9a-f-]{36}[.-]c\d+(\..+)", path.name):
            path.rename(folder / (part[1] + part[2]))


def empty(folder: Path) -> None:
    """Makes ``folder``, or removes what a former attempt left in it; not itself, it may be a mount."""
    folder.mkdir(parents=True, exist_ok=True)
    for path in folder.iterdir():
        if path.is_dir():
            rmtree(path)
        else:
            path.unlink()
