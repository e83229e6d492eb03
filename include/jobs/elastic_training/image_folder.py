"""Images of a data set on the shared volume: ``train/<class>/<file>`` and ``val/<class>/<file>``."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor
from torch.utils.data import Dataset

from failure import JobError
from parts import FEWEST_CLASSES, TRAIN

BRIGHTEST = 255.0
Pixels = NDArray[np.uint8]


@dataclass(frozen=True)
class Form:
    """What images are made to be.

    Attributes:
        channels: 1 for grey, 3 for colour.
        size: pixels of a side; 0 leaves them as they are, and then all have to be of one size.
    """

    channels: int
    size: int

    def pixels(self, file: Path) -> Pixels:
        """An image of shape (channels, height, width).

        Raises:
            JobError: it cannot be read.
        """
        try:
            with Image.open(file) as opened:
                image = opened.convert("L" if self.channels == 1 else "RGB")
        except (OSError, Image.DecompressionBombError) as error:
            raise JobError(f"{file} is no image that can be read: {error}.") from error
        if self.size:
            image = self._square(image)
        pixels = np.asarray(image)
        return pixels.reshape(*pixels.shape[:2], self.channels).transpose(2, 0, 1)

    def _square(self, image: Image.Image) -> Image.Image:
        """The middle of an image whose shorter side has been made ``size``."""
        side = min(image.size)
        left, top = (image.width - side) // 2, (image.height - side) // 2
        box = (left, top, left + side, top + side)
        return image.resize((self.size, self.size), Image.Resampling.BILINEAR, box=box)


class Images(Dataset[tuple[Pixels, int]]):  # type: ignore[misc]  # torch is in the job's image
    """The images of a part, in the order of their names, and the numbers of their classes.

    Raises:
        JobError: there is none, or one is of a class that is not among ``classes``.
    """

    def __init__(self, folder: Path, part: str, classes: Sequence[str], form: Form) -> None:
        self._folder, self.form = folder / part, form
        self.names = names(folder, part)
        if not self.names:
            raise JobError(f"There is no image in {self._folder}: prepare the data set first.")
        numbers = {name: number for number, name in enumerate(classes)}
        if unknown := sorted({name.partition("/")[0] for name in self.names} - numbers.keys()):
            raise JobError(f"Class {unknown[0]} of {self._folder} is none of those to train on.")
        self._labels = [numbers[name.partition("/")[0]] for name in self.names]

    def __len__(self) -> int:
        return len(self.names)

    def __getitem__(self, number: int) -> tuple[Pixels, int]:
        """An image of shape (channels, height, width), and its class."""
        return self.form.pixels(self._folder / self.names[number]), self._labels[number]


def stacked(some: list[tuple[Pixels, int]]) -> tuple[Pixels, NDArray[np.int64]]:
    """Images as uint8 of shape (images, channels, height, width), and their labels.

    Not as tensors: between processes these go through sockets with paths, which may be longer than a path of
    a socket can be.

    Raises:
        JobError: they are not of one size.
    """
    shapes = sorted({pixels.shape for pixels, _ in some})
    if len(shapes) > 1:
        sizes = " and ".join(f"{width} x {height}" for _, height, width in shapes[:2])
        raise JobError(f"There are images of {sizes} pixels: give --image-size, which makes them all one.")
    return np.stack([pixels for pixels, _ in some]), np.array([label for _, label in some], dtype=np.int64)


def tensors(images: Pixels, labels: NDArray[np.int64], device: torch.device) -> tuple[Tensor, Tensor]:
    """What is `stacked` on a device: images as float32 from 0 to 1, and int64 labels."""
    there = torch.from_numpy(images).to(device)
    return there.to(torch.float32) / BRIGHTEST, torch.from_numpy(labels).to(device)


def classes(folder: Path) -> list[str]:
    """The classes of the training images, in order.

    Raises:
        JobError: there are no training images, or all are of one class.
    """
    if not (folder / TRAIN).is_dir():
        raise JobError(f"There is no folder {folder / TRAIN}: prepare the data set first.")
    found = sorted(path.name for path in (folder / TRAIN).iterdir() if path.is_dir())
    if len(found) < FEWEST_CLASSES:
        raise JobError(f"{folder / TRAIN} has images of {len(found)} classes: give two at least.")
    return found


def names(folder: Path, part: str) -> list[str]:
    """``<class>/<file>`` of each image of a part, in order.

    A data set that was prepared has them in a list: to look for a million of files takes minutes.
    """
    listed = folder / f"{part}.txt"
    if listed.is_file():
        return listed.read_text(encoding="utf-8").splitlines()
    found = (file for file in (folder / part).glob("*/**/*") if file.is_file())
    return sorted(file.relative_to(folder / part).as_posix() for file in found)
