"""A run of one of the DAGs, its jobs, and what was asked of AWS for it."""

import time
from collections import defaultdict
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from tests.chaos.airflow import until
from tests.chaos.gates import Gates
from tests.chaos.proxy import Call

if TYPE_CHECKING:
    from tests.chaos.harness import Chaos

RECOVERY_SECONDS = 120
"""What a run may take to recover from anything that is done to it here."""
ENDED = frozenset({"Completed", "Failed", "Stopped"})
STOP = "StopProcessingJob"
CREATE = "CreateProcessingJob"
DESCRIBE = "DescribeProcessingJob"


class ChaosRun:
    """A run, by the gates that its jobs wait for."""

    def __init__(self, chaos: "Chaos", dag_id: str, run_id: str, gates: Gates) -> None:
        self.chaos, self.dag_id, self.run_id, self.gates = chaos, dag_id, run_id, gates
        self.path = f"/dags/{dag_id}/dagRuns/{run_id}"

    def start(self) -> None:
        """Asks Airflow for the run."""
        body = {"logical_date": None, "dag_run_id": self.run_id, "conf": {"gates": str(self.gates.folder)}}
        self.chaos.api.call("POST", f"/dags/{self.dag_id}/dagRuns", json=body)

    @property
    def state(self) -> str | None:
        """The run's state; None when there is no such run any more."""
        found = self.chaos.api.run_or_none(self.dag_id, self.run_id)
        return found["state"] if found else None

    def tasks(self, task_id: str = "work") -> list[dict[str, Any]]:
        """The instances of a task; none of a run that was deleted."""
        if self.state is None:
            return []
        found = self.chaos.api.task_instances(self.dag_id, self.run_id)
        return [instance for instance in found if instance["task_id"] == task_id]

    def task_states(self, task_id: str = "work") -> list[str | None]:
        """The states of a task's instances."""
        return [instance["state"] for instance in self.tasks(task_id)]

    def creates(self) -> list[Call]:
        """Every call that was to start a job of this run."""
        calls = [call for call in self.chaos.proxy.calls if call.operation == CREATE]
        return [call for call in calls if self.asked_by(call)]

    def names(self) -> list[str]:
        """The names of the run's jobs, each once, in the order in which they were asked for."""
        return list(dict.fromkeys(call.job for call in self.creates() if call.job))

    def asked_by(self, call: Call) -> bool:
        """Whether a call is to create a job of this run."""
        return call.operation == CREATE and call.tags.get("millrace:run") == self.run_id

    def about(self, call: Call) -> bool:
        """Whether a call names a job of this run."""
        return call.job is not None and call.job in self.names()

    def jobs(self) -> dict[str, str]:
        """Name -> status of the jobs that AWS has for this run, in the order in which they were asked for."""
        listed = self.chaos.jobs(f"-{self.dag_id.replace('_', '-')}-work-")
        return {name: listed[name] for name in self.names() if name in listed}

    def launched_by_task(self) -> list[int]:
        """How many jobs each task instance has launched, without those that launched none."""
        counts: defaultdict[str, int] = defaultdict(int)
        for name in self.jobs():
            counts[name.rpartition("-")[0]] += 1
        return list(counts.values())

    def stops(self) -> list[Call]:
        """Calls to stop a job of this run, whatever became of them."""
        names = set(self.names())
        return [call for call in self.chaos.proxy.calls if call.operation == STOP and call.job in names]

    def results(self) -> list[str]:
        """The names of the jobs whose result was handed in, each as often as that happened."""
        folder = f"/{self.run_id}/jobs/"
        paths = [call.parameters["Path"] for call in self.chaos.proxy.calls if call.operation == "PUT"]
        return [path.rpartition("/")[2].removesuffix(".json") for path in paths if folder in path]

    def counted(self) -> int:
        """How often the last task ran."""
        file = self.gates.folder.with_name(f"{self.gates.folder.name}.count")
        return len(file.read_text().splitlines()) if file.exists() else 0

    def until(
        self,
        condition: Callable[[], object],
        what: str,
        seconds: float = RECOVERY_SECONDS,
        *,
        every: float = 0.25,
    ) -> None:
        """Waits for something to become true of this run."""
        until(condition, seconds, lambda: f"{what} ({self.run_id}: {self.describe()})", every=every)

    def until_deferred(self) -> None:
        """Returns when every instance has left the worker and waits."""
        self.until(lambda: set(self.task_states()) == {"deferred"}, "every task deferred")

    def until_waiting(self) -> None:
        """Returns when every instance is deferred and a triggerer has looked at its job."""
        self.until_deferred()
        self.until(lambda: not self._unseen(), "a triggerer has looked at every job")

    def _unseen(self) -> set[str]:
        """Jobs that nobody has described since they were launched."""
        calls = self.chaos.proxy.calls
        return set(self.names()) - {
            call.job for call in calls if call.operation == DESCRIBE and call.accepted
        }

    def triggerers(self) -> set[int | None]:
        """Ids of the triggerers that have the waits of this run; None for a wait that none has."""
        return {(task["trigger"] or {}).get("triggerer_id") for task in self.tasks()}

    def until_over(self, seconds: float = RECOVERY_SECONDS) -> float:
        """Returns when the run has ended; the seconds that it took."""
        start = time.monotonic()
        self.until(lambda: self.state not in ("queued", "running"), "the run is over", seconds)
        return time.monotonic() - start

    def until_nothing_runs(self, seconds: float = RECOVERY_SECONDS) -> float:
        """Returns when AWS runs no job of this run; the seconds that it took."""
        start = time.monotonic()
        self.until(lambda: self.left_over() == 0, "no job runs", seconds)
        return time.monotonic() - start

    def left_over(self) -> int:
        """How many of the run's jobs still run."""
        return sum(status not in ENDED for status in self.jobs().values())

    def describe(self) -> str:
        """State of everything, for a message."""
        work, last = self.task_states(), self.task_states("count")
        stops = [f"{call.at % 1000:.2f} {call.job} by {call.task or 'no task'}" for call in self.stops()]
        return f"run {self.state}, work {work}, count {last}, jobs {self.jobs()}, stop calls {stops}"
