"""text/libsvm: ``label index:value ...``, indices from 0, optionally ``label:weight``."""

import io
from collections.abc import Iterator
from typing import BinaryIO

import numpy as np

from .batch import BATCH_ROWS, BATCH_VALUES, Batch, DataError, FloatArray, Layout


def batches(stream: BinaryIO, source: str, layout: Layout) -> Iterator[Batch]:
    """The rows of ``stream``, sparse: a value that is not there is missing.

    Raises:
        DataError: a row is not of this form or has a ``qid``, or only some of a batch's rows have weights.
    """
    line = 1
    for lines in _chunks(stream):
        rows = [row for row in lines if row.strip() and not row.startswith(b"#")]
        where = f"in lines {line} to {line + len(lines) - 1}"
        if any(b"qid:" in row.partition(b"#")[0] for row in rows):
            # The parser would leave it out without a word, and a ranking without its groups is none.
            raise DataError(f"{source} has query groups (qid:) {where}, which this image does not read.")
        try:
            if rows:
                yield _parsed(rows, labelled=layout.labelled)
        except ValueError as error:
            raise DataError(f"{source} is not libsvm (label index:value ...) {where}: {error}") from None
        line += len(lines)


def _chunks(stream: BinaryIO) -> Iterator[list[bytes]]:
    """Lines, as many at a time as rows and their values may be."""
    lines, values = list[bytes](), 0
    for line in stream:
        lines.append(line)
        values += line.count(b":")
        if len(lines) == BATCH_ROWS or values >= BATCH_VALUES:
            yield lines
            lines, values = [], 0
    if lines:
        yield lines


def _parsed(rows: list[bytes], *, labelled: bool) -> Batch:
    from sklearn.datasets import load_svmlight_file  # noqa: PLC0415  (a second to import)

    if not labelled:
        # A row for prediction need have no label; the parser wants one.
        rows = [b"0 " + row if b":" in row.split(maxsplit=1)[0] else row for row in rows]
    weights: FloatArray | None = None
    if labelled and b":" in rows[0].split(maxsplit=1)[0]:
        rows, weights = _weights(rows)
    features, labels = load_svmlight_file(io.BytesIO(b"\n".join(rows)), dtype=np.float32, zero_based=True)
    return Batch(features, labels.astype(np.float32) if labelled else None, weights)


def _weights(rows: list[bytes]) -> tuple[list[bytes], FloatArray]:
    """Rows without their weights, and the weights."""
    heads = [row.split(maxsplit=1) for row in rows]
    parts = [head[0].partition(b":") for head in heads]
    if not all(weight for _, _, weight in parts):
        raise ValueError("some rows have a weight (label:weight), others have none")
    bare = [label + b" " + b"".join(head[1:]) for (label, _, _), head in zip(parts, heads, strict=True)]
    return bare, np.array([float(weight) for _, _, weight in parts], dtype=np.float32)
