"""Pictures of how sure the recogniser is, as PNG. The same numbers give the same bytes."""

import io
from collections.abc import Iterable, Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter

from windows import TaskCount

BINS = 20
WORDS, LOW, BOUND, GRID = "#1f6f8b", "#c05621", "#c05621", "#8b949e"


def histogram(confidences: Iterable[float], threshold: float) -> bytes:
    """All words by confidence, those under the threshold in another colour."""
    values = [*confidences]
    low = [value for value in values if value < threshold]
    figure, axes = _axes(f"{len(low):,} of {len(values):,} words are under {threshold:g}")
    edges = [index / BINS for index in range(BINS + 1)]
    rest = [value for value in values if value >= threshold]
    axes.hist([low, rest], bins=edges, stacked=True, color=[LOW, WORDS], rwidth=0.92)
    axes.axvline(threshold, color=BOUND, linestyle="--", label=f"threshold {threshold:g}")
    axes.set(xlabel="confidence", ylabel="words", xlim=(0, 1))
    axes.legend(frameon=False, loc="best")
    return _png(figure, axes)


def low_histogram(confidences: Iterable[float], threshold: float) -> bytes:
    """Only the words under the threshold."""
    low = [value for value in confidences if value < threshold]
    title = f"The {len(low):,} words under {threshold:g}" if low else f"No word is under {threshold:g}"
    figure, axes = _axes(title)
    axes.hist(low, bins=BINS, range=(0, threshold), color=LOW, rwidth=0.92)
    axes.set(xlabel="confidence", ylabel="words", xlim=(0, threshold))
    return _png(figure, axes)


def tasks(counts: Sequence[TaskCount], threshold: float, words: int) -> bytes:
    """Review tasks by threshold, and the share of the words that they ask about."""
    figure, axes = _axes("Cost against catch: review tasks by threshold")
    places = [*range(len(counts))]
    colours = [LOW if abs(count.threshold - threshold) < 1e-9 else WORDS for count in counts]  # noqa: PLR2004
    bars = axes.bar(places, [count.tasks for count in counts], color=colours, width=0.7)
    axes.bar_label(bars, padding=2)
    axes.margins(y=0.12)
    axes.set_xticks(places, [f"{count.threshold:g}" for count in counts])
    axes.set(xlabel="threshold", ylabel="review tasks")
    share = axes.twinx()
    share.plot(
        places, [count.low / max(words, 1) for count in counts], color="#24292f", marker="o", markersize=4
    )
    share.set(ylabel="low words, share of all (line)", ylim=(0, None))
    share.yaxis.set_major_formatter(PercentFormatter(1))
    share.spines["top"].set_visible(False)
    return _png(figure, axes)


def _axes(title: str) -> tuple[Figure, Axes]:
    """Without pyplot, which keeps figures in a state that all of a process share."""
    figure = Figure(figsize=(6.4, 3.8), layout="constrained")
    axes = figure.subplots()
    axes.set_title(title, loc="left", fontsize=11, fontweight="bold")
    return figure, axes


def _png(figure: Figure, axes: Axes) -> bytes:
    axes.spines[["top", "right"]].set_visible(False)
    axes.set_axisbelow(True)
    axes.grid(axis="y", color=GRID, alpha=0.25)
    axes.yaxis.set_major_locator(MaxNLocator(integer=True))
    picture = io.BytesIO()
    figure.savefig(picture, format="png", dpi=144, metadata={"Software": None})
    return picture.getvalue()
