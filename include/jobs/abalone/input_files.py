"""Looks at the files of the input before Spark reads them."""

import re
from pathlib import PurePosixPath

from objects import Found, Location, LocationError, heads, listed

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
HEAD_BYTES = 65_536
GLOB = re.compile(r"[\\{}\[\]*?]")
"""Characters that Spark takes for a pattern unless they are escaped."""


class InputError(Exception):
    """The input as a whole cannot become features. The message is one sentence for the user."""


def data_files(source: Location) -> list[Location]:
    """The files of the input, once their names, sizes and first bytes are known to be good.

    Raises:
        InputError: there is no file, all are empty, or one is not text or has a name that Spark cannot read.
    """
    try:
        objects = [found for found in listed(source) if is_data(found.location, source)]
    except LocationError as error:
        raise InputError(str(error)) from error
    if not objects:
        raise InputError(
            f"No S3 objects found at {source}, or only hidden ones: give the URI of a file or folder."
        )
    if not any(found.size for found in objects):
        name = name_of(objects[0])
        raise InputError(f"The input is empty: {name!r} has 0 bytes, at least one row is needed.")
    for found in objects:
        check_key(found.location)
    for found, head in heads(objects, HEAD_BYTES):
        check_is_text(name_of(found), head)
    return [found.location for found in objects]


def name_of(found: Found) -> str:
    """The file's name without its folders."""
    return PurePosixPath(found.location.key).name


def is_data(location: Location, source: Location) -> bool:
    """Whether Hadoop would read this object of ``source``: neither it nor its folders there are hidden."""
    folder = source.child("").key
    below = folder if location.key.startswith(folder) else source.key[: source.key.rfind("/") + 1]
    return not any(part.startswith((".", "_")) for part in location.key.removeprefix(below).split("/"))


def check_key(location: Location) -> None:
    """Refuses keys that are no path: Hadoop would look for them elsewhere, or stumble.

    Raises:
        InputError: a part of the key between slashes is empty, one dot or two, or the key has a colon beside
            a character of glob patterns.
    """
    if any(part in ("", ".", "..") for part in location.key.split("/")):
        raise InputError(
            f"Spark cannot read {str(location)!r}: its key has an empty part or dots; rename it."
        )
    if ":" in location.key and GLOB.search(location.key):
        raise InputError(
            f"Spark cannot read {str(location)!r}: its key has a colon and one of []{{}}*?\\; rename it."
        )


def check_is_text(name: str, head: bytes) -> None:
    """Refuses what Spark would read as garbage.

    Raises:
        InputError: the first bytes are those of a binary or UTF-16 file, or contradict the name.
    """
    suffix = PurePosixPath(name).suffix.lower()
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
