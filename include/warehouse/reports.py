"""The reports: a query in a file, and the days that it looks at.

The queries read the external schema ``amp``, as a user who may read that and nothing else.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from include.warehouse.batches import Batch

FOLDER = Path(__file__).parent / "sql"
USER = "millrace_reports"
"""Whom the access table has to let read the schema ``amp``; IAM's policy names the user, too."""


@dataclass(frozen=True)
class Report:
    """A report.

    Attributes:
        name: of its file and of what it becomes.
        days: before and with the day of the report.
    """

    name: str
    days: int

    def query(self, day: date) -> Batch:
        """The query about a day, whose dates are parameters of it."""
        first = day - timedelta(days=self.days - 1)
        return Batch(
            [(FOLDER / f"{self.name}.sql").read_text(encoding="utf-8")],
            user=USER,
            parameters={"day": day.isoformat(), "first": first.isoformat()},
        )


REPORTS = {
    report.name: report
    for report in (
        Report("daily_flash", 28),
        Report("engagement", 28),
        Report("trending_shows", 8),
        Report("promotion_effectiveness", 28),
    )
}
"""By their names."""
