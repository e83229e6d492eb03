"""When what a job leaves in S3 counts: once ``_SUCCESS`` is there, which comes last.

Until then a job works below ``_staging``, which no reader of data looks into.
"""

from collections.abc import Iterable

from objects import Location, delete, delete_below, exists, write

STAGING = "_staging"
MARKER = "_SUCCESS"


def prepare(output: Location, names: Iterable[str]) -> None:
    """Removes what a former attempt left; first of all the word that it is complete."""
    delete(output.child(MARKER))
    for name in (*names, STAGING):
        delete_below(output.child(name))


def finish(output: Location, kms_key: str | None) -> None:
    """Removes the rest of the work and says that the outputs are complete."""
    delete_below(output.child(STAGING))
    write(output.child(MARKER), b"", kms_key)


def is_complete(output: Location) -> bool:
    """Whether a job has finished these outputs."""
    return exists(output.child(MARKER))
