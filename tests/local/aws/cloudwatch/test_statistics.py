"""Values by the minute: what is kept of them, and the statistics of periods."""

import random

import pytest

from local.aws.metrics import KEPT, SAMPLE, SECONDS, Metric, Metrics
from local.aws.services.cloudwatch.statistics import NAMED, by_period, is_known, statistic

METRIC = Metric.of("us-east-1", "AWS/Lambda", "Duration", FunctionName="f")


class Clock:
    minute = 1000.0

    def __call__(self):
        return self.minute * SECONDS


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def recorded(clock):
    return Metrics(clock)


def fill(recorded, clock, *minutes):
    for number, values in enumerate(minutes):
        clock.minute = 1000 + number
        for value in values:
            recorded.add(METRIC, value, "Milliseconds")


def test_statistics_of_a_period_are_of_all_its_values(recorded, clock):
    fill(recorded, clock, [1, 2], [9], [], [4])
    minutes = recorded.between(METRIC, 1000, 1004).values()
    assert {name: statistic(name, minutes) for name in NAMED} == {
        "SampleCount": 4,
        "Average": 4,
        "Sum": 16,
        "Minimum": 1,
        "Maximum": 9,
    }
    assert [statistic(name, minutes) for name in ("p0", "p25", "p50", "p50.1", "p99", "p100")] == [
        *(1, 1, 2, 4, 9, 9)
    ]
    assert statistic("Maximum", []) is None


def test_periods_begin_at_multiples_of_their_length_or_where_they_are_told(recorded, clock):
    fill(recorded, clock, [1], [2], [], [8], [16])
    minutes = recorded.between(METRIC, 1000, 1005)
    # 1000 minutes are 60,000 seconds, a multiple of 300 and of 120.
    assert by_period("Sum", minutes, 300) == [(60_000, 27)]
    assert by_period("Sum", minutes, 120) == [(60_000, 3), (60_120, 8), (60_240, 16)]
    assert by_period("Sum", minutes, 120, origin=60_060) == [(59_940, 1), (60_060, 2), (60_180, 24)]
    assert by_period("Sum", minutes, 1) == [(60_000, 1), (60_060, 2), (60_180, 8), (60_240, 16)]


def test_of_what_can_be_measured_at_any_time_the_newest_value_of_a_minute_counts(recorded, clock):
    for value in (5, 3):
        recorded.put(METRIC, value, "Seconds")
    clock.minute += 1
    recorded.put(METRIC, 7, "Seconds")
    assert by_period("Maximum", recorded.between(METRIC, 0, 2000), 60) == [(60_000, 3), (60_060, 7)]


def test_three_hours_are_remembered_and_what_is_older_is_forgotten(recorded, clock):
    for clock.minute in range(1000, 1000 + KEPT + 5):
        recorded.add(METRIC, 1, "Milliseconds")
    assert list(recorded.between(METRIC, 0, 9999)) == list(range(1005, 1005 + KEPT))
    clock.minute += KEPT - 1
    recorded.sweep()
    assert [metric for metric, _, _ in recorded.newest()] == [METRIC]
    clock.minute += 1
    recorded.sweep()
    assert list(recorded.newest()) == []


def test_of_a_busy_minute_a_sample_is_kept_that_tells_its_percentiles(recorded, clock):
    random.seed(4)
    fill(recorded, clock, random.sample(range(100_000), 20_000), [10.0])
    busy, idle = recorded.between(METRIC, 1000, 1002).values()
    assert (busy.count, len(busy.sample), len(idle.sample)) == (20_000, SAMPLE, 1)
    # Of a sample of 200 the median is off by 3.5% at one standard deviation.
    assert statistic("p50", [busy]) == pytest.approx(50_000, rel=0.2)
    # The one value of the other minute stands for itself only.
    assert statistic("p1", [busy, idle]) > 10


@pytest.mark.parametrize("name", ["p101", "tm90", "Median", "p", "p-1"])
def test_other_statistics_are_not_known(name):
    assert not is_known(name)
