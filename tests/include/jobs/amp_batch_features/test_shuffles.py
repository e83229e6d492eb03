"""As many partitions as a window's events are worth."""

import pytest

from bench.amp_serving_rig.modules import load
from include.bundles import JOBS

partitions = load(JOBS / "amp_batch_features", names=["shuffles"]).shuffles.partitions


@pytest.mark.parametrize(
    ("events", "most", "expected"),
    [
        (0, 64, 1),
        (2_000, 64, 1),
        (100_000, 64, 1),
        (100_001, 64, 2),
        (1_000_000, 64, 10),
        (50_000_000, 64, 64),
        (50_000_000, 2, 2),
    ],
)
def test_few_events_are_not_sorted_into_many_partitions(events, most, expected):
    assert partitions(events, most) == expected
