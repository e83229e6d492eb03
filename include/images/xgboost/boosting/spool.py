"""Rows that have been decoded, on the disk until XGBoost has quantised them."""

import tempfile
from collections.abc import Iterator
from typing import Any

import numpy as np
from scipy.sparse import csr_matrix

from .batch import Batch, DataError


class Spool:
    """The rows of a channel as arrays in a file without a name: nothing is left of it when the process ends.

    One batch at a time is in memory. A value takes four bytes, so CSV takes about as much room here as in
    its own file.

    Attributes:
        channel: what the rows are called in errors.
        rows, columns: how many rows and features there are.
        sparse: whether the rows leave missing values out.
        names: of their columns in the order in which they are used; none where the format has no names.
    """

    def __init__(self, channel: str) -> None:
        self.channel = channel
        self.rows = self.columns = 0
        self.sparse = False
        self.names: tuple[str, ...] = ()
        self._file = tempfile.TemporaryFile()  # noqa: SIM115  (it lives as long as this object)
        self._weighted: list[bool] = []

    def append(self, batch: Batch, source: str) -> None:
        """Adds rows with labels.

        Raises:
            DataError: a label is missing or infinite, or rows differ from those before in their features.
        """
        if not batch.rows:
            return
        self._check(batch, source)
        self.rows += batch.rows
        self.columns, self.sparse = max(self.columns, batch.columns), batch.sparse
        self.names = batch.names
        self._weighted.append(batch.weights is not None)
        parts: tuple[Any, ...] = (batch.features,)
        if isinstance(batch.features, csr_matrix):
            parts = (batch.features.data, batch.features.indices, batch.features.indptr)
        weights = () if batch.weights is None else (batch.weights,)
        for array in (*parts, batch.labels, *weights):
            np.save(self._file, array, allow_pickle=False)

    def _check(self, batch: Batch, source: str) -> None:
        if batch.labels is None or not np.isfinite(batch.labels).all():
            raise DataError(f"{source} has rows whose label is missing or infinite.")
        if self.rows and batch.sparse != self.sparse:
            raise DataError(f"{source} differs from the rows before: some are sparse and others are not.")
        if self.rows and not batch.sparse and batch.columns != self.columns:
            raise DataError(
                f"{source} has {batch.columns} features: expected {self.columns} as in the rows before."
            )
        if self._weighted and self._weighted[-1] != (batch.weights is not None):
            raise DataError(f"{source} differs from the rows before: only some have weights.")

    def __iter__(self) -> Iterator[Batch]:
        """The rows, in the order and the batches in which they came."""
        self._file.seek(0)
        for weighted in self._weighted:
            yield self._read(weighted=weighted)

    def _read(self, *, weighted: bool) -> Batch:
        first = [np.load(self._file, allow_pickle=False) for _ in range(3 if self.sparse else 1)]
        labels = np.load(self._file, allow_pickle=False)
        weights = np.load(self._file, allow_pickle=False) if weighted else None
        if not self.sparse:
            return Batch(first[0], labels, weights)
        values, indices, ends = first
        return Batch(csr_matrix((values, indices, ends), (len(labels), self.columns)), labels, weights)

    def close(self) -> None:
        """Frees the room on the disk."""
        self._file.close()
