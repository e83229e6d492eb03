"""Tensors of images and labels, from records."""

import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

import examples
from examples import Example, ExampleError
from failure import JobError

BRIGHTEST = 255.0


@dataclass(frozen=True)
class Batch:
    """Images, float32 of shape (images, channels, height, width) from 0 to 1, and int64 labels."""

    images: Tensor
    labels: Tensor

    def __len__(self) -> int:
        """How many images there are."""
        return len(self.labels)

    def to(self, device: torch.device) -> "Batch":
        """The batch on a device."""
        return Batch(self.images.to(device), self.labels.to(device))


def decoded(payloads: Iterable[bytes], channels: int, classes: int) -> Iterator[Example]:
    """Examples, in their order.

    Raises:
        JobError: a record is no image, or its class is none of those; it is named by its object.
    """
    for number, payload in enumerate(payloads):
        try:
            example = examples.decode(payload, channels)
        except ExampleError as error:
            raise JobError(f"Record {number:,}: {error}.") from error
        if not 0 <= example.label < classes:
            where = f"{example.place.name}: " if example.place else ""
            raise JobError(f"{where}record {number:,} is of class {example.label}, there are {classes}.")
        yield example


def batch(some: list[Example]) -> Batch:
    """Examples as tensors.

    Raises:
        JobError: their images are not of one size.
    """
    shapes = {example.pixels.shape for example in some}
    if len(shapes) > 1:
        sizes = " and ".join(sorted(examples.size(shape) for shape in shapes))
        raise JobError(f"Images of a batch are of {sizes}: give all one size.")
    pixels = np.stack([example.pixels for example in some]).astype(np.float32)
    labels = torch.tensor([example.label for example in some], dtype=torch.int64)
    return Batch(torch.from_numpy(pixels / BRIGHTEST), labels)


def batches(found: Iterator[Example], size: int) -> Iterator[Batch]:
    """Batches of so many; the last one may have fewer."""
    while some := list(itertools.islice(found, size)):
        yield batch(some)
