"""Names of columns, and how a missing value is written: alike wherever a table is read."""

import csv
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from failure import JobError
from listed import listed
from text_files import HEAD_BYTES, check_is_text

MISSING = (
    *("", "NA", "N/A", "n/a", "#NA", "#N/A", "#N/A N/A", "<NA>", "NaN", "-NaN", "nan", "-nan"),
    *("NULL", "null", "None", "1.#IND", "-1.#IND", "1.#QNAN", "-1.#QNAN"),
)
"""What is no value: https://pandas.pydata.org/docs/reference/api/pandas.read_csv.html"""
GZIP = b"\x1f\x8b"
"""What such a file begins with: RFC 1952."""
OTHER_SEPARATORS = {";": "semicolons", "\t": "tabs", "|": "bars"}


@dataclass(frozen=True)
class Header:
    """The columns of a file, in its order.

    ``written`` are their names as they stand there, ``names`` those without the blanks around them; a column
    without a name has an empty one.
    """

    written: tuple[str, ...]
    names: tuple[str, ...]

    @classmethod
    def of(cls, path: Path) -> "Header":
        """Reads the first record of a CSV file.

        Raises:
            JobError: the file is empty, no CSV in UTF-8, or two of its columns have one name.
        """
        written = tuple(_first_record(path))
        names = tuple(name.strip() for name in written)
        if len(names) == 1:
            _check_separator(path, names[0])
        if twice := [name for name, count in Counter(filter(None, names)).items() if count > 1]:
            raise JobError(f"{path.name} has more than one column named {listed(twice)}: rename them.")
        return cls(written, names)

    @property
    def named(self) -> list[str]:
        """Names of the columns that have one."""
        return [name for name in self.names if name]


def only_file(folder: Path) -> Path:
    """The one file of a folder.

    Raises:
        JobError: there are none or several.
    """
    found = sorted(path for path in folder.rglob("*") if path.is_file())
    if len(found) != 1:
        raise JobError(f"The input {folder.name!r} has {len(found)} files: give the URI of one CSV file.")
    return found[0]


def _first_record(path: Path) -> list[str]:
    with path.open("rb") as stream:
        head = stream.read(HEAD_BYTES)
    # All are named train.csv or test.csv by the time they are taken: no name tells it.
    if head.startswith(GZIP):
        raise JobError(f"{path.name} is gzip: decompress it, tables are taken as plain CSV.")
    check_is_text(path.name, head)
    with _told(path), path.open(encoding="utf-8-sig", newline="") as stream:
        record = next(csv.reader(stream), [])
    if not any(name.strip() for name in record):
        raise JobError(f"{path.name} has no header: its first line has to name the columns.")
    return record


@contextmanager
def _told(path: Path) -> Iterator[None]:
    try:
        yield
    except UnicodeDecodeError as error:
        raise JobError(f"{path.name} is not UTF-8 ({error.reason}): save it as CSV in UTF-8.") from error
    except csv.Error as error:
        raise JobError(f"{path.name} has a header that is no CSV: {error}.") from error


def _check_separator(path: Path, name: str) -> None:
    for separator, called in OTHER_SEPARATORS.items():
        if separator in name:
            raise JobError(f"{path.name} separates its columns by {called}: save it with commas.")
