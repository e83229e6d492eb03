"""Pictures of the report, as PNG."""

import numpy as np
import pandas as pd

from figures import GRID, axes, png, written

BLUE, ORANGE = "#1f6f8b", "#e07a3f"
MOST_BARS = 20
MOST_CLASSES = 20
MOST_LABEL = 28
"""Characters."""
MOST_POINTS = 5000
DARK = 0.5
"""From this share on, a cell's number is white."""
SEED = 0


def bars(frame: pd.DataFrame, name: str, value: str, title: str, spread: str | None = None) -> bytes:
    """The first rows of a table as bars, the first one on top.

    Args:
        frame: in the order of the bars.
        name: column with what a bar stands for.
        value: column with its length.
        title: of the picture.
        spread: column with the standard deviation of the value.
    """
    shown = frame.head(MOST_BARS).iloc[::-1]
    figure, found = axes(title, height=1.2 + 0.28 * len(shown))
    labels = [written(str(each), MOST_LABEL) for each in shown[name]]
    errors = None if spread is None else shown[spread].fillna(0)
    found.barh(range(len(shown)), shown[value], xerr=errors, color=BLUE, ecolor=ORANGE)
    found.set_yticks(range(len(shown)), labels)
    found.grid(axis="x", color=GRID, alpha=0.25)
    return png(figure)


def confusion(actual: pd.Series, predicted: pd.Series) -> bytes | None:
    """Rows are what is true, columns what is predicted; None for more classes than a picture has room for."""
    classes = sorted({*actual, *predicted}, key=str)
    if len(classes) > MOST_CLASSES:
        return None
    counts = pd.crosstab(actual, predicted).reindex(index=classes, columns=classes, fill_value=0).to_numpy()
    shares = counts / np.maximum(1, counts.sum(axis=1, keepdims=True))
    size = 3 + 0.45 * len(classes)
    figure, found = axes("What is predicted for what (rows)", width=size + 1, height=size)
    found.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    labels = [written(str(each), MOST_LABEL) for each in classes]
    found.set_xticks(range(len(classes)), labels, rotation=45, ha="right")
    found.set_yticks(range(len(classes)), labels)
    found.set(xlabel="predicted", ylabel="actual")
    for (row, column), count in np.ndenumerate(counts):
        colour = "white" if shares[row, column] > DARK else "black"
        found.text(column, row, f"{count:,}", ha="center", va="center", color=colour, fontsize=8)
    return png(figure)


def residuals(actual: pd.Series, predicted: pd.Series) -> bytes:
    """By how much the prediction misses, over what is predicted; of very many rows a sample."""
    points = pd.DataFrame({"predicted": predicted, "residual": actual - predicted})
    if len(points) > MOST_POINTS:
        points = points.sample(MOST_POINTS, random_state=SEED)
    figure, found = axes("What is missing to the true value")
    found.scatter(points["predicted"], points["residual"], s=8, alpha=0.4, color=BLUE, linewidths=0)
    found.axhline(0, color=ORANGE, linewidth=1)
    found.set(xlabel="predicted", ylabel="actual - predicted")
    found.grid(color=GRID, alpha=0.25)
    return png(figure)
