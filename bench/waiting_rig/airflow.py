"""Airflow's processes for the benchmark: API server, scheduler, and one fresh triggerer for each wait."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Self

import psutil

from bench.waiting_rig.database import Metadata
from local.stack import airflow_settings, environment
from local.stack.airflow_api import AirflowApi
from local.stack.config import REPOSITORY, StackConfig
from local.stack.credentials import read_or_generate

BIN = Path(sys.executable).parent
START_SECONDS = 180.0
STOP_SECONDS = 20.0
FIRED = "Trigger fired event"
"""What the triggerer logs of each event."""


class Airflow:
    """The processes that all contenders share.

    Args:
        config: home, ports and database of the stack.
        outputs: what the infrastructure stack says of its resources.
        sizes: a DAG is made for each.
    """

    def __init__(self, config: StackConfig, outputs: Mapping[str, str], sizes: Sequence[int]) -> None:
        self._config = config
        self._credentials = read_or_generate(config.airflow_home)
        self._processes: list[subprocess.Popen[bytes]] = []
        self._environment = (
            environment.base(config, os.environ)
            | environment.airflow(config, self._credentials)
            | environment.millrace(config, outputs)
            | _settings(sizes)
        )

    def __enter__(self) -> Self:
        try:
            self._run("db", "migrate")
            self._start("api-server")
            self.api = AirflowApi(self._config.airflow_url, self._credentials.password)
            wait_until(lambda: self.api.health() is not None, "the API server answers", START_SECONDS)
            airflow_settings.load(self.api)
            self._run("dag-processor", "--num-runs", "1")
            self._check_dags()
            self._start("scheduler", "--skip-serve-logs")
            self.metadata = Metadata(self._environment["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"])
        except BaseException:
            self._stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop()

    @contextmanager
    def triggerer(self) -> Iterator[psutil.Process]:
        """A triggerer of its own for one wait, so that nothing of the one before is in its figures."""
        process = self._start("triggerer", "--skip-serve-logs")
        try:
            yield psutil.Process(process.pid)
        finally:
            self._end(process)

    def trigger(self, dag: str, run: str) -> None:
        """Starts a run."""
        self.api.unpause(dag)
        self.api.call("POST", f"/dags/{dag}/dagRuns", json={"dag_run_id": run, "logical_date": None})

    def fired(self, dag: str, runs: Sequence[str], task: str) -> dict[tuple[str, int], float]:
        """Run and map index -> when the trigger's event was fired, in seconds since the epoch, by the log.

        The line is in the instance's log or, where the triggerer had closed that already, in its own.
        """
        found = {}
        for file in (*self._trigger_logs(dag, task), self._config.log / "triggerer.log"):
            for line in file.read_text().splitlines():
                if FIRED in line:
                    entry = json.loads(line)
                    of_dag, run, of_task, index, _ = entry["name"].split("/")
                    if (of_dag, of_task) == (dag, task) and run in runs:
                        found[run, int(index)] = datetime.fromisoformat(entry["timestamp"]).timestamp()
        return found

    def _trigger_logs(self, dag: str, task: str) -> Iterator[Path]:
        folder = self._config.airflow_home / "logs" / f"dag_id={dag}"
        return folder.glob(f"run_id=*/task_id={task}/map_index=*/*.trigger.*.log")

    def _check_dags(self) -> None:
        if errors := self.api.import_errors():
            raise SystemExit(f"The benchmark's DAGs do not import: {errors[0]['stack_trace']}")

    def _start(self, *command: str) -> "subprocess.Popen[bytes]":
        with (self._config.log / f"{command[0]}.log").open("ab") as log:
            process = subprocess.Popen(
                [BIN / "airflow", *command], env=self._environment, cwd=REPOSITORY, stdout=log, stderr=log
            )
        self._processes.append(process)
        return process

    def _run(self, *command: str) -> None:
        process = self._start(*command)
        if process.wait(timeout=START_SECONDS):
            raise SystemExit(f"`airflow {' '.join(command)}` failed: see {self._config.log}/{command[0]}.log")

    def _stop(self) -> None:
        for process in reversed(self._processes):
            self._end(process)

    @staticmethod
    def _end(process: "subprocess.Popen[bytes]") -> None:
        """SIGTERM to the process, SIGKILL to it and its children if they stay."""
        if process.poll() is not None:
            return
        family = [psutil.Process(process.pid), *psutil.Process(process.pid).children(recursive=True)]
        process.terminate()
        _, alive = psutil.wait_procs(family, timeout=STOP_SECONDS)
        for left in alive:
            left.kill()
        process.wait()


def _settings(sizes: Sequence[int]) -> dict[str, str]:
    """What differs from the stack of `millrace up`: room for all jobs at once, and played workers."""
    largest = str(max(sizes))
    return {
        "MILLRACE_BENCH_SIZES": ",".join(map(str, sizes)),
        "AIRFLOW__CORE__EXECUTOR": "bench.waiting_rig.executor.PlayedExecutor",
        "AIRFLOW__CORE__PARALLELISM": largest,
        "AIRFLOW__CORE__MAX_MAP_LENGTH": largest,
        "AIRFLOW__CORE__DEFAULT_POOL_TASK_SLOT_COUNT": largest,
        "AIRFLOW__SCHEDULER__MAX_TIS_PER_QUERY": "128",
        "AIRFLOW__TRIGGERER__CAPACITY": largest,
        "AIRFLOW__LOGGING__JSON_LOGS": "True",
    }


def wait_until(ready: Callable[[], bool], what: str, seconds: float) -> None:
    """Asks four times a second.

    Raises:
        SystemExit: not even after so many seconds.
    """
    deadline = time.monotonic() + seconds
    while not ready():
        if time.monotonic() > deadline:
            raise SystemExit(f"After {seconds:.0f} seconds it is not so that {what}.")
        time.sleep(0.25)
