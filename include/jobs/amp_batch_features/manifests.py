"""The manifests of the partials: of which lake day, by which code, into which objects."""

import hashlib
import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Self

import tables
from failure import JobError
from objects import THREADS, Location, client, content, delete, listed, write

FOLDER = "_manifests"
MAKERS = ("tables.py", "partials.py", "partial_files.py", "windows.py")
"""The modules that decide what a partial holds."""


@dataclass(frozen=True)
class Manifest:
    """What a day's partials were made of, and the objects that they are.

    Attributes:
        fingerprint: of the day in the lake.
        code: digest of the modules that made the partials.
        events: how many events of the lake they were made of.
        objects: partial -> key below the folder of partials; one without rows has none.
    """

    fingerprint: str
    code: str
    events: int
    objects: dict[str, str]

    @classmethod
    def parse(cls, location: Location, text: bytes) -> Self:
        """Raises `JobError` where the object is no manifest."""
        try:
            return cls(**json.loads(text))
        except (ValueError, TypeError) as error:
            raise JobError(
                f"The manifest {location} cannot be read ({error}): delete it, its day is then built anew."
            ) from error

    @property
    def identity(self) -> str:
        """What changes when the partials may have."""
        return f"{self.fingerprint}-{self.code}"


def code_digest() -> str:
    """Sixteen hexadecimal digits over the modules that decide what a partial holds."""
    folder = Path(tables.__file__).parent
    contents = b"\0".join((folder / name).read_bytes() for name in MAKERS)
    return hashlib.sha256(contents).hexdigest()[:16]


def manifest_at(partials: Location, day: date) -> Location:
    """Where the manifest of a day is."""
    return partials.child(f"{FOLDER}/day={day}.json")


def read_manifests(partials: Location, end: date) -> dict[date, Manifest]:
    """The manifests of the days before ``end``, the oldest first. Raises `JobError`."""
    folder = partials.child(f"{FOLDER}/")
    found = {day_of(item.location): item.location for item in listed(folder)}
    days = sorted(day for day in found if day < end)
    client()  # Made here: making it is not for several threads.
    with ThreadPoolExecutor(THREADS) as pool:
        contents = list(pool.map(lambda day: content(found[day]), days))
    read = zip(days, contents, strict=True)
    return {day: Manifest.parse(found[day], bytes_) for day, bytes_ in read if bytes_ is not None}


def write_manifest(partials: Location, day: date, manifest: Manifest, kms_key: str | None) -> None:
    """Says that the day's partials are there, all of them."""
    text = json.dumps(asdict(manifest), indent=2, sort_keys=True) + "\n"
    write(manifest_at(partials, day), text.encode(), kms_key)


def delete_manifest(partials: Location, day: date) -> None:
    """Takes back that the day's partials are there: they are about to be replaced one by one."""
    delete(manifest_at(partials, day))


def day_of(location: Location) -> date:
    """The day of an object named ``day=YYYY-MM-DD.json``."""
    return date.fromisoformat(location.key.rpartition("/")[2].removeprefix("day=").removesuffix(".json"))
