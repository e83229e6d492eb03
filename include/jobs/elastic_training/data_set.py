"""A data set on the shared volume: complete or not, and what it was made from."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from failure import JobError
from parts import PARTS

FILE = "data_set.json"

Counts = Mapping[str, Mapping[str, int]]
"""Part -> class -> images."""


@dataclass(frozen=True)
class DataSet:
    """A folder of ``train/<class>/`` and ``val/<class>/``.

    Attributes:
        folder: of the data set.
        source: what it is made from, with everything that changes what comes of it.
    """

    folder: Path
    source: dict[str, Any]

    def begin(self) -> Counts | None:
        """The counts of a data set that is complete; None where there is something to copy.

        Raises:
            JobError: the folder has, or was to have, a data set from another source.
        """
        file = self.folder / FILE
        if file.is_file():
            found = json.loads(file.read_bytes())
            if found["source"] != self.source:
                raise JobError(
                    f"Data set {self.folder.name} was made from {found['source']}, not from {self.source}: "
                    "give it another name."
                )
            counts: Counts | None = found["counts"]
            return counts
        self._keep(None)
        return None

    def finish(self, counts: Counts) -> None:
        """From now on it is complete."""
        for part in PARTS:
            partial = self._partial(part)
            partial.replace(self.folder / f"{part}.txt")
        self._keep(counts)

    def file(self, part: str, name: str) -> Path:
        """Where an image is; its folder is made.

        Raises:
            JobError: the name would lead elsewhere.
        """
        file = self.folder / part / name
        if ".." in Path(name).parts or Path(name).is_absolute():
            raise JobError(f"{name!r} is no name for an image of a class.")
        file.parent.mkdir(parents=True, exist_ok=True)
        return file

    def list_names(self, part: str, names: list[str]) -> None:
        """Keeps the next names of a part, ``<class>/<file>``, in order."""
        with self._partial(part).open("a", encoding="utf-8") as stream:
            stream.writelines(f"{name}\n" for name in names)

    def list_anew(self) -> None:
        """Forgets the names of a preparation that was broken off."""
        for part in PARTS:
            self._partial(part).write_text("")

    def _partial(self, part: str) -> Path:
        return self.folder / f"{part}.txt.partial"

    def _keep(self, counts: Counts | None) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        partial = self.folder / f"{FILE}.partial"
        partial.write_text(json.dumps({"source": self.source, "counts": counts}, indent=2) + "\n")
        partial.replace(self.folder / FILE)
