"""Looks at the files of the input before Spark reads them."""

import re
from pathlib import PurePosixPath

from failure import JobError
from objects import Found, Location, LocationError, heads, listed
from text_files import HEAD_BYTES, check_is_text

GLOB = re.compile(r"[\\{}\[\]*?]")
"""Characters that Spark takes for a pattern unless they are escaped."""


def data_files(source: Location) -> list[Location]:
    """The files of the input, once their names, sizes and first bytes are known to be good.

    Raises:
        JobError: there is no file, all are empty, or one is not text or has a name that Spark cannot read.
    """
    try:
        objects = [found for found in listed(source) if is_data(found.location, source)]
    except LocationError as error:
        raise JobError(str(error)) from error
    if not objects:
        raise JobError(
            f"No S3 objects found at {source}, or only hidden ones: give the URI of a file or folder."
        )
    if not any(found.size for found in objects):
        name = name_of(objects[0])
        raise JobError(f"The input is empty: {name!r} has 0 bytes, at least one row is needed.")
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
        JobError: a part of the key between slashes is empty, one dot or two, or the key has a colon beside
            a character of glob patterns.
    """
    if any(part in ("", ".", "..") for part in location.key.split("/")):
        raise JobError(f"Spark cannot read {str(location)!r}: its key has an empty part or dots; rename it.")
    if ":" in location.key and GLOB.search(location.key):
        raise JobError(
            f"Spark cannot read {str(location)!r}: its key has a colon and one of []{{}}*?\\; rename it."
        )
