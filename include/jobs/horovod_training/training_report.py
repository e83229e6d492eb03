"""The report of a training as one page."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from figures import GRID, axes, png
from pages import render

TEMPLATE = Path(__file__).with_name("training_report.html")
FEW_CLASSES = 20
"""Up to which counts are written into the confusion matrix."""
Wrong = tuple[NDArray[np.float32], int, int]


def page(
    metrics: Mapping[str, float],
    history: Sequence[Mapping[str, float]],
    confusion: NDArray[np.int64],
    wrong: Sequence[Wrong],
) -> str:
    """The page, as HTML that needs no other file.

    Args:
        metrics: of the evaluation.
        history: a row for each epoch.
        confusion: images by their class and the likeliest one, of shape (classes, classes).
        wrong: images, of shape (height, width, channels) from 0 to 1, with their class and the likeliest one.
    """
    return render(
        TEMPLATE,
        metrics=metrics,
        history=history,
        losses=losses(history),
        confusion=matrix(confusion),
        wrong=mistakes(wrong) if wrong else None,
    )


def losses(history: Sequence[Mapping[str, float]]) -> bytes:
    """Loss of training and validation after each epoch."""
    figure, found = axes("Cross entropy of an image (nats)")
    numbers = [row["epoch"] + 1 for row in history]
    for key, colour, label in (("loss", "#1f6f8b", "training"), ("validation_loss", "#e07a3f", "validation")):
        found.plot(numbers, [row[key] for row in history], "o-", color=colour, label=label)
    found.set(xlabel="epoch")
    found.set_ylim(bottom=0)
    found.xaxis.get_major_locator().set_params(integer=True)
    found.grid(color=GRID, alpha=0.25)
    found.legend(frameon=False)
    return png(figure)


def matrix(confusion: NDArray[np.int64]) -> bytes:
    """Rows are classes, columns what the model takes their images for."""
    figure, found = axes("What is taken for what (images)", width=6, height=5.4)
    shares = confusion / np.maximum(1, confusion.sum(axis=1, keepdims=True))
    found.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    found.set(xlabel="taken for class", ylabel="class")
    if len(confusion) <= FEW_CLASSES:
        found.set_xticks(range(len(confusion)))
        found.set_yticks(range(len(confusion)))
        for (row, column), count in np.ndenumerate(confusion):
            if count:
                colour = "white" if shares[row, column] > 0.5 else "black"  # noqa: PLR2004
                found.text(column, row, str(count), ha="center", va="center", color=colour, fontsize=8)
    return png(figure)


def mistakes(wrong: Sequence[Wrong]) -> bytes:
    """Images with their class and what they are taken for."""
    columns = 8
    rows = -(-len(wrong) // columns)
    figure = Figure(figsize=(columns * 1.1, rows * 1.35), layout="constrained")
    for place in figure.subplots(rows, columns, squeeze=False).flat:
        place.axis("off")
    for place, (pixels, label, likeliest) in zip(figure.axes, wrong, strict=False):
        grey = pixels.shape[2] == 1
        place.imshow(pixels[..., 0] if grey else pixels, cmap="gray" if grey else None, vmin=0, vmax=1)
        place.set_title(f"{label}, not {likeliest}", fontsize=8)
    return png(figure)
