"""When at, rate and cron expressions happen."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from local.aws.services.scheduler.expressions import ExpressionError, parse

NEW_YEAR = datetime(2026, 1, 1, tzinfo=UTC)  # a Thursday
NEW_YORK = ZoneInfo("America/New_York")


def times(text, count=3, after=NEW_YEAR, zone=UTC):
    expression, found = parse(text, zone, NEW_YEAR), []
    while len(found) < count and (moment := expression.next(after)):
        found.append(f"{moment:%Y-%m-%dT%H:%M}")
        after = moment + timedelta(microseconds=1)
    return found


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("cron(0 10 * * ? *)", ["2026-01-01T10:00", "2026-01-02T10:00", "2026-01-03T10:00"]),
        ("cron(0/15 * * * ? *)", ["2026-01-01T00:00", "2026-01-01T00:15", "2026-01-01T00:30"]),
        ("cron(0 18 ? * MON-FRI *)", ["2026-01-01T18:00", "2026-01-02T18:00", "2026-01-05T18:00"]),
        ("cron(0 18 ? * 2-6 *)", ["2026-01-01T18:00", "2026-01-02T18:00", "2026-01-05T18:00"]),
        ("cron(5,35 14 ? JAN,mar 1 *)", ["2026-01-04T14:05", "2026-01-04T14:35", "2026-01-11T14:05"]),
        ("cron(0 0 L * ? *)", ["2026-01-31T00:00", "2026-02-28T00:00", "2026-03-31T00:00"]),
        ("cron(0 0 3W * ? *)", ["2026-01-02T00:00", "2026-02-03T00:00", "2026-03-03T00:00"]),
        ("cron(0 0 ? * 6L *)", ["2026-01-30T00:00", "2026-02-27T00:00", "2026-03-27T00:00"]),
        ("cron(0 0 ? * L *)", ["2026-01-03T00:00", "2026-01-10T00:00", "2026-01-17T00:00"]),
        ("cron(0 0 ? * 3#2 *)", ["2026-01-13T00:00", "2026-02-10T00:00", "2026-03-10T00:00"]),
        ("cron(0 0 29 2 ? *)", ["2028-02-29T00:00", "2032-02-29T00:00", "2036-02-29T00:00"]),
        ("cron(0 0 1 1 ? 2026-2027)", ["2026-01-01T00:00", "2027-01-01T00:00"]),
        ("cron(0 0 1 1 ? 2020)", []),
        ("rate(1 minute)", ["2026-01-01T00:00", "2026-01-01T00:01", "2026-01-01T00:02"]),
        ("rate(5 hours)", ["2026-01-01T00:00", "2026-01-01T05:00", "2026-01-01T10:00"]),
        ("at(2026-11-20T13:00:00)", ["2026-11-20T13:00"]),
        ("at(2025-11-20T13:00:00)", []),
    ],
)
def test_an_expression_names_these_times(text, expected):
    assert times(text) == expected


def test_a_time_that_is_due_now_is_the_next_one():
    assert parse("cron(0 0 1 1 ? *)", UTC, NEW_YEAR).next(NEW_YEAR) == NEW_YEAR


def test_a_rate_keeps_its_pace_from_where_it_began():
    moment = parse("rate(7 minutes)", UTC, NEW_YEAR).next(NEW_YEAR + timedelta(minutes=8))
    assert moment == NEW_YEAR + timedelta(minutes=14)


def test_times_are_those_of_the_zone_and_move_with_its_summer():
    assert times("cron(0 9 * * ? *)", 1, zone=NEW_YORK) == ["2026-01-01T14:00"]
    assert times("cron(0 9 * * ? *)", 1, datetime(2026, 7, 1, tzinfo=UTC), NEW_YORK) == ["2026-07-01T13:00"]
    assert times("at(2026-07-01T09:00:00)", zone=NEW_YORK) == ["2026-07-01T13:00"]


def test_a_time_that_summer_skips_is_skipped_and_one_that_it_repeats_happens_once():
    spring = times("cron(30 2 * * ? *)", 2, datetime(2026, 3, 7, 12, tzinfo=UTC), NEW_YORK)
    assert spring == ["2026-03-09T06:30", "2026-03-10T06:30"]
    autumn = times("cron(30 1 * * ? *)", 2, datetime(2026, 11, 1, tzinfo=UTC), NEW_YORK)
    assert autumn == ["2026-11-01T05:30", "2026-11-02T06:30"]


def test_an_hour_later_in_autumn_nothing_is_missed_or_repeated():
    found = times("cron(0/30 * * * ? *)", 100, datetime(2026, 11, 1, tzinfo=UTC), NEW_YORK)
    assert all(one < other for one, other in pairwise(found))


@pytest.mark.parametrize(
    "text",
    [
        "cron(0 10 * * *)",
        "cron(0 10 * * * *)",
        "cron(0 10 ? * ? *)",
        "cron(60 10 * * ? *)",
        "cron(0 10 * 13 ? *)",
        "cron(0 10 ? * 8 *)",
        "rate(1 minutes)",
        "rate(5 minute)",
        "rate(0 minutes)",
        "rate(30 seconds)",
        "at(2026-13-01T00:00:00)",
        "at(2026-01-01)",
        "daily",
    ],
)
def test_what_aws_does_not_take_is_refused(text):
    with pytest.raises(ExpressionError):
        parse(text, UTC, NEW_YEAR)
