"""The pictures of the page."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import PercentFormatter

from figures import GRID, axes, png, written

BLUE, ORANGE, GREY = "#1f6f8b", "#c05621", "#8b949e"
MOST_TITLE = 34
"""Characters of a show's title beside its bar."""
ACTS = {
    "engaged": "anything",
    "chatting": "chat",
    "liking": "like",
    "following": "follow",
    "notified": "notification",
    "calling_in": "call in",
    "answering_polls": "poll",
}
"""Columns of the engagement report, as people call them."""


def listening(flash: pd.DataFrame) -> bytes:
    """Listeners by day, and hours of listening beside them."""
    figure, left = axes("Listeners and hours of listening", width=9.6, height=3.6)
    left.plot(flash["day"], flash["listeners"], color=BLUE, marker="o", markersize=4, label="listeners")
    right = left.twinx()
    right.spines[["top"]].set_visible(False)
    hours = flash["listening_seconds"] / 3600
    right.plot(flash["day"], hours, color=ORANGE, linewidth=1.5, linestyle="--", label="hours")
    left.set(ylabel="listeners", ylim=(0, None))
    right.set(ylabel="hours", ylim=(0, None))
    lines = [*left.get_lines(), *right.get_lines()]
    left.legend(lines, [str(line.get_label()) for line in lines], frameon=False, loc="lower left")
    _days(left, flash["day"])
    return png(figure)


def engagement(rows: pd.DataFrame) -> bytes:
    """The share of each day's listeners who did something, by what it was."""
    figure, plot = axes("What listeners do", width=9.6, height=3.8)
    for column, label in ACTS.items():
        share = rows[column] / rows["listeners"].where(rows["listeners"] > 0)
        width = 2.4 if column == "engaged" else 1.2
        plot.plot(rows["day"], share, linewidth=width, label=label)
    plot.set(ylabel="for each listener", ylim=(0, None))
    plot.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    plot.legend(frameon=False, ncols=2, fontsize=8, loc="center left", bbox_to_anchor=(1, 0.5))
    _days(plot, rows["day"])
    return png(figure)


def trending(rows: pd.DataFrame) -> bytes:
    """Listeners of each show and those that its creator usually has, the most surprising on top."""
    figure, plot = axes("Shows with more listeners than usual", width=9.6, height=0.8 + 0.34 * len(rows))
    places = range(len(rows))
    plot.barh(places, rows["listeners"], color=BLUE, height=0.6, label="listeners")
    plot.scatter(rows["usual_listeners"], places, color=ORANGE, zorder=3, label="usual of the creator")
    # A dollar sign would begin a formula.
    titles = [
        written(title or show, MOST_TITLE) for title, show in zip(rows["title"], rows["show_id"], strict=True)
    ]
    plot.set_yticks(places, titles, fontsize=8)
    plot.invert_yaxis()
    plot.set(xlabel="listeners", xlim=(0, None))
    plot.legend(frameon=False, loc="lower right")
    plot.grid(axis="x", color=GRID, alpha=0.25)
    return png(figure)


def promotions(rows: pd.DataFrame) -> bytes:
    """Listeners of a promoted show beside those of the same creators' other shows, by channel."""
    figure, plot = axes("Promoted shows and others of the same creators", width=9.6, height=3.4)
    places = range(len(rows))
    plot.bar([place - 0.2 for place in places], rows["listeners"], 0.38, color=BLUE, label="promoted")
    plot.bar([place + 0.2 for place in places], rows["usual_listeners"], 0.38, color=GREY, label="others")
    plot.set_xticks(places, [written(channel) for channel in rows["channel"]])
    plot.set(ylabel="listeners for each show")
    plot.legend(frameon=False)
    plot.grid(axis="y", color=GRID, alpha=0.25)
    return png(figure)


def _days(plot: Axes, days: "pd.Series[str]") -> None:
    """Every seventh day, counted from the last one."""
    places = range(len(days) - 1, -1, -7)
    plot.set_xticks(list(places), [days.iloc[place] for place in places], fontsize=8)
    plot.grid(color=GRID, alpha=0.25)
