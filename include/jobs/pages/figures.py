"""Pictures as PNG. The same numbers give the same bytes."""

import io

from matplotlib.axes import Axes
from matplotlib.figure import Figure

GRID = "#8b949e"


def axes(title: str, *, width: float = 6.4, height: float = 3.8) -> tuple[Figure, Axes]:
    """Without pyplot, which keeps figures in a state that all of a process share. Sizes are in inches."""
    figure = Figure(figsize=(width, height), layout="constrained")
    found = figure.subplots()
    found.set_title(title, loc="left", fontsize=11, fontweight="bold")
    found.spines[["top", "right"]].set_visible(False)
    found.set_axisbelow(True)
    return figure, found


def written(text: str, most: int = 60) -> str:
    r"""A name for a picture, of at most so many characters.

    A dollar sign would begin a formula, an underscore at the beginning hide the entry of a legend.

    >>> written("_US$ per month", 8)
    'US\\$ per…'
    """
    text = text.removeprefix("_")
    return (text if len(text) <= most else f"{text[: most - 1].rstrip()}…").replace("$", r"\$")


def png(figure: Figure) -> bytes:
    """The picture, without the version of the library in it."""
    picture = io.BytesIO()
    figure.savefig(picture, format="png", dpi=144, metadata={"Software": None})
    return picture.getvalue()
