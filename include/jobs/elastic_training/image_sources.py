"""Where images come from: scikit-learn's digits, or a prefix of S3.

A source gives, for each part, every image by its name ``<class>/<file>`` and what writes it.
"""

import csv
import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

import objects
from failure import JobError
from objects import Found, Location
from parts import FEWEST_CLASSES, TRAIN, VALIDATION

BRIGHTEST = 16
"""Of a pixel of scikit-learn's digits."""
LABELS = "LOC_val_solution.csv"
"""Kaggle's name for the classes of ImageNet's validation images.

https://www.kaggle.com/competitions/imagenet-object-localization-challenge/data
"""
SUFFIXES = {".bmp", ".gif", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp"}


@dataclass(frozen=True)
class Item:
    """An image.

    Attributes:
        name: ``<class>/<file>``.
        size: bytes of its file; None where that is not known before.
        write: puts it into a file.
    """

    name: str
    size: int | None
    write: Callable[[Path], object]


@dataclass(frozen=True)
class Digits:
    """1,797 digits of 8 x 8 pixels, about as many of each.

    Attributes:
        validation_fraction: of each class.
        seed: of the choice.
    """

    validation_fraction: float
    seed: int

    @property
    def described(self) -> dict[str, Any]:
        """Everything that changes what comes of it."""
        return {"source": "digits", "validation_fraction": self.validation_fraction, "seed": self.seed}

    def check(self) -> None:
        """There is nothing that could be wrong."""

    def items(self, part: str) -> Iterator[Item]:
        """The images of a part."""
        table = load_digits()
        train, validation = train_test_split(
            range(len(table.target)),
            test_size=self.validation_fraction,
            random_state=self.seed,
            stratify=table.target,
        )
        for number in sorted(train if part == TRAIN else validation):
            image = Image.fromarray((table.images[number] * (255 / BRIGHTEST)).round().astype(np.uint8))

            def write(file: Path, image: Image.Image = image) -> None:
                image.save(file, format="PNG")

            yield Item(f"{table.target[number]}/digit-{number:04}.png", None, write)


@dataclass(frozen=True)
class Prefix:
    """``<prefix>/train/<class>/...``, and ``<prefix>/val/`` by class or flat, with a table of its classes.

    Attributes:
        prefix: of S3.
        labels: the table, with columns ``ImageId`` and ``PredictionString``, whose first word is the class;
            None for the one of Kaggle's name below the prefix, should ``val/`` be flat.
    """

    prefix: Location
    labels: Location | None = None

    @property
    def described(self) -> dict[str, Any]:
        """Everything that changes what comes of it."""
        return {"source": str(self.prefix), "labels": str(self.labels) if self.labels else None}

    def check(self) -> None:
        """Looks at what can be seen before hours of copying.

        Raises:
            JobError: there is nothing to train on or to measure with.
            LocationError: there is no such bucket.
        """
        folder = self.prefix.child(TRAIN).child("")
        # Names a bucket that is not there; asking for the folders alone would not.
        known = objects.folders(folder) if next(objects.listed_after(folder, ""), None) else []
        if len(known) < FEWEST_CLASSES:
            what = f"images of one class, {known[0]}, only" if known else "no folder with images of a class"
            raise JobError(
                f"{self.prefix.child(TRAIN)} has {what}: give train/<class>/ of two classes at least."
            )
        count, classes = 0, set(known)
        for item in self.items(VALIDATION):
            count += 1
            if (name := item.name.partition("/")[0]) not in classes:
                raise JobError(
                    f"Class {name} of val/{item.name} is unknown to train/: give images of it there."
                )
        if not count:
            raise JobError(f"{self.prefix.child(VALIDATION)} has no image: give some to measure with.")

    def items(self, part: str) -> Iterator[Item]:
        """The images of a part, in the order of their keys.

        Raises:
            JobError: an image of ``val/`` is of no class.
        """
        folder = self.prefix.child(part).child("")
        labels: dict[str, str] | None = None
        for found in objects.listed_after(folder, ""):
            name = found.location.key.removeprefix(folder.key)
            if Path(name).suffix.lower() not in SUFFIXES:
                continue
            if "/" not in name and part == VALIDATION:
                labels = self._labels() if labels is None else labels
                if Path(name).stem not in labels:
                    raise JobError(f"val/{name} is of no class: {self._table} does not have it.")
                name = f"{labels[Path(name).stem]}/{name}"
            elif "/" not in name:
                raise JobError(f"{part}/{name} is of no class: it is in none of the folders {part}/<class>/.")
            yield Item(name, found.size, _download(found))

    @property
    def _table(self) -> Location:
        return self.labels or self.prefix.child(LABELS)

    def _labels(self) -> dict[str, str]:
        content = objects.content(self._table)
        if content is None:
            raise JobError(
                f"The images of {self.prefix.child(VALIDATION)} are not in folders of classes, and there is "
                f"no {self._table}, which would have them."
            )
        rows = csv.DictReader(io.StringIO(content.decode("utf-8-sig")))
        if not {"ImageId", "PredictionString"} <= set(rows.fieldnames or []):
            raise JobError(f"{self._table} has no columns ImageId and PredictionString.")
        return {row["ImageId"]: row["PredictionString"].split()[0] for row in rows if row["PredictionString"]}


def _download(found: Found) -> Callable[[Path], object]:
    def write(file: Path) -> None:
        place = found.location
        objects.client().download_file(place.bucket, place.key, str(file))

    return write
