"""What a rank reads: the records of a channel in an epoch, from a named pipe or from files."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from entrypoint import paths, pipes  # type: ignore[import-not-found]

import examples
import tfrecords
from examples import Place
from failure import JobError

PIPE = "Pipe"


@dataclass(frozen=True)
class Channel:
    """A channel of the job, or a folder of one.

    Attributes:
        name: for people.
        folder: of its files; in Pipe mode the pipe of epoch N is beside it, as ``<name>_N``.
        mode: ``Pipe``, ``File`` or ``FastFile``.
    """

    name: str
    folder: Path
    mode: str

    def payloads(self, epoch: int) -> Iterator[bytes]:
        """The records of an epoch, each as it comes.

        Raises:
            JobError: a record is broken; the message names its object and the byte at which it begins.
        """
        if self.mode == PIPE:
            path = self.folder.with_name(f"{self.folder.name}_{epoch}")
            with pipes.buffered(path, JobError) as stream:
                yield from self._of_pipe(path.name, stream)
            return
        files = sorted(path for path in self.folder.rglob("*.tfrecord") if path.is_file())
        if not files:
            raise JobError(f"Channel {self.name} has no *.tfrecord.")
        for file in files:
            with file.open("rb") as stream:
                try:
                    yield from (record.payload for record in tfrecords.read(stream))
                except tfrecords.RecordError as error:
                    name = file.relative_to(self.folder)
                    raise JobError(f"{name} of channel {self.name}: {error}.") from error

    def _of_pipe(self, pipe: str, stream: IO[bytes]) -> Iterator[bytes]:
        """A pipe has the objects one behind the other; where one of them begins the records tell."""
        last: Place | None = None
        begin = 0
        try:
            for record in tfrecords.read(stream):
                place = examples.place_of(record.payload)
                if place and (last is None or place.name != last.name):
                    begin = record.offset
                last = place
                yield record.payload
        except tfrecords.RecordError as error:
            raise JobError(f"Pipe {pipe}: {_where(error, last, begin)}.") from error


def _where(error: tfrecords.RecordError, last: Place | None, begin: int) -> str:
    if last is None:
        return f"{error} of what comes through it"
    if last.following:
        return f"{error.reason} at byte {error.after - begin:,} of {last.name}"
    return f"{error.reason} at byte 0 of the object that comes after {last.name}"


def channel(name: str) -> Channel:
    """A channel by its name.

    Raises:
        JobError: the job has none of this name.
    """
    entries = paths.read_config("inputdataconfig")
    if name not in entries:
        there = ", ".join(sorted(entries)) or "none"
        raise JobError(f"There is no channel {name}: the job has {there}.")
    mode = str(entries[name].get("TrainingInputMode", "File"))
    return Channel(name, paths.base() / "input" / "data" / name, mode)


def shard_of(rank: int) -> Channel:
    """The channel ``train_<rank>``, or the folder ``<rank>`` of a channel ``train`` in File mode.

    Raises:
        JobError: the job has neither, or the one channel is a pipe, which several ranks cannot read.
    """
    if "train" not in paths.read_config("inputdataconfig"):
        return channel(f"train_{rank}")
    whole = channel("train")
    if whole.mode == PIPE:
        raise JobError(
            "Channel train is a pipe, and a pipe has one reader: the other ranks would wait for ever. Give "
            "each rank a channel train_0, train_1 and on, or take File mode, with a folder for each."
        )
    return Channel(f"train/{rank}", whole.folder / str(rank), whole.mode)
