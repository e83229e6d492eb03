"""Records that come in: files below a folder, or the handwritten digits that scikit-learn ships."""

from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import numpy as np
from sklearn.datasets import load_digits

import examples
import tfrecords
from failure import JobError

BRIGHTEST = 16
"""Of a pixel of scikit-learn's digits."""


class Source(Protocol):
    """Payloads that can be read again, each with where it is for people."""

    def __call__(self) -> Iterator[tuple[str, bytes]]:
        """From the first one on, in the same order each time."""


def folder(path: Path) -> Source:
    """Every file below a folder, by name; records of another run's shards without their place there.

    Raises:
        JobError: there is none.
    """
    files = sorted(file for file in path.rglob("*") if file.is_file())
    if not files:
        raise JobError("There is no object under the input: give the prefix of TFRecord files of images.")

    def read() -> Iterator[tuple[str, bytes]]:
        for file in files:
            name = file.relative_to(path).as_posix()
            with file.open("rb") as stream:
                try:
                    for record in tfrecords.read(stream):
                        yield f"{name}, byte {record.offset:,}", _without_place(record.payload)
                except tfrecords.RecordError as error:
                    raise JobError(f"{name}: {error}.") from error

    return read


def _without_place(payload: bytes) -> bytes:
    try:
        return examples.as_it_came(payload)
    except examples.ExampleError:
        return payload  # Whoever looks for its image says where it is.


def digits() -> Iterator[tuple[str, bytes]]:
    """1,797 digits of 8 x 8 pixels, about as many of each."""
    table = load_digits()
    images = (table.images * (255 / BRIGHTEST)).round().astype(np.uint8)
    for number, (image, label) in enumerate(zip(images, table.target, strict=True)):
        yield f"digit {number}", examples.encoded(image, int(label))
