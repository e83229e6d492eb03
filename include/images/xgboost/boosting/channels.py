"""Input channels of a training job: folders in File and FastFile mode, named pipes in Pipe mode."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from entrypoint import hosts, paths, pipes  # type: ignore[import-not-found]

from . import parquet_rows
from .batch import Batch, DataError, Layout
from .content_types import Format, parse
from .formats import batches
from .shares import ALL, Share
from .spool import Spool

MODEL = "model"
"""The channel with an earlier model to go on from."""


@dataclass(frozen=True)
class Channel:
    """An entry of ``inputdataconfig.json``.

    Attributes:
        folder: where its files are; in Pipe mode the pipe of epoch N is beside it, as ``<name>_N``.
        sharded: SageMaker has given each host other objects; otherwise every host has all of them.
    """

    name: str
    folder: Path
    content_type: str = ""
    mode: str = "File"
    sharded: bool = False

    def read(self, *, weighted: bool = False, columns: tuple[str, ...] = ()) -> Spool:
        """This host's rows, decoded once.

        Parquet's columns are used in the order of ``columns``, without these in that of the first file.

        Building a QuantileDMatrix takes several passes over the rows, and four of them over a CSV file cost
        more than all the rest, so passes after the first read what the first one has decoded (`Spool`).

        In Pipe mode this is more than economy. The pipe of the next epoch would bring all of the data over
        the network again, and with a ShuffleConfig in another order, while XGBoost takes the rows of every
        pass to be the same: labels would end up beside other rows' features. So one epoch is read.

        Raises:
            DataError: names the file or pipe and what is wrong; rows of the channel may be none.
        """
        form = parse(self.content_type)
        if form is Format.LIBSVM and self.mode == "Pipe":
            # The sentence of AWS's container.
            raise DataError(f"Pipe mode not supported for LibSVM. (Channel {self.name}.)")
        layout = Layout(
            weighted=weighted and form in {Format.CSV, Format.PARQUET},
            columns=columns if form is Format.PARQUET else (),
        )
        spool = Spool(self.name)
        for source, batch in self._batches(form, layout):
            spool.append(batch, source)
        return spool

    def _batches(self, form: Format, layout: Layout) -> Iterator[tuple[str, Batch]]:
        share = self._share()
        if self.mode == "Pipe":
            yield from self._of_pipe(form, layout, share)
        else:
            yield from self._of_files(form, layout, share)

    def _of_pipe(self, form: Format, layout: Layout, share: Share) -> Iterator[tuple[str, Batch]]:
        path = self.folder.with_name(f"{self.name}_0")
        before = 0
        with pipes.buffered(path, DataError) as stream:
            for batch in batches(form, stream, f"Pipe {path.name}", layout):
                yield f"Pipe {path.name}", share.of_rows(batch, before)
                before += batch.rows

    def _of_files(self, form: Format, layout: Layout, share: Share) -> Iterator[tuple[str, Batch]]:
        files, before = self.files(), 0
        if form is Format.PARQUET and files and not layout.columns:
            layout = replace(layout, columns=_columns(files[0]))
        for path in share.of_files(files):
            with path.open("rb") as stream:
                for batch in batches(form, stream, self._named(path), layout):
                    mine = batch if share.by_file(files) else share.of_rows(batch, before)
                    yield self._named(path), mine
                    before += batch.rows

    def files(self) -> list[Path]:
        """Files with content in the order of their names; hidden ones (``.`` or ``_``) are left out."""
        found = (path for path in sorted(self.folder.rglob("*")) if path.is_file())
        return [path for path in found if path.name[0] not in "._" and path.stat().st_size]

    def _share(self) -> Share:
        names = hosts.names()
        return ALL if self.sharded else Share(names.index(hosts.current()), len(names))

    def _named(self, path: Path) -> str:
        return f"{path.relative_to(self.folder)} of channel {self.name}"


def configured() -> dict[str, Channel]:
    """The channels of the job, by name."""
    return {name: _channel(name, entry) for name, entry in paths.read_config("inputdataconfig").items()}


def folder(name: str, path: Path, content_type: str) -> Channel:
    """A channel that is just a folder, where a script is run by hand."""
    return Channel(name, path, content_type)


def _channel(name: str, entry: dict[str, Any]) -> Channel:
    if entry.get("RecordWrapperType", "None") not in {"None", ""}:
        raise DataError(
            f"Channel {name} has RecordWrapperType {entry['RecordWrapperType']}: XGBoost reads None only."
        )
    return Channel(
        name,
        paths.base() / "input" / "data" / name,
        entry.get("ContentType", ""),
        entry.get("TrainingInputMode", "File"),
        entry.get("S3DistributionType") == "ShardedByS3Key",
    )


def _columns(file: Path) -> tuple[str, ...]:
    with file.open("rb") as stream:
        return tuple(parquet_rows.columns_of(stream, file.name))
