"""A picture for each question that is easier seen than read: a rate of the two groups, side by side."""

from collections.abc import Callable, Sequence

import posttraining
from analysis import Group
from comparisons import Confusion, positive_shares
from figures import axes, png, written

BLUE, ORANGE = "#1f6f8b", "#e07a3f"
MOST_LABEL = 30
"""Characters."""


def pictures(group: Group) -> dict[int, bytes]:
    """The pictures of a group, as PNG, by the question that they belong to."""
    rows = group.comparison.labels.sum(axis=1)
    found = {
        0: bars("Share of the rows", (rows / rows.sum()).tolist(), group.value),
        1: bars("Share of positive labels", positive_shares(group.comparison.observed), group.value),
    }
    if not group.posttraining:
        return found
    rates: tuple[tuple[int, str, Callable[[Confusion], float]], ...] = (
        (2, "Accuracy", posttraining.accuracy),
        (3, "Precision", posttraining.acceptance_rate),
        (4, "Recall", posttraining.recall),
    )
    confusions = group.comparison.confusions
    return found | {place: bars(title, [*map(rate, confusions)], group.value) for place, title, rate in rates}


def bars(title: str, shares: Sequence[float], group: str) -> bytes:
    """Two bars from 0 to 1, of everybody else and of the group."""
    figure, plot = axes(title, width=10.4, height=1.35)
    drawn = plot.barh(["others", written(group, MOST_LABEL)], shares, color=[BLUE, ORANGE], height=0.6)
    plot.bar_label(drawn, [f"{share:.1%}" for share in shares], padding=3)
    plot.set_xlim(0, 1.12)
    plot.set_xticks([])
    plot.invert_yaxis()
    plot.spines["bottom"].set_visible(False)
    return png(figure)
