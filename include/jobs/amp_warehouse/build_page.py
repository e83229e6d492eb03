"""Makes one page of the warehouse's reports about a day.

Output, under ``--output``:

- ``report.html``: figures of the day beside the week before, plots and tables of all reports
- ``metrics.json``: the day's figures: ``listeners``, ``sessions``, ``listening_seconds``, ``shows``,
  ``creators``, ``likes``, ``follows``, ``engaged``, and ``trending_shows``, ``channels``, numbers of rows
"""

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

import plots
from documents import write_json
from failure import JobError, run_job
from pages import render
from report_files import read_reports

TEMPLATE = Path(__file__).with_name("warehouse_report.html")
WEEK = 7
FIGURES = ("listeners", "sessions", "listening_seconds", "shows", "creators", "likes", "follows")


def of_day(rows: pd.DataFrame, day: str) -> dict[str, int]:
    """The figures of a day.

    Raises:
        JobError: the warehouse has no event of the day.
    """
    found = rows[rows["day"] == day]
    if found.empty:
        raise JobError(
            f"Nobody listened on {day}: the lake has no session of that day. Choose a day that it has."
        )
    return {name: int(found.iloc[0][name]) for name in rows.columns if name != "day"}


def changes(flash: pd.DataFrame, day: str) -> dict[str, dict[str, Any]]:
    """Each figure of the day, and its relative difference to the mean of the days in the week before."""
    now, before = of_day(flash, day), flash[flash["day"] < day].tail(WEEK)
    usual = {name: float(before[name].mean()) if len(before) else 0.0 for name in FIGURES}
    return {
        name: {"value": now[name], "change": now[name] / usual[name] - 1 if usual[name] else None}
        for name in FIGURES
    }


def build(args: argparse.Namespace) -> dict[str, int]:
    """Draws and writes; returns the metrics.

    Raises:
        JobError: a report cannot be read, or there is nothing to report.
    """
    reports = read_reports(args.reports)
    flash, engagement = reports["daily_flash"], reports["engagement"]
    figures = changes(flash, args.day)
    page = render(
        TEMPLATE,
        day=args.day,
        figures=figures,
        engagement=of_day(engagement, args.day),
        acts=plots.ACTS,
        pictures={
            "listening": plots.listening(flash),
            "engagement": plots.engagement(engagement),
            "trending": _drawn(plots.trending, reports["trending_shows"]),
            "promotions": _drawn(plots.promotions, reports["promotion_effectiveness"]),
        },
        flash=_records(flash.iloc[::-1]),
        trending=_records(reports["trending_shows"]),
        promotions=_records(reports["promotion_effectiveness"]),
    )
    metrics = {
        **of_day(flash, args.day),
        "engaged": of_day(engagement, args.day)["engaged"],
        "trending_shows": len(reports["trending_shows"]),
        "channels": len(reports["promotion_effectiveness"]),
    }
    args.output.mkdir(parents=True, exist_ok=True)
    (args.output / "report.html").write_text(page, encoding="utf-8")
    write_json(args.output / "metrics.json", metrics)
    return metrics


def _drawn(draw: Callable[[pd.DataFrame], bytes], rows: pd.DataFrame) -> bytes | None:
    """None where there is nothing to draw."""
    return draw(rows) if len(rows) else None


def _records(rows: pd.DataFrame) -> list[dict[Any, Any]]:
    found: list[dict[Any, Any]] = rows.to_dict("records")
    return found


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the job from the command line; returns the exit code."""
    parser = argparse.ArgumentParser(description="Makes a page of the reports about a day.")
    add = parser.add_argument
    add("--reports", type=Path, required=True, help="folder with the CSV of the reports")
    add("--day", required=True, help="the day that is reported, YYYY-MM-DD")
    add("--output", type=Path, required=True, help="folder for the page")
    args = parser.parse_args(argv)
    return run_job(lambda: print(json.dumps(build(args))))


if __name__ == "__main__":
    sys.exit(main())
