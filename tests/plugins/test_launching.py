import pytest

from millrace.jobs import TRAINING
from millrace.launching import Action, Decision, Launch, decide

LAST = Launch(number=3, max_tries=2)


def test_the_first_try_starts_number_one():
    assert decide(None, 2, None, TRAINING) == Decision(Launch(1, 2), Action.START)


@pytest.mark.parametrize("status", ["InProgress", "Stopping"])
def test_a_retry_adopts_a_job_that_runs(status):
    assert decide(LAST, 2, status, TRAINING) == Decision(LAST, Action.ADOPT)


def test_a_retry_uses_a_job_that_succeeded():
    assert decide(LAST, 2, "Completed", TRAINING) == Decision(LAST, Action.FINISH)


@pytest.mark.parametrize("status", ["Failed", "Stopped"])
def test_a_retry_replaces_a_job_that_ended_badly(status):
    assert decide(LAST, 2, status, TRAINING) == Decision(Launch(4, 2), Action.START)


def test_a_retry_starts_a_job_that_is_not_there_under_the_same_name():
    assert decide(LAST, 2, None, TRAINING) == Decision(LAST, Action.START)


@pytest.mark.parametrize("status", ["InProgress", "Completed", "Failed", None])
def test_a_clear_stops_the_last_job_and_launches_anew(status):
    assert decide(LAST, 5, status, TRAINING) == Decision(Launch(4, 5), Action.START, stop_previous=True)


def test_a_launch_is_stored_and_read_back():
    assert Launch.parse(LAST.stored()) == LAST
    assert Launch.parse(None) is None
