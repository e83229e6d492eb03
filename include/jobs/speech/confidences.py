"""Pictures of how sure the recogniser is."""

from collections.abc import Iterable, Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter

from figures import GRID, axes, png
from windows import TaskCount

BINS = 20
WORDS, LOW, BOUND = "#1f6f8b", "#c05621", "#c05621"


def histogram(confidences: Iterable[float], threshold: float) -> bytes:
    """All words by confidence, those under the threshold in another colour."""
    values = [*confidences]
    low = [value for value in values if value < threshold]
    figure, plot = axes(f"{len(low):,} of {len(values):,} words are under {threshold:g}")
    edges = [index / BINS for index in range(BINS + 1)]
    rest = [value for value in values if value >= threshold]
    plot.hist([low, rest], bins=edges, stacked=True, color=[LOW, WORDS], rwidth=0.92)
    plot.axvline(threshold, color=BOUND, linestyle="--", label=f"threshold {threshold:g}")
    plot.set(xlabel="confidence", ylabel="words", xlim=(0, 1))
    plot.legend(frameon=False, loc="best")
    return _png(figure, plot)


def low_histogram(confidences: Iterable[float], threshold: float) -> bytes:
    """Only the words under the threshold."""
    low = [value for value in confidences if value < threshold]
    title = f"The {len(low):,} words under {threshold:g}" if low else f"No word is under {threshold:g}"
    figure, plot = axes(title)
    plot.hist(low, bins=BINS, range=(0, threshold), color=LOW, rwidth=0.92)
    plot.set(xlabel="confidence", ylabel="words", xlim=(0, threshold))
    return _png(figure, plot)


def tasks(counts: Sequence[TaskCount], threshold: float, words: int) -> bytes:
    """Review tasks by threshold, and the share of the words that they ask about."""
    figure, plot = axes("Cost against catch: review tasks by threshold")
    places = [*range(len(counts))]
    colours = [LOW if abs(count.threshold - threshold) < 1e-9 else WORDS for count in counts]  # noqa: PLR2004
    bars = plot.bar(places, [count.tasks for count in counts], color=colours, width=0.7)
    plot.bar_label(bars, padding=2)
    plot.margins(y=0.12)
    plot.set_xticks(places, [f"{count.threshold:g}" for count in counts])
    plot.set(xlabel="threshold", ylabel="review tasks")
    share = plot.twinx()
    share.plot(
        places, [count.low / max(words, 1) for count in counts], color="#24292f", marker="o", markersize=4
    )
    share.set(ylabel="low words, share of all (line)", ylim=(0, None))
    share.yaxis.set_major_formatter(PercentFormatter(1))
    share.spines["top"].set_visible(False)
    return _png(figure, plot)


def _png(figure: Figure, counts: Axes) -> bytes:
    counts.grid(axis="y", color=GRID, alpha=0.25)
    counts.yaxis.set_major_locator(MaxNLocator(integer=True))
    return png(figure)
