"""A pipeline's task is cleared while its job runs; tests/chaos has every way to end a task."""

import time

import pytest

WAITING = "build_features"
ENDED = ("Completed", "Failed", "Stopped")


class WaitingRun:
    """A run of abalone whose first task waits for its job."""

    def __init__(self, stack, api):
        self.stack, self.api = stack, api
        self.run_id = stack.millrace("trigger", "abalone").stdout.strip()
        self.path = f"/dags/abalone/dagRuns/{self.run_id}"
        # The triggerer takes up a deferred task a second or two later, and makes its queue then.
        self.until(lambda: self.state() == "deferred" and self.queues())
        time.sleep(1)

    def state(self):
        return self.api.get(f"{self.path}/taskInstances/{WAITING}").json()["state"]

    def queues(self):
        return (
            self.stack.client("sqs").list_queues(QueueNamePrefix="millrace-local-triggerer").get("QueueUrls")
        )

    def jobs(self):
        return self.stack.jobs(self.run_id)

    def until(self, condition, seconds=60):
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline, (self.state(), self.jobs())
            time.sleep(0.3)


@pytest.fixture
def waiting(stack):
    with stack.api() as api:
        run = WaitingRun(stack, api)
        yield run
        api.patch(run.path, json={"state": "failed"})
        run.until(lambda: all(status in ENDED for status in run.jobs().values()))


@pytest.mark.slow
def test_clearing_a_waiting_task_stops_its_job_and_launches_one_more(waiting):
    (first,) = waiting.jobs()
    body = {"task_ids": [WAITING], "dag_run_id": waiting.run_id, "dry_run": False, "only_failed": False}
    waiting.api.post("/dags/abalone/clearTaskInstances", json=body).raise_for_status()
    waiting.until(lambda: len(waiting.jobs()) == 2)
    waiting.until(lambda: waiting.jobs()[first] == "Stopped")
    (second,) = set(waiting.jobs()) - {first}
    waiting.until(lambda: waiting.jobs()[second] == "Completed")
    waiting.until(lambda: waiting.state() == "success")
    assert len([name for name in waiting.jobs() if name.split("-")[2:4] == first.split("-")[2:4]]) == 2
