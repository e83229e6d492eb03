"""Schedule expressions: ``at(...)``, ``rate(...)`` and ``cron(...)``.

https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from functools import lru_cache
from typing import Protocol

from croniter import CroniterBadCronError, CroniterBadDateError, croniter

AT = re.compile(r"at\((\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)\)")
RATE = re.compile(r"rate\(([1-9]\d*) (minute|hour|day)(s?)\)")
CRON = re.compile(r"cron\((\S+) (\S+) (\S+) (\S+) (\S+) (\S+)\)")
UNITS = {"minute": timedelta(minutes=1), "hour": timedelta(hours=1), "day": timedelta(days=1)}


class ExpressionError(ValueError):
    """An expression that AWS does not take. The message says why."""


class Expression(Protocol):
    """Says when something is to happen."""

    def next(self, after: datetime) -> datetime | None:
        """The first time that is not before ``after``, in UTC; None if there is none."""
        ...


@dataclass(frozen=True)
class At:
    """Once."""

    moment: datetime

    def next(self, after: datetime) -> datetime | None:
        """The moment, unless it is past."""
        return self.moment if self.moment >= after else None


@dataclass(frozen=True)
class Rate:
    """At ``since`` and every ``period`` from then on."""

    since: datetime
    period: timedelta

    def next(self, after: datetime) -> datetime | None:
        """The next of the times, which are all the same period apart."""
        passed = max(0, -((self.since - after) // self.period))
        return self.since + passed * self.period


@dataclass(frozen=True)
class Cron:
    """At the times of a calendar, by the clocks of a zone.

    A time that the clocks skip in spring is skipped; of one that they show twice in autumn the first is
    taken.
    """

    fields: str
    zone: tzinfo

    def next(self, after: datetime) -> datetime | None:
        """The next of the times, to the minute."""
        # One second back, because croniter's next is later than where it starts.
        wall = after.astimezone(self.zone).replace(tzinfo=None) - timedelta(seconds=1)
        times = croniter(self.fields, wall, ret_type=datetime)
        try:
            while True:
                found = times.get_next().replace(tzinfo=self.zone)
                moment = found.astimezone(UTC)
                exists = moment.astimezone(self.zone).replace(tzinfo=None) == found.replace(tzinfo=None)
                if exists and moment >= after:
                    return moment
        except CroniterBadDateError:
            return None


@lru_cache(maxsize=1024)
def parse(text: str, zone: tzinfo, since: datetime) -> Expression:
    """The expression in a text.

    Args:
        text: as AWS takes it.
        zone: of the times in it.
        since: when a rate begins.

    Raises:
        ExpressionError: AWS does not take it.
    """
    if found := AT.fullmatch(text):
        try:
            return At(datetime.fromisoformat(found[1]).replace(tzinfo=zone).astimezone(UTC))
        except ValueError as error:
            raise ExpressionError(f"{text} names no time: {error}") from error
    if found := RATE.fullmatch(text):
        if (found[1] == "1") == bool(found[3]):
            raise ExpressionError(f"{text}: a unit is singular behind 1 and plural behind another number.")
        return Rate(since, int(found[1]) * UNITS[found[2]])
    if found := CRON.fullmatch(text):
        return _cron(text, found.groups(), zone)
    raise ExpressionError(
        f"{text} is none of at(yyyy-mm-ddThh:mm:ss), rate(value unit) and cron(minutes hours day-of-month"
        " month day-of-week year)."
    )


def _cron(text: str, given: tuple[str, ...], zone: tzinfo) -> Cron:
    minutes, hours, day, month, weekday, year = (field.upper() for field in given)
    if (day == "?") == (weekday == "?"):
        raise ExpressionError(f"{text}: one of day-of-month and day-of-week must be ?, and only one.")
    fields = " ".join((minutes, hours, day, month, _weekdays(weekday), "0", year))
    try:
        croniter(fields, datetime(2026, 1, 1))  # noqa: DTZ001  # only to see whether it is one
    except (CroniterBadCronError, ValueError) as error:
        raise ExpressionError(f"{text} is no cron expression: {error}") from error
    return Cron(fields, zone)


def _weekdays(field: str) -> str:
    """AWS counts days from 1, a Sunday, and writes the last Friday 6L; croniter from 0, and L5.

    >>> _weekdays("2-6"), _weekdays("6L"), _weekdays("3#2"), _weekdays("L"), _weekdays("MON,FRI")
    ('1-5', 'L5', '2#2', '6', 'MON,FRI')
    """
    if field == "L":
        return "6"
    if last := re.fullmatch(r"([1-7])L", field):
        return f"L{int(last[1]) - 1}"
    days, hash_, which = field.partition("#")
    return re.sub(r"[1-7]", lambda day: str(int(day[0]) - 1), days) + hash_ + which
