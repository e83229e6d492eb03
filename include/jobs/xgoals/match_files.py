"""The files of matches, as providers deliver them, and how kloppy reads them.

https://kloppy.pysport.org
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from kloppy import sportec
from kloppy.domain import EventDataset, TrackingDataset

from failure import JobError
from frame_windows import near

METRES = "secondspectrum"
"""kloppy's name of coordinates in metres from the centre spot, x along the pitch."""


class MatchError(Exception):
    """A match cannot be used. The message says why."""


@dataclass(frozen=True)
class Files:
    """The files of one match; None for one that is missing."""

    match: str
    information: Path | None
    events: Path | None
    positions: Path | None


Load = Callable[[Path, Path, Path], tuple[EventDataset, TrackingDataset]]


@dataclass(frozen=True)
class Provider:
    """Who makes the data: how files are named, and how they are read.

    Attributes:
        names: a regular expression with the groups ``kind`` and ``match``.
        kinds: what ``kind`` is of information, events and positions.
        reads: makes events and positions of these three files, in `METRES`.
    """

    names: str
    kinds: tuple[str, str, str]
    reads: Load

    def matches(self, folder: Path) -> list[Files]:
        """The matches below a folder, by name.

        Raises:
            JobError: there is none, or a file is there twice.
        """
        found: dict[str, dict[str, Path]] = {}
        for path in sorted(folder.rglob("*")):
            if not (name := re.fullmatch(self.names, path.name)) or not path.is_file():
                continue
            kinds = found.setdefault(name["match"], {})
            if earlier := kinds.get(name["kind"]):
                raise JobError(f"{earlier.name} and {path.name} are the same file of {name['match']}.")
            kinds[name["kind"]] = path
        if not found:
            raise JobError(f"There is no match among the files given: no name fits {self.names!r}.")
        return [Files(match, *map(kinds.get, self.kinds)) for match, kinds in sorted(found.items())]

    def load(self, files: Files) -> tuple[EventDataset, TrackingDataset]:
        """Events and positions of a match.

        Raises:
            MatchError: a file is missing or is not what the provider's are.
        """
        paths = {"information": files.information, "events": files.events, "positions": files.positions}
        given = [path for path in paths.values() if path]
        if missing := [name for name, path in paths.items() if path is None]:
            raise MatchError(f"it has no file of {' and '.join(missing)}")
        try:
            return self.reads(given[0], given[1], given[2])
        # kloppy names no exceptions: of a file that is not as it should be, it raises whatever comes up.
        except Exception as error:
            raise MatchError(f"its files cannot be read: {type(error).__name__}: {error}") from error


def _sportec(information: Path, events: Path, positions: Path) -> tuple[EventDataset, TrackingDataset]:
    """Official match data of the German leagues.

    A match has 3.3 million positions, and kloppy makes objects of all that it is given: more than a laptop's
    memory holds. It gets those near shots.
    """
    happened = sportec.load_event(str(events), str(information), coordinates=METRES)
    moments = [(shot.period.id, shot.timestamp) for shot in happened.filter("shot")]
    chosen = near(positions, moments)
    return happened, sportec.load_tracking(str(information), chosen, coordinates=METRES)


PROVIDERS = {
    "sportec": Provider(
        names=r"DFL_(?P<kind>02_01|03_02|04_03)_.*_(?P<match>DFL-MAT-\w+)\.xml(\.gz)?",
        kinds=("02_01", "03_02", "04_03"),
        reads=_sportec,
    )
}
"""By kloppy's names."""
