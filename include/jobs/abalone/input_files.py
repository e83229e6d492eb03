"""Looks at the files of the input before Spark reads them."""

from pathlib import Path

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


class InputError(Exception):
    """The input as a whole cannot become features. The message is one sentence for the user."""


def check_files(folder: Path) -> None:
    """Looks at the size and the first bytes of every data file, before Spark does.

    Raises:
        InputError: there is no file, all are empty, or one is not text.
    """
    files = [path for path in sorted(folder.rglob("*")) if path.is_file() and is_data(path, folder)]
    if not files:
        raise InputError("The input holds no file: give the URI of a CSV file or of a folder of CSV files.")
    if not any(path.stat().st_size for path in files):
        raise InputError(f"The input is empty: {files[0].name!r} has 0 bytes, at least one row is needed.")
    for path in files:
        with path.open("rb") as stream:
            check_is_text(path.name, stream.read(65_536))


def is_data(path: Path, folder: Path) -> bool:
    """Whether Spark would read this file of ``folder``."""
    return not any(part.startswith((".", "_")) for part in path.relative_to(folder).parts)


def check_is_text(name: str, head: bytes) -> None:
    """Refuses what Spark would read as garbage.

    Raises:
        InputError: the first bytes are those of a binary or UTF-16 file, or contradict the name.
    """
    suffix = Path(name).suffix.lower()
    found = next((kind for magic, kind in SIGNATURES.items() if head.startswith(magic)), None)
    if suffix in CODEC_SUFFIXES:
        raise InputError(f"{name!r} is named {suffix}: give CSV as plain text, or as gzip named .csv.gz.")
    if suffix == ".gz":
        if head and found != "gzip":
            raise InputError(f"{name!r} is named .gz but is not gzip: name it .csv, or compress it.")
    elif found == "gzip":
        raise InputError(f"{name!r} is gzip: name it .csv.gz, or decompress it.")
    elif found:
        raise InputError(f"{name!r} is {found}: CSV in UTF-8 is needed.")
    elif b"\0" in head:
        raise InputError(f"{name!r} is binary or UTF-16 (it has NUL bytes): CSV in UTF-8 is needed.")
