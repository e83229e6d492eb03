"""The recordings of a run: those that people are asked about, and those that only measure."""

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from fnmatch import fnmatch
from pathlib import Path

from documents import write_json
from failure import JobError

FILE, MEDIA, SET_ASIDE = "recordings.json", "media.json", "set_aside.json"
REFERENCE = ".txt"
"""What a recording's text ends in that is otherwise called the same."""
LONGEST_NAME = 100


@dataclass(frozen=True)
class Recording:
    """``name`` is what its transcripts are called; ``in_sample`` says whether people are asked about it.

    ``sample_rate`` is in hertz.
    """

    name: str
    uri: str
    in_sample: bool
    sample_rate: int


def named(files: Iterable[tuple[str, str, int]], held_out: Sequence[str]) -> list[Recording]:
    """Recordings of files, given as their paths below the prefix, their URIs and sample rates.

    Args:
        files: in any order.
        held_out: patterns of paths, as a shell has them, of recordings nobody is asked about.

    Raises:
        JobError: two files would be called the same, or all are held out.
    """
    found = sorted(files)
    recordings = [
        Recording(_slug(path), uri, not any(fnmatch(path, pattern) for pattern in held_out), rate)
        for path, uri, rate in found
    ]
    if not any(recording.in_sample for recording in recordings):
        raise JobError(f"All {len(recordings)} recordings are held out: nobody could be asked about any.")
    first: dict[str, str] = {}
    for recording, (path, *_) in zip(recordings, found, strict=True):
        if (other := first.setdefault(recording.name, path)) != path:
            raise JobError(f"{other!r} and {path!r} would both be called {recording.name!r}: rename one.")
    return recordings


def read(folder: Path) -> list[Recording]:
    """What ``write`` left."""
    return [Recording(**each) for each in json.loads((folder / FILE).read_text())]


def write(folder: Path, recordings: Iterable[Recording]) -> None:
    """Leaves them for the jobs and tasks that follow."""
    write_json(folder / FILE, [asdict(recording) for recording in recordings])


def reference_path(folder: Path, recording: Recording) -> Path:
    """Where the text of a recording is kept, if it has one."""
    return folder / "references" / f"{recording.name}{REFERENCE}"


def reference(folder: Path, recording: Recording) -> str | None:
    """What is said in a recording, if it is known.

    Raises:
        JobError: the text is not UTF-8.
    """
    path = reference_path(folder, recording)
    try:
        return path.read_bytes().decode("utf-8-sig") if path.is_file() else None
    except UnicodeDecodeError as error:
        raise JobError(f"The reference {path.name} is not UTF-8: {error}. Save it so.") from error


def _slug(path: str) -> str:
    """A name that S3 keys, job names and URLs can have, without the suffix of the format."""
    return re.sub(r"[^A-Za-z0-9_-]+", "-", path.rpartition(".")[0] or path).strip("-")[:LONGEST_NAME]
