"""Starts and stops a stack: the local AWS, its resources, then Airflow's four processes."""

import fcntl
import hashlib
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import version
from pathlib import Path

import httpx

from local import prerequisites
from local.stack import (
    airflow_settings,
    environment,
    infrastructure,
    people,
    ports,
    redis_secret,
    redis_server,
    samples,
    warehouse,
)
from local.stack.airflow_api import AirflowApi
from local.stack.config import REPOSITORY, StackConfig, remembered_ports
from local.stack.credentials import Credentials, read_or_generate, write_private
from local.stack.errors import MillraceError, NotRunningError
from local.stack.supervision import ProcessStatus, Program, Supervisor

AWS = "aws"
AIRFLOW = ("api-server", "scheduler", "dag-processor", "triggerer")
ORDER = (AWS, redis_server.REDIS, *AIRFLOW)
BIN = Path(sys.executable).parent
FREE_GIB = 1.0
"""A run's files and the logs; the images of the first run are checked when they are built."""
START_SECONDS = 180

Report = Callable[[str], None]


@dataclass(frozen=True)
class Stack:
    """A stack that runs."""

    config: StackConfig
    credentials: Credentials
    bucket: str

    def airflow(self) -> AirflowApi:
        """A session with its Airflow."""
        return AirflowApi(self.config.airflow_url, self.credentials.password)


def up(config: StackConfig, report: Report) -> Stack:
    """Start what does not run yet and wait until every part of it is ready.

    Raises:
        MillraceError: this machine lacks something, a port is taken, or a process does not start.
    """
    _check_machine(config)
    with _only_one(config):
        supervisor = Supervisor(config)
        was_running = supervisor.is_running
        if was_running:
            report("Looking at the running stack")
        try:
            return _up(config, supervisor, _silent if was_running else report)
        except BaseException:
            if not was_running:
                # Half a stack only keeps ports from the next attempt.
                supervisor.stop()
            raise


def _up(config: StackConfig, supervisor: Supervisor, report: Report) -> Stack:
    credentials = read_or_generate(config.airflow_home)
    base = environment.base(config, os.environ)
    programs = [_aws_program(config)]
    if redis_server.is_wanted(os.environ):
        programs.append(redis_server.program(config))
    migration = None
    if supervisor.is_running:
        _check_same_ports(config)
        supervisor.start_ended()
    else:
        ports.check_free(config.ports)
        migration = _start_migration(config, credentials)
        supervisor.apply(programs, base)
    config.remember_ports()
    report("Starting the local AWS")
    _wait(supervisor, [AWS], lambda: _answers(f"{config.aws_url}/_millrace/health"))
    report("Provisioning its resources")
    redis_url = redis_server.url(config, os.environ)
    outputs = infrastructure.provision(config, redis_secret=redis_secret.put(config, redis_url))
    samples.upload(config, infrastructure.bucket(outputs))
    warehouse.provide(config, outputs)
    if migration is not None:
        _finish_migration(config, migration)
    report("Starting Airflow")
    given = {people.WORK_TEAM: people.work_team(config)}
    programs += _airflow_programs(config, credentials, {**outputs, **given})
    supervisor.apply(programs, base)
    stack = Stack(config, credentials, infrastructure.bucket(outputs))
    with stack.airflow() as api:
        _wait(supervisor, AIRFLOW, lambda: api.health() is not None)
        airflow_settings.load(api)
        report("Reading the DAGs")
        _wait(supervisor, AIRFLOW, lambda: not unhealthy(api) and not unread_dag_files(api, config.dags))
    return stack


def connect(config: StackConfig) -> Stack:
    """The stack as it runs.

    Raises:
        NotRunningError: it does not.
    """
    if not any(process.is_running for process in Supervisor(config).processes()):
        raise NotRunningError(f"The stack of {config.home} is not running: run `millrace up`.")
    return Stack(
        config, read_or_generate(config.airflow_home), infrastructure.bucket(infrastructure.outputs(config))
    )


def down(config: StackConfig) -> bool:
    """Stop every process and keep the state; false when there was nothing to stop."""
    if not config.home.exists():
        return False
    with _only_one(config):
        supervisor = Supervisor(config)
        running = supervisor.is_running
        supervisor.stop(first=AIRFLOW)
        config.forget_ports()
        return running


def status(config: StackConfig) -> list[ProcessStatus]:
    """Every process of the stack; nothing when it is down."""
    return sorted(Supervisor(config).processes(), key=lambda row: ORDER.index(row.name))


def unhealthy(api: AirflowApi) -> list[str]:
    """Airflow's components that have no fresh heartbeat."""
    health = api.health() or {}
    parts = ("metadatabase", "scheduler", "triggerer", "dag_processor")
    return [part for part in parts if (health.get(part) or {}).get("status") != "healthy"]


def unread_dag_files(api: AirflowApi, folder: Path) -> list[Path]:
    """DAG files that are newer than what Airflow has of them."""
    read = {dag["fileloc"]: _timestamp(dag["last_parsed_time"]) for dag in api.dags()}
    for error in api.import_errors():
        read[str(folder / error["filename"])] = _timestamp(error["timestamp"])
    files = [file for file in folder.glob("*.py") if "dag" in file.read_text().lower()]
    return [file for file in files if read.get(str(file), 0.0) < file.stat().st_mtime]


def _check_machine(config: StackConfig) -> None:
    config.make_folders()
    problem = prerequisites.java_problem() or prerequisites.disk_problem(str(config.home), FREE_GIB)
    if problem:
        raise MillraceError(problem)


@contextmanager
def _only_one(config: StackConfig) -> Iterator[None]:
    with (config.home / "lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _check_same_ports(config: StackConfig) -> None:
    running = remembered_ports(config.home)
    if running != config.ports:
        raise MillraceError(
            f"The stack of {config.home} runs on ports {running.aws} and {running.airflow}: "
            f"run `millrace down` before it can use {config.ports.aws} and {config.ports.airflow}."
        )


def _aws_program(config: StackConfig) -> Program:
    command = [sys.executable, "-m", "local.aws", "--port", str(config.ports.aws)]
    folders = ["--home", str(config.aws_home), "--images", str(config.images)]
    given = environment.local_aws(os.environ)
    return Program(AWS, [*command, *folders], given, priority=1, stop_seconds=30)


def _airflow_programs(
    config: StackConfig, credentials: Credentials, outputs: Mapping[str, str]
) -> list[Program]:
    variables = environment.airflow(config, credentials) | environment.millrace(config, outputs)
    # The servers of task logs listen on every interface; the API server reads the files itself.
    commands = {
        "api-server": ["api-server"],
        "scheduler": ["scheduler", "--skip-serve-logs"],
        "dag-processor": ["dag-processor"],
        "triggerer": ["triggerer", "--skip-serve-logs"],
    }
    return [Program(name, [str(BIN / "airflow"), *commands[name]], variables) for name in AIRFLOW]


def _start_migration(config: StackConfig, credentials: Credentials) -> subprocess.Popen[bytes] | None:
    if _migrated(config).exists() and (config.airflow_home / "airflow.db").exists():
        return None
    variables = environment.base(config, os.environ) | environment.airflow(config, credentials)
    with (config.log / "db-migrate.log").open("wb") as log:
        return subprocess.Popen(
            [BIN / "airflow", "db", "migrate"], env=variables, cwd=REPOSITORY, stdout=log, stderr=log
        )


def _finish_migration(config: StackConfig, migration: subprocess.Popen[bytes]) -> None:
    if migration.wait(timeout=START_SECONDS):
        log = config.log / "db-migrate.log"
        last = (log.read_text(errors="replace").strip().splitlines() or ["no output"])[-1]
        raise MillraceError(f"`airflow db migrate` failed: {last}. The whole log is {log}.")
    write_private(_migrated(config), "")


def _migrated(config: StackConfig) -> Path:
    """Marks that a database has the schema of the Airflow that is installed."""
    of = f"{version('apache-airflow')} {config.database_url}"
    return config.airflow_home / f"migrated-{hashlib.sha256(of.encode()).hexdigest()[:12]}"


def _wait(supervisor: Supervisor, names: tuple[str, ...] | list[str], ready: Callable[[], bool]) -> None:
    """Waits until these processes run and are ready; what they last said of themselves may be old news."""
    deadline = time.monotonic() + START_SECONDS
    while True:
        rows = [row for row in supervisor.processes() if row.name in names]
        if all(row.is_running for row in rows) and ready():
            return
        for row in rows:
            if row.has_failed:
                raise MillraceError(
                    f"{row.name} does not start ({row.message}); the end of its log "
                    f"{supervisor.config.log / row.name}.log:\n{supervisor.log_tail(row.name)}"
                )
        if time.monotonic() > deadline:
            raise MillraceError(
                f"{', '.join(names)} not ready after {START_SECONDS} seconds: "
                f"see the logs in {supervisor.config.log}."
            )
        time.sleep(0.2)


def _answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=5, trust_env=False).is_success
    except httpx.HTTPError:
        return False


def _silent(step: str) -> None:
    """Steps that are a glance each, when everything runs."""


def _timestamp(value: str | None) -> float:
    return datetime.fromisoformat(value).timestamp() if value else 0.0
