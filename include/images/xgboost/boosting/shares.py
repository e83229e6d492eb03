"""Which rows of a channel are this host's."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from .batch import Batch


@dataclass(frozen=True)
class Share:
    """One of ``count`` disjoint parts of what every host has, by its ``index``.

    Whole files are shared out where there are at least as many as hosts, since the rows of the others need
    not be read then; rows otherwise.
    """

    index: int = 0
    count: int = 1

    def by_file(self, files: Sequence[Path]) -> bool:
        """Whether there are enough files to share them out."""
        return len(files) >= self.count

    def of_files(self, files: Sequence[Path]) -> Sequence[Path]:
        """This host's files, or all where rows are shared out."""
        return files[self.index :: self.count] if self.by_file(files) else files

    def of_rows(self, batch: Batch, before: int) -> Batch:
        """This host's rows of a batch that ``before`` rows of the channel come before."""
        return batch.every(self.count, (self.index - before) % self.count)


ALL = Share()
