import json

import pytest

from millrace.jobs import TRAINING
from millrace.launching import Action, Decision, Launch, RemoteJob, decide, stored

LAST = Launch(number=3, max_tries=2)


def test_the_first_try_starts_number_one():
    assert decide(None, 2, None, TRAINING) == Decision(Launch(1, 2), Action.START)


def test_a_retry_adopts_a_job_that_runs():
    assert decide(LAST, 2, "InProgress", TRAINING) == Decision(LAST, Action.ADOPT)


def test_a_retry_uses_a_job_that_succeeded():
    assert decide(LAST, 2, "Completed", TRAINING) == Decision(LAST, Action.FINISH)


@pytest.mark.parametrize("status", ["Failed", "Stopped", "Stopping"])
def test_a_retry_replaces_a_job_that_ended_badly_or_is_about_to(status):
    assert decide(LAST, 2, status, TRAINING) == Decision(Launch(4, 2), Action.START)


def test_a_retry_starts_a_job_that_is_not_there_under_the_same_name():
    assert decide(LAST, 2, None, TRAINING) == Decision(LAST, Action.START)


@pytest.mark.parametrize("status", ["InProgress", "Completed", "Failed", None])
def test_a_clear_stops_the_last_job_and_launches_anew(status):
    assert decide(LAST, 5, status, TRAINING) == Decision(Launch(4, 5), Action.START, stop_previous=True)


def test_a_launch_and_its_job_are_stored_and_read_back():
    job = RemoteJob(TRAINING.name, "local-abalone-train-3", None, "eu-west-1")
    kept = json.loads(json.dumps(stored(LAST, job)))
    assert Launch.parse(kept) == LAST
    assert RemoteJob.parse(kept) == job


def test_nothing_is_known_before_the_first_launch():
    assert Launch.parse(None) is None
    assert RemoteJob.parse(None) is None
