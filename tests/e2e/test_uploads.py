"""Uploads start runs: under a real scheduler and triggerer each is in the payload of exactly one run."""

import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from local.stack import lifecycle
from local.stack.config import Ports, StackConfig
from local.stack.infrastructure import client
from local.stack.supervision import Supervisor
from tests import database
from tests.stack import free_port

DAGS = Path(__file__).parent / "dags"
PATIENCE = 240
ENDED = ("success", "failed")


class Receiving:
    """A stack whose DAGs are started by uploads."""

    def __init__(self, home, database_url):
        home.mkdir()
        self.config = StackConfig(
            home=home,
            ports=Ports(aws=free_port(), airflow=free_port()),
            database_url=database_url,
            dags=DAGS,
        )
        self.stack = lifecycle.up(self.config, report=print)
        self.api = self.stack.airflow()
        self.sqs = client(self.config, "sqs")
        self.queue = self.sqs.get_queue_url(QueueName="millrace-local-uploads")["QueueUrl"]

    def upload(self, dag_id, names):
        """Puts objects, several at a time; their URIs."""
        s3 = client(self.config, "s3")
        keys = [f"main/uploads/{dag_id}/{name}" for name in names]
        with ThreadPoolExecutor(8) as threads:
            list(threads.map(lambda key: s3.put_object(Bucket=self.stack.bucket, Key=key, Body=b"1"), keys))
        return [f"s3://{self.stack.bucket}/{key}" for key in keys]

    def runs(self, dag_id):
        """State of each run, the oldest first."""
        query = {"limit": 100, "order_by": "run_after"}
        found = self.api.call("GET", f"/dags/{dag_id}/dagRuns", params=query)["dag_runs"]
        return {run["dag_run_id"]: run["state"] for run in found}

    def uploads_of(self, dag_id, run_id):
        """What a run's tasks saw as ``Run.upload_uris``."""
        return self.api.xcom(dag_id, run_id, "find_uploads", -1)

    def until(self, condition, what):
        """Waits for something that has to come."""
        deadline = time.monotonic() + PATIENCE
        while not (found := condition()):
            assert time.monotonic() < deadline, (what, self.runs("mapping"), self.runs("busy"), self.left())
            time.sleep(0.2)
        return found

    def received(self, dag_id, expected):
        """Uploads of all runs, once each of those expected is among them and nothing is left to do."""

        def found():
            runs = self.runs(dag_id)
            if self.left() or not all(state in ENDED for state in runs.values()):
                return None
            uris = [uri for run_id in runs for uri in self.uploads_of(dag_id, run_id)]
            return uris if set(uris) >= set(expected) else None

        return self.until(found, f"all of {len(expected)} uploads")

    def left(self):
        """Number of messages that are in the queue."""
        return self._count("ApproximateNumberOfMessages") + self.hidden()

    def hidden(self):
        """Number of messages that a triggerer has taken and not deleted."""
        return self._count("ApproximateNumberOfMessagesNotVisible")

    def _count(self, name):
        answer = self.sqs.get_queue_attributes(QueueUrl=self.queue, AttributeNames=[name])
        return int(answer["Attributes"][name])

    def watchers_are_there(self):
        """Both watchers run once the queue is tagged with what they watch."""
        tags = self.sqs.list_queue_tags(QueueUrl=self.queue)["Tags"]
        return {f"millrace:watched:main/uploads/{dag_id}/" for dag_id in ("mapping", "busy")} <= set(tags)

    def kill_triggerer(self):
        (row,) = [row for row in Supervisor(self.config).processes() if row.name == "triggerer"]
        os.kill(row.pid, signal.SIGKILL)


@pytest.fixture(scope="module")
def receiving(tmp_path_factory):
    with database.made("uploads") as url:
        made = Receiving(tmp_path_factory.mktemp("uploads") / "home", url)
        try:
            made.until(made.watchers_are_there, "the watchers")
            yield made
        finally:
            made.api.__exit__()
            lifecycle.down(made.config)


def waves(receiving, dag_id, name, sizes, pause):
    """Bursts that do not wait for one another."""
    uris = []
    for number, size in enumerate(sizes):
        uris += receiving.upload(dag_id, [f"{name}-{number}-{each}.csv" for each in range(size)])
        time.sleep(pause)
    return uris


def test_a_burst_of_uploads_loses_none(receiving):
    uris = waves(receiving, "mapping", "burst", (15, 1, 9, 4, 11), pause=1.5)
    receiving.upload("mapping", ["not-wanted.txt", "folder/"])

    received = receiving.received("mapping", uris)

    assert sorted(received) == sorted(uris)
    assert len(uris) == 40
    assert set(receiving.runs("mapping").values()) == {"success"}
    tasks = [
        task["state"]
        for run_id in receiving.runs("mapping")
        for task in receiving.api.task_instances("mapping", run_id)
        if task["task_id"] == "take"
    ]
    assert tasks == ["success"] * 40


@pytest.mark.slow
def test_uploads_while_the_pipeline_is_busy_start_its_next_run(receiving):
    """Two more bursts are stored while no run may be made; Airflow alone tells only of the first of them."""
    uris = []
    for name in ("first", "second", "third"):
        uris += receiving.upload("busy", [name])
        receiving.until(lambda: not receiving.left(), f"the {name} upload to be stored")
        receiving.until(lambda: receiving.runs("busy"), "the first run")
    assert len(receiving.runs("busy")) == 1

    client(receiving.config, "s3").put_object(Bucket=receiving.stack.bucket, Key="main/busy/may-end")

    assert sorted(receiving.received("busy", uris)) == sorted(uris)


@pytest.mark.slow
def test_a_triggerer_killed_in_the_middle_of_a_burst_loses_none(receiving):
    uris = []
    for number, size in enumerate((5, 6)):
        uris += waves(receiving, "mapping", f"killed-{number}", (size,), pause=0)
        receiving.until(receiving.hidden, "a triggerer to take the burst")
        receiving.kill_triggerer()
    uris += waves(receiving, "mapping", "killed-last", (7,), pause=0)

    assert set(receiving.received("mapping", uris)) >= set(uris)
