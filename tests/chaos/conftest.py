"""One stack for every scenario; `CHAOS_ROUNDS` says how often each is played, `CHAOS_SEED` how."""

import os
import random
from pathlib import Path

import pytest

from tests.chaos import harness
from tests.chaos.rounds import Rounds

ROUNDS = int(os.environ.get("CHAOS_ROUNDS", "1"))
SEED = int(os.environ.get("CHAOS_SEED", random.randrange(10**6)))


def pytest_report_header():
    return f"chaos: {ROUNDS} round(s), seed {SEED}"


def pytest_collection_modifyitems(items):
    """Two hundred tasks on two cores take their time, and so do many rounds."""
    for item in items:
        if item.path.parent == Path(__file__).parent:
            item.add_marker(pytest.mark.timeout(1800 * ROUNDS))


@pytest.fixture(scope="package")
def chaos(tmp_path_factory):
    with harness.made(tmp_path_factory.mktemp("chaos"), ROUNDS) as made:
        yield made


@pytest.fixture(scope="package")
def rounds(chaos, request):
    """Scenarios that can be played at the same time begin with the first test."""
    file = os.environ.get("CHAOS_RESULTS")
    made = Rounds(chaos, ROUNDS, SEED, Path(file).absolute() if file else None)
    selected = [item.callspec.params for item in request.session.items if hasattr(item, "callspec")]
    chosen = {
        name: [params[name] for params in selected if name in params] for name in ("together", "asleep")
    }
    made.begin(chosen["together"], chosen["asleep"])
    yield made
    made.close()
