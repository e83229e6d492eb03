"""A stack that can be hurt: the local AWS, a proxy before it, and Airflow's processes, each on its own."""

import os
import signal
import sys
import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import psutil

from local.stack import environment, infrastructure
from local.stack.airflow_api import AirflowApi
from local.stack.config import Ports, StackConfig
from local.stack.credentials import read_or_generate
from tests import database
from tests.chaos import airflow
from tests.chaos.airflow import Service, until
from tests.chaos.gates import Gates
from tests.chaos.proxy import Call, Proxy
from tests.chaos.runs import ChaosRun
from tests.stack import free_port

DAGS = Path(__file__).parent / "dags"
IMAGES = Path(__file__).parents[1] / "images"
IMPORTED_ONCE = """\
import aiobotocore.session, boto3
import airflow.providers.amazon.aws.hooks.base_aws
import airflow.sdk.execution_time.task_runner
"""
"""Local settings of Airflow: what every task imports is imported before tasks are forked."""
START_SECONDS = 120
HEALTH_SECONDS = 15
"""How long a triggerer may be silent before another takes its waits."""
PATIENT_SECONDS = 25
"""The same for a scheduler and for a task: a busy machine of two cores keeps a scheduler silent for long."""
RECONCILE_SECONDS = 15
"""Long enough for an event to arrive first, unless it never does."""
NO_POSTGRESQL = "two triggerers need PostgreSQL: set MILLRACE_DATABASE_URL to a server"

QUICK = {
    "AIRFLOW__CORE__PARALLELISM": 4,
    "AIRFLOW__CORE__MAX_ACTIVE_TASKS_PER_DAG": 1000,
    "AIRFLOW__TRIGGERER__CAPACITY": 1000,
    "AIRFLOW__TRIGGERER__JOB_HEARTBEAT_SEC": 1,
    "AIRFLOW__TRIGGERER__TRIGGERER_HEALTH_CHECK_THRESHOLD": HEALTH_SECONDS,
    "AIRFLOW__SCHEDULER__JOB_HEARTBEAT_SEC": 1,
    "AIRFLOW__SCHEDULER__SCHEDULER_HEARTBEAT_SEC": 1,
    "AIRFLOW__SCHEDULER__SCHEDULER_HEALTH_CHECK_THRESHOLD": PATIENT_SECONDS,
    "AIRFLOW__SCHEDULER__ORPHANED_TASKS_CHECK_INTERVAL": 2,
    "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": PATIENT_SECONDS,
    "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT_DETECTION_INTERVAL": 1,
    "AIRFLOW__SCHEDULER__TRIGGER_TIMEOUT_CHECK_INTERVAL": 1,
    # The API server waits for a connection in its event loop: with too few it comes to a stand.
    "AIRFLOW__DATABASE__SQL_ALCHEMY_MAX_OVERFLOW": 40,
}
"""Everything that Airflow notices after a while, it notices within seconds."""


class Planned(threading.local):
    """The runs that a scenario has planned, by the thread that plays it."""

    def __init__(self) -> None:
        self.runs: list[ChaosRun] = []


class Chaos:
    """The stack, and what the scenarios do to it."""

    def __init__(self, home: Path, database_url: str | None, rounds: int) -> None:
        ports = Ports(aws=_port("CHAOS_AWS_PORT"), airflow=_port("CHAOS_AIRFLOW_PORT"))
        self.config = StackConfig(home=home, ports=ports, database_url=database_url, dags=DAGS)
        self.config.make_folders()
        self.several_triggerers = database_url is not None
        """On SQLite two triggerers claim the same triggers."""
        self.rounds = rounds
        self.proxy = Proxy(_port("CHAOS_PROXY_PORT"), ports.aws)
        self.outputs: Mapping[str, str] = {}
        self.services: list[Service] = []
        self.planned = Planned()
        self._lock = threading.Lock()
        self._dead_letters: list[str] = []
        self._given: Counter[str] = Counter()
        self._base = environment.base(self.config, os.environ)
        self._credentials = read_or_generate(self.config.airflow_home)
        self._sagemaker = self.client("sagemaker")
        self.api = AirflowApi(self.config.airflow_url, self._credentials.password)

    def client(self, service: str) -> Any:
        """A boto3 client that talks to AWS past the proxy."""
        return infrastructure.client(self.config, service)

    def start(self, name: str) -> Service:
        """One more process of Airflow, by the name of its command; servers of task logs stay out."""
        log = self.config.log / f"{name}.log"
        quiet = ["--skip-serve-logs"] if name in ("scheduler", "triggerer") else []
        service = Service(name, [airflow.BIN / "airflow", name, *quiet], self._airflow_environment(), log)
        self.services.append(service)
        return service

    def running(self, name: str) -> list[Service]:
        """The processes of this name that run."""
        return [service for service in self.services if service.name == name and service.is_running]

    @property
    def scheduler(self) -> Service:
        (scheduler,) = self.running("scheduler")
        return scheduler

    @property
    def triggerer(self) -> Service:
        (triggerer,) = self.running("triggerer")
        return triggerer

    def start_triggerer(self) -> Service:
        """One more triggerer; returns when Airflow knows it."""
        before = self.triggerers_known()
        service = self.start("triggerer")
        until(lambda: self.triggerers_known() - before, START_SECONDS, "the new triggerer has no job row")
        return service

    def repair(self) -> None:
        """One scheduler and one triggerer run, whatever a scenario has left."""
        for service in self.services:
            service.bury()
        for service in self.running("triggerer")[1:]:
            service.wake()
            service.terminate()
        for name in ("scheduler", "triggerer"):
            for service in self.running(name):
                service.wake()
            if not self.running(name):
                self.start(name)
        until(self._is_healthy, START_SECONDS, "a part of Airflow has no heartbeat")

    def triggerers_known(self) -> set[int]:
        """Ids of the triggerers that have no end date."""
        query = {"job_type": "TriggererJob", "limit": 100, "order_by": "-id"}
        jobs = self.api.call("GET", "/jobs", params=query)["jobs"]
        return {job["id"] for job in jobs if job["end_date"] is None}

    def plan(self, dag_id: str = "one", jobs: int = 1) -> ChaosRun:
        """A run that is yet to start, so that rules can be made for it."""
        name = f"{dag_id}-{uuid4().hex[:8]}"
        run = ChaosRun(self, dag_id, name, Gates(self.config.home / "gates" / name, jobs))
        self.planned.runs.append(run)
        return run

    def run(self, dag_id: str = "one", jobs: int = 1) -> ChaosRun:
        """A new run of one of the DAGs."""
        run = self.plan(dag_id, jobs)
        run.start()
        return run

    def queues(self) -> list[str]:
        """URLs of the queues of triggerers."""
        prefix = f"millrace-{self.config.environment}-triggerer"
        urls: list[str] = self.client("sqs").list_queues(QueueNamePrefix=prefix).get("QueueUrls", [])
        return urls

    def publish(self, message: str) -> None:
        """Sends a message to the topic of job events."""
        self.client("sns").publish(TopicArn=self.outputs["EventsTopicArn"], Message=message)

    def is_task(self, call: Call) -> bool:
        """Whether a call comes from a task and not from a triggerer or from Airflow's servers."""
        with suppress(LookupError, psutil.NoSuchProcess):
            return call.process().pid in {process.pid for process in self.scheduler.tree()}
        return False

    def jobs(self, part: str = "") -> dict[str, str]:
        """Name -> status of every job that AWS has, or of those with this in their names."""
        listing = self._sagemaker.get_paginator("list_processing_jobs")
        pages = listing.paginate(
            **({"NameContains": part} if part else {}), PaginationConfig={"PageSize": 100}
        )
        jobs = [job for page in pages for job in page["ProcessingJobSummaries"]]
        return {job["ProcessingJobName"]: job["ProcessingJobStatus"] for job in jobs}

    def dead_letters(self, part: str) -> list[str]:
        """The bodies in the dead-letter queue that have this in them; each call reads what is new."""
        queue, sqs = self.outputs["DeadLettersQueueUrl"], self.client("sqs")
        with self._lock:
            while messages := sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages"):
                for message in messages:
                    self._dead_letters.append(message["Body"])
                    sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
            return [body for body in self._dead_letters if part in body]

    def doomed(self, name: str = "doomed") -> str:
        """A DAG of this name that nobody has been given yet, to be deleted."""
        with self._lock:
            self._given[name] += 1
            return f"{name}_{self._given[name] - 1}"

    def _airflow_environment(self) -> dict[str, str]:
        return {
            **self._base,
            **environment.airflow(self.config, self._credentials),
            **environment.millrace(self.config, self.outputs),
            **{name: str(value) for name, value in QUICK.items()},
            "AWS_ENDPOINT_URL": self.proxy.url,
            "CHAOS_ROUNDS": str(self.rounds),
            "MILLRACE_RECONCILE_SECONDS": str(RECONCILE_SECONDS),
        }

    def up(self) -> None:
        """Starts everything and returns when the DAGs can run."""
        self._start_aws()
        self.outputs = infrastructure.provision(self.config)
        settings = self.config.airflow_home / "config" / "airflow_local_settings.py"
        settings.parent.mkdir()
        settings.write_text(IMPORTED_ONCE)
        airflow.migrate(self._airflow_environment(), self.config.log / "db-migrate.log")
        for name in ("api-server", "scheduler", "dag-processor", "triggerer"):
            self.start(name)
        until(lambda: self.api.health() is not None, START_SECONDS, "no API server")
        until(self._has_dags, START_SECONDS, "the DAGs are not read")
        until(self._is_healthy, START_SECONDS, "a part of Airflow has no heartbeat")

    def down(self) -> None:
        """Ends every process: Airflow's first, each in good order."""
        for service in self.services:
            service.bury()
            if service.is_running:
                service.wake()
                service.ask_to_end()
        for service in reversed(self.services):
            service.terminate()
        assert not [service.name for service in self.services if service.is_running]

    def _start_aws(self) -> None:
        command = [sys.executable, "-m", "local.aws", "--port", str(self.config.ports.aws)]
        folders = ["--home", str(self.config.aws_home), "--images", str(self.config.images)]
        variables = {
            "MILLRACE_IMAGE_SOURCES": str(IMAGES),
            "MILLRACE_JOBS_AT_A_TIME": "500",
            "MILLRACE_JOB_QUOTA": "1000",
        }
        log = self.config.log / "aws.log"
        self.services.append(Service("aws", [*command, *folders], {**self._base, **variables}, log))
        until(self._aws_answers, START_SECONDS, "the local AWS does not answer")

    def _aws_answers(self) -> bool:
        try:
            return httpx.get(f"{self.config.aws_url}/_millrace/health", trust_env=False).is_success
        except httpx.HTTPError:
            return False

    def _has_dags(self) -> bool:
        errors = self.api.import_errors()
        assert not errors, errors
        found = {dag["dag_id"]: dag for dag in self.api.dags()}
        for dag_id, dag in found.items():
            if dag["is_paused"]:
                self.api.unpause(dag_id)
        return {"one", "few", "many", "short"} <= set(found) and not any(
            dag["is_paused"] for dag in found.values()
        )

    def _is_healthy(self) -> bool:
        health = self.api.health() or {}
        parts = ("metadatabase", "scheduler", "triggerer", "dag_processor")
        return all((health.get(part) or {}).get("status") == "healthy" for part in parts)


@contextmanager
def made(home: Path, rounds: int) -> Iterator[Chaos]:
    """A running stack for as long as the context lasts."""
    # Whoever ends the tests ends the processes too.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with ExitStack() as stack:
        chaos = Chaos(home, stack.enter_context(database.made("chaos")), rounds)
        stack.callback(chaos.down)
        stack.enter_context(chaos.proxy)
        chaos.up()
        yield chaos


def _port(variable: str) -> int:
    return int(os.environ.get(variable) or free_port())
