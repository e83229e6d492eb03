"""Files that belong together and arrive in any order: a table to learn from and one to predict."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from include.naming import digest, hyphenated

MOST_NAME = 60


@dataclass(frozen=True)
class Stored:
    """Which version of an object there is: ``version`` is None in a bucket that keeps none."""

    version: str | None
    mark: str
    """What another version would not have."""


@dataclass(frozen=True)
class FileSet:
    """Files by S3 URI, each under the path that its copy gets.

    ``needed`` make the set complete; of the ``optional`` ones those go with it that are there. ``once`` means
    that each version of the set is taken by one run only.
    """

    name: str
    needed: Mapping[str, str]
    optional: Mapping[str, str] = field(default_factory=dict)
    once: bool = False

    def missing(self, found: Mapping[str, Stored | None]) -> str | None:
        """One sentence if a needed file is not there."""
        lacking = [uri for uri in self.needed.values() if found[uri] is None]
        if not lacking:
            return None
        there = [PurePosixPath(uri).name for uri in self.needed.values() if uri not in lacking]
        but = f", of which {' and '.join(there)} has arrived" if there else ""
        return f"{self.name!r} needs {' and '.join(lacking)}{but}"

    def identity(self, found: Mapping[str, Stored | None]) -> str:
        """What two looks at the same versions of the needed files share, and other versions do not."""
        marks = [(uri, each.mark) for uri in self.needed.values() if (each := found[uri])]
        return digest(self.name, *(text for pair in marks for text in pair))

    def folder(self, identity: str) -> str:
        """A name for the folder of its copies."""
        return f"{hyphenated(self.name)[:MOST_NAME].strip('-') or 'files'}-{identity}"
