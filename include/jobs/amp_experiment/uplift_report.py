"""The report of an experiment as one page."""

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

from matplotlib.dates import ConciseDateFormatter

from figures import GRID, axes, png
from pages import render

TEMPLATE = Path(__file__).with_name("uplift_report.html")
BLUE, ORANGE = "#1f6feb", "#bc4c00"


def page(document: Mapping[str, Any]) -> str:
    """The page, as HTML that needs no other file.

    Args:
        document: the content of ``experiment.json``.
    """
    sound = bool(document["metrics"])
    plots = {"Users by variant": sizes(document["sample_ratio"])}
    if sound:
        plots = {
            "Uplift of each metric with its interval": intervals(document),
            **{
                f"Uplift of {name} from the first day until each": by_day(document["days"], name)
                for name in document["metrics"]
            },
            **plots,
        }
    return render(TEMPLATE, **document, plots=plots)


def intervals(document: Mapping[str, Any]) -> bytes:
    """A line for each metric and guardrail from the low to the high end, and a dot for its uplift."""
    found = {**document["metrics"], **document["guardrails"]}
    figure, plot = axes("Uplift, with its interval", height=0.9 + 0.45 * len(found))
    for row, (name, each) in enumerate(found.items()):
        colour = BLUE if name in document["metrics"] else ORANGE
        plot.plot([100 * each["low"], 100 * each["high"]], [row, row], color=colour, linewidth=2)
        plot.plot([100 * each["uplift"]], [row], "o", color=colour)
    plot.axvline(0, color=GRID, linewidth=1)
    plot.set_yticks(range(len(found)), list(found))
    plot.invert_yaxis()
    plot.set_xlabel("% of the control's mean")
    return png(figure)


def by_day(history: list[dict[str, Any]], metric: str) -> bytes:
    """The uplift as it came about, with its interval."""
    days = [each for each in history if each["metric"] == metric]
    figure, plot = axes(f"{metric}: uplift so far")
    when = [date.fromisoformat(each["day"]) for each in days]
    low, high, uplift = ([100 * each[name] for each in days] for name in ("low", "high", "uplift"))
    plot.fill_between(when, low, high, color=BLUE, alpha=0.2, linewidth=0)
    plot.plot(when, uplift, color=BLUE, marker="o", markersize=3)
    plot.axhline(0, color=GRID, linewidth=1)
    plot.xaxis.set_major_formatter(ConciseDateFormatter(plot.xaxis.get_major_locator()))
    plot.set_ylabel("% of the control's mean")
    return png(figure)


def sizes(ratio: Mapping[str, Any]) -> bytes:
    """Bars of the users that each variant has, and lines of those it should have."""
    figure, plot = axes("Users by variant", height=2.0)
    names = list(ratio["observed"])
    plot.barh(names, list(ratio["observed"].values()), color=BLUE, height=0.5)
    for row, name in enumerate(names):
        plot.plot([ratio["expected"][name]] * 2, [row - 0.4, row + 0.4], color=ORANGE, linewidth=2)
    plot.invert_yaxis()
    plot.set_xlabel("users; the line is what the shares make to be expected")
    return png(figure)
