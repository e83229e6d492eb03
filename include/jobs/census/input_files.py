"""The lines of the input's files."""

import gzip
import zlib
from collections.abc import Iterator
from pathlib import Path

from failure import JobError


def lines(path: Path) -> Iterator[str]:
    """Lines of a text or gzip file, without their ends; bytes that are not UTF-8 become U+FFFD.

    Raises:
        JobError: a gzip file is damaged.
    """
    try:
        with gzip.open(path) if path.suffix.lower() == ".gz" else path.open("rb") as stream:
            for position, line in enumerate(stream):
                text = line.decode(errors="replace").rstrip("\r\n")
                yield text.removeprefix("\ufeff") if position == 0 else text
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise JobError(f"{path.name!r} is damaged: {error}.") from error
