"""Objects as they were at one moment, copied to where nothing changes them."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Snapshot:
    """One version of an object and its copy, both by S3 URI; without a ``version`` the newest.

    ``name`` is the copy's, without a suffix; ``identity`` tells what was copied from everything else.
    """

    name: str
    source: str
    target: str
    identity: str
    version: str | None = None
