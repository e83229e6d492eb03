"""The picture of word error rates with their intervals."""

from collections.abc import Mapping

from matplotlib.ticker import PercentFormatter

from bootstrap import Interval
from figures import GRID, axes, png

POINT, BASELINE = "#1f6f8b", "#c05621"
WIDTH_INCHES, ROW_INCHES, FRAME_INCHES = 9.6, 0.42, 0.9


def rates(intervals: Mapping[str, Interval], baseline: str) -> bytes:
    """A row for each variant, by its name for people, from top to bottom; the baseline in another colour."""
    level = next(iter(intervals.values())).level
    figure, plot = axes(
        f"Word error rate, with its {level:.0%} interval",
        width=WIDTH_INCHES,
        height=FRAME_INCHES + ROW_INCHES * len(intervals),
    )
    for row, (name, found) in enumerate(intervals.items()):
        colour = BASELINE if name == baseline else POINT
        sides = [[found.estimate - found.low], [found.high - found.estimate]]
        plot.errorbar(
            [found.estimate], [row], xerr=sides, fmt="o", color=colour, capsize=4, linewidth=2, markersize=6
        )
        plot.annotate(
            f"{found.estimate:.1%}",
            (found.estimate, row),
            xytext=(0, 7),
            textcoords="offset points",
            ha="center",
            fontsize=8,
            bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.5},
        )
    plot.axvline(intervals[baseline].estimate, color=BASELINE, linestyle=":", linewidth=1)
    plot.set_yticks(range(len(intervals)), [*intervals])
    plot.set(ylim=(len(intervals) - 0.5, -0.6), xlim=(0, None))
    plot.xaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    plot.grid(axis="x", color=GRID, alpha=0.25)
    return png(figure)
