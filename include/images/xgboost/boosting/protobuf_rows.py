"""application/x-recordio-protobuf: a Record message for each row.

https://docs.aws.amazon.com/sagemaker/latest/dg/cdf-training.html
"""

from array import array
from collections.abc import Iterable, Iterator
from typing import BinaryIO

import numpy as np
from google.protobuf.message import DecodeError
from scipy.sparse import csr_matrix

from . import recordio
from .batch import BATCH_ROWS, BATCH_VALUES, Batch, DataError, FloatArray, Layout
from .record_pb2 import Float32Tensor, Float64Tensor, Int32Tensor, Record, Value

VALUES = "values"
Tensor = Float32Tensor | Float64Tensor | Int32Tensor


def batches(stream: BinaryIO, source: str, layout: Layout) -> Iterator[Batch]:
    """The rows of ``stream``, sparse where their tensors have keys.

    Raises:
        DataError: names the record, its offset in bytes, what was found and what was expected.
    """
    rows = _Rows(labelled=layout.labelled)
    for number, offset, content in recordio.records(stream, source):
        try:
            rows.add(Record.FromString(content))
        except (DecodeError, ValueError) as error:
            raise DataError(f"{source}, record {number} at byte {offset}: {error}") from None
        if rows.full:
            yield rows.batch()
            rows = _Rows(labelled=layout.labelled)
    if rows.count:
        yield rows.batch()


class _Rows:
    """Rows as they are collected: values of all rows, and where each row ends in them."""

    def __init__(self, *, labelled: bool) -> None:
        self.labelled = labelled
        self.values, self.labels = array("f"), array("f")
        self.keys, self.ends = array("Q"), array("q", [0])
        self.columns = 0
        self.sparse: bool | None = None

    @property
    def count(self) -> int:
        """How many rows there are."""
        return len(self.ends) - 1

    @property
    def full(self) -> bool:
        """Whether these are as many as are decoded at a time."""
        return self.count >= BATCH_ROWS or len(self.values) >= BATCH_VALUES

    def batch(self) -> Batch:
        """The rows that were added."""
        labels = np.array(self.labels, dtype=np.float32) if self.labelled else None
        return Batch(self._features(), labels)

    def add(self, record: Record) -> None:
        """Adds a row. Raises ValueError for one that has no label or is not like those before."""
        if self.labelled:
            label = _tensor(record.label, "label")
            if len(label.values) != 1:
                raise ValueError(f"its label has {len(label.values)} values: expected 1")
            self.labels.append(label.values[0])
        features = _tensor(record.features, "features")
        sparse = bool(features.keys) or (bool(features.shape) and not features.values)
        if self.sparse is not None and sparse != self.sparse:
            raise ValueError("it is sparse and rows before it are not, or the reverse: expected one kind")
        if sparse:
            self._add_keys(features)
        elif self.sparse is not None and len(features.values) != self.columns:
            raise ValueError(f"it has {len(features.values)} features: expected {self.columns}")
        self.sparse = sparse
        self.values.extend(features.values)
        self.ends.append(len(self.values))
        self.columns = max(self.columns, self._width(features, sparse=sparse))

    def _add_keys(self, features: Tensor) -> None:
        if len(features.keys) != len(features.values):
            found = f"{len(features.keys)} keys and {len(features.values)} values"
            raise ValueError(f"it has {found}: expected as many of one as of the other")
        limit = features.shape[-1] if features.shape else None
        if limit is not None and features.keys and max(features.keys) >= limit:
            raise ValueError(f"it has the key {max(features.keys)}: expected less than its shape, {limit}")
        self.keys.extend(features.keys)

    @staticmethod
    def _width(features: Tensor, *, sparse: bool) -> int:
        if not sparse:
            return len(features.values)
        return int(features.shape[-1] if features.shape else max(features.keys) + 1)

    def _features(self) -> "FloatArray | csr_matrix":
        values = np.array(self.values, dtype=np.float32)
        if not self.sparse:
            return values.reshape(self.count, self.columns)
        parts = (values, np.array(self.keys, dtype=np.int64), np.array(self.ends, dtype=np.int64))
        return csr_matrix(parts, shape=(self.count, self.columns))


def _tensor(values: "dict[str, Value]", what: str) -> Tensor:
    """The tensor named ``values`` of a record's features or label. Raises ValueError."""
    if VALUES not in values:
        found = ", ".join(sorted(values)) or "nothing"
        raise ValueError(f"its {what} has {found}: expected {VALUES!r}")
    kind = values[VALUES].WhichOneof("value")
    if kind not in {"float32_tensor", "float64_tensor", "int32_tensor"}:
        raise ValueError(f"its {what} is of type {kind}: expected a tensor of numbers")
    tensor: Tensor = getattr(values[VALUES], kind)
    return tensor


def encode(scores: Iterable[list[float]], name: str) -> Iterator[bytes]:
    """A record for each prediction: its values as the label ``name``."""
    for values in scores:
        record = Record()
        record.label[name].float32_tensor.values.extend(values)
        yield record.SerializeToString()
