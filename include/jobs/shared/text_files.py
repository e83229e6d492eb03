"""The text files of an input, told from what would be read as garbage by their names and first bytes."""

from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from failure import JobError

HEAD_BYTES = 65_536
"""How much of a file is looked at."""
SIGNATURES = {
    b"\x1f\x8b": "gzip",
    b"\xff\xfe": "UTF-16 text",
    b"\xfe\xff": "UTF-16 text",
    b"PK\x03\x04": "a zip archive or a spreadsheet",
    b"PAR1": "Parquet",
    b"BZh": "bzip2",
    b"\xfd7zXZ": "xz",
    b"\x28\xb5\x2f\xfd": "zstandard",
    b"%PDF": "PDF",
}
CODEC_SUFFIXES = {".bz2", ".deflate", ".lz4", ".snappy", ".xz", ".zst"}
"""Of names by which a reader chooses how to decompress."""


def check_is_text(name: str, head: bytes) -> None:
    """Accepts text in UTF-8, and gzip that is named so.

    Raises:
        JobError: the first bytes are those of a binary or UTF-16 file, or contradict the name.
    """
    suffix = PurePosixPath(name).suffix.lower()
    found = next((kind for magic, kind in SIGNATURES.items() if head.startswith(magic)), None)
    if suffix in CODEC_SUFFIXES:
        raise JobError(f"{name!r} is named {suffix}: give CSV as plain text, or as gzip named .csv.gz.")
    if suffix == ".gz":
        if head and found != "gzip":
            raise JobError(f"{name!r} is named .gz but is not gzip: name it .csv, or compress it.")
    elif found == "gzip":
        raise JobError(f"{name!r} is gzip: name it .csv.gz, or decompress it.")
    elif found:
        raise JobError(f"{name!r} is {found}: CSV in UTF-8 is needed.")
    elif b"\0" in head:
        raise JobError(f"{name!r} is binary or UTF-16 (it has NUL bytes): CSV in UTF-8 is needed.")


def data_files(places: Sequence[Path]) -> list[Path]:
    """The files to read: each place is one, or a folder of some, which are read by name.

    In a folder what begins with ``.`` or ``_`` is not data.

    Raises:
        JobError: there is none, all are empty, or one is not text.
    """
    found = [
        path
        for place in places
        for path in ([place] if place.is_file() else sorted(place.rglob("*")))
        if path.is_file() and _is_data(path, place)
    ]
    if not found:
        raise JobError("The input holds no file: give the URI of a CSV file or of a folder of CSV files.")
    if not any(path.stat().st_size for path in found):
        raise JobError(f"The input is empty: {found[0].name!r} has 0 bytes, at least one row is needed.")
    for path in found:
        with path.open("rb") as stream:
            check_is_text(path.name, stream.read(HEAD_BYTES))
    return found


def _is_data(path: Path, folder: Path) -> bool:
    return not any(part.startswith((".", "_")) for part in path.relative_to(folder).parts)
