"""After all scenarios, over everything that was asked of AWS. The name of this file puts it last."""

from collections import Counter

from tests.chaos.runs import CREATE, ENDED, STOP
from tests.chaos.test_crash_windows import completed


def test_no_job_runs(chaos, rounds):
    run = chaos.run()
    run.until_waiting()
    assert [name for name, status in chaos.jobs().items() if status not in ENDED] == run.names()
    completed(run, 0)
    assert set(chaos.jobs().values()) <= ENDED


def test_no_job_was_stopped_twice(chaos, rounds):
    calls = Counter(call.job for call in chaos.proxy.calls if call.operation == STOP)
    assert [name for name, count in calls.items() if count > 1] == []


def test_every_job_was_launched_through_the_proxy(chaos, rounds):
    """Otherwise its counts would not be all there is."""
    created = {call.job for call in chaos.proxy.calls if call.operation == CREATE}
    assert set(chaos.jobs()) - created == set()
