"""Steps of the same records, however many ranks share them."""

import os
import subprocess
from itertools import chain

import pytest

from tests.include.jobs.conftest import DATASETS, SHARED, VISION, interpreter
from tests.include.jobs.elastic_training.conftest import JOB

STEPS = "steps.Steps(103, 10, 42)"


def shares(image, epoch, first, ranks):
    """Of each step, the records and the weight of each rank."""
    each = [image(f"list({STEPS}.shares({epoch}, {first}, {rank}, {ranks}))") for rank in range(ranks)]
    return list(zip(*each, strict=True))


def own(step):
    """The records of a step, without those that are there to take part."""
    return [record for share in step if share["weight"] for record in share["records"]]


@pytest.mark.parametrize("ranks", [2, 3, 7, 16])
def test_a_step_has_the_same_records_whatever_the_number_of_ranks(image, ranks):
    alone = [own(step) for step in shares(image, 1, 0, 1)]
    together = [own(step) for step in shares(image, 1, 0, ranks)]
    assert [sorted(step) for step in together] == [sorted(step) for step in alone]
    assert sorted(chain.from_iterable(together)) == list(range(103))
    assert [len(step) for step in together] == [10] * 10 + [3]


def test_a_training_that_goes_on_has_the_steps_that_are_left(image):
    assert shares(image, 1, 7, 3) == shares(image, 1, 0, 3)[7:]
    assert shares(image, 1, 11, 3) == []
    assert image(f"{STEPS}.count") == 11


def test_an_epoch_has_an_order_of_its_own(image):
    orders = [image(f"{STEPS}.order({epoch})") for epoch in (0, 1, 1)]
    assert orders[0] != orders[1] == orders[2]
    assert image("steps.Steps(103, 10, 43).order(0)") != orders[0]


def test_weights_make_a_mean_over_ranks_that_over_records(image):
    """Of 3 records on 7 ranks four have none: they take part with a record of weight 0."""
    last = shares(image, 0, 10, 7)[0]
    assert [share["weight"] for share in last] == pytest.approx([7 / 3] * 3 + [0.0] * 4)
    assert all(len(share["records"]) == 1 for share in last)
    assert [image(f"list({STEPS}.shares(0, 10, {rank}, 7))[0].count") for rank in (0, 6)] == [1, 0]


def test_gradients_of_unequal_shares_are_exact():
    command = [interpreter("elastic"), SHARED.parents[2] / "tests/include/jobs/elastic_training/gradients.py"]
    path = os.pathsep.join(map(str, [JOB, SHARED, DATASETS, VISION]))
    done = subprocess.run(
        [*command, "2", "3", "4", "7"],
        env={"PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    assert float(done.stdout) < 1e-15
