"""Tells text from what would be read as garbage, by a file's name and first bytes."""

from pathlib import PurePosixPath

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
