"""The files of the input: which there are, whether they are text, and their lines."""

import gzip
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path

from failure import JobError
from text_files import HEAD_BYTES, check_is_text


def data_files(folders: Sequence[Path]) -> list[Path]:
    """The files to read, folder by folder and by name; those that begin with ``.`` or ``_`` are not data.

    Raises:
        JobError: there is none, all are empty, or one is not text.
    """
    found = [
        path
        for folder in folders
        for path in sorted(folder.rglob("*"))
        if path.is_file() and _is_data(path, folder)
    ]
    if not found:
        raise JobError("The input holds no file: give the URI of a CSV file or of a folder of CSV files.")
    if not any(path.stat().st_size for path in found):
        raise JobError(f"The input is empty: {found[0].name!r} has 0 bytes, at least one row is needed.")
    for path in found:
        with path.open("rb") as stream:
            check_is_text(path.name, stream.read(HEAD_BYTES))
    return found


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


def _is_data(path: Path, folder: Path) -> bool:
    return not any(part.startswith((".", "_")) for part in path.relative_to(folder).parts)
