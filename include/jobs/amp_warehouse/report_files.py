"""The rows of the reports, as the warehouse has written them."""

from pathlib import Path

import pandas as pd

from failure import JobError

COLUMNS = {
    "daily_flash": (
        *("day", "listeners", "sessions", "listening_seconds", "shows", "creators", "likes", "follows"),
    ),
    "engagement": (
        *("day", "listeners", "engaged", "liking", "following", "notified"),
        *("chatting", "calling_in", "answering_polls"),
    ),
    "trending_shows": (
        *("show_id", "title", "creator_id", "listeners", "usual_listeners", "more_listeners"),
        *("listening_seconds", "likes"),
    ),
    "promotion_effectiveness": ("channel", "shows", "listeners", "usual_listeners"),
}
"""Of each report, in the order of its query."""
TEXTS = ("day", "show_id", "title", "creator_id", "channel")


def read_reports(folder: Path) -> dict[str, pd.DataFrame]:
    """The reports by name, numbers as numbers; a text that is missing is empty.

    Raises:
        JobError: a report is missing, has other columns, or something else where a number should be.
    """
    return {name: _read(folder / f"{name}.csv", columns) for name, columns in COLUMNS.items()}


def _read(path: Path, columns: tuple[str, ...]) -> pd.DataFrame:
    try:
        rows = pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8")
    except FileNotFoundError:
        raise JobError(f"There is no {path.name} among the reports.") from None
    except (UnicodeDecodeError, pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        raise JobError(f"{path.name} is not CSV: {error}.") from error
    if tuple(rows.columns) != columns:
        raise JobError(
            f"{path.name} has the columns {', '.join(rows.columns)}, expected are {', '.join(columns)}."
        )
    for column in columns:
        if column not in TEXTS:
            try:
                rows[column] = pd.to_numeric(rows[column])
            except ValueError as error:
                raise JobError(f"{path.name}: {column}: {error}.") from error
    return rows
