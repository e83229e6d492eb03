"""The local AWS in a process of its own, with jobs that are records: each ends when it is told to.

Everything between the end of a job and whoever waits for it is real: the event, the rule, the topic, the
queue, the long poll, and HTTP. Only the jobs' containers are missing.
"""

import heapq
import logging
import multiprocessing
import threading
import time
from collections import Counter
from collections.abc import Iterable, Mapping
from multiprocessing.connection import Connection
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from moto.sagemaker.models import sagemaker_backends

from bench.waiting_rig import WORKER
from local.aws.incoming import Incoming
from local.aws.server import ACCOUNT_ID, REGION, LocalAws
from local.aws.services.sagemaker.records import ProcessingJob, now

Calls = Counter[tuple[str, str]]
"""(``worker`` or ``triggerer``, operation) -> requests."""

APART = 0.025
"""Seconds between two events that are not to share one receive."""
ANSWER_SECONDS = 120
DESCRIBE = "DescribeProcessingJob"
ARN = f"arn:aws:sagemaker:{REGION}:{ACCOUNT_ID}:processing-job"


class Counted:
    """A WSGI application in front of the server's own that counts requests by caller and operation."""

    def __init__(self, app: Any) -> None:
        self._app = app
        self._lock = threading.Lock()
        self.calls: Calls = Counter()
        self.described: set[str] = set()

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """Counts, then lets the server answer."""
        request = Incoming(environ)
        if request.operation:
            caller = "worker" if WORKER in environ.get("HTTP_USER_AGENT", "") else "triggerer"
            with self._lock:
                self.calls[caller, request.operation] += 1
            if request.operation == DESCRIBE and caller == "triggerer":
                self.described.add(request.fields["ProcessingJobName"])
        answer: Iterable[bytes] = self._app(environ, start_response)
        return answer


class Jobs:
    """The records, and the thread that ends them."""

    def __init__(self) -> None:
        self._records: dict[str, ProcessingJob] = {}
        self._due: list[tuple[float, str]] = []
        self._changed = threading.Condition()
        self.ended: dict[str, float] = {}
        threading.Thread(target=self._run, name="ends", daemon=True).start()

    def create(self, names: Iterable[str]) -> None:
        """Puts jobs that run into the server's backend."""
        backend: Any = sagemaker_backends[ACCOUNT_ID][REGION]
        for name in names:
            self._records[name] = ProcessingJob(f"{ARN}/{name}", REGION, _description(name), [])
            backend.processing_jobs[name] = self._records[name]

    def announce(self, names: Iterable[str]) -> None:
        """Publishes that these jobs are in progress, as AWS does when they start.

        One after the other: jobs that start apart bring their events apart, each in a message of its own.
        """
        for name in names:
            self._records[name].announce()
            time.sleep(APART)

    def end_at(self, moments: Mapping[str, float]) -> None:
        """Lets each job end at its time, in seconds since the epoch."""
        with self._changed:
            for name, moment in moments.items():
                heapq.heappush(self._due, (moment, name))
            self._changed.notify()

    def forget(self) -> None:
        """Takes all jobs away."""
        backend = sagemaker_backends[ACCOUNT_ID][REGION]
        for name in self._records:
            backend.processing_jobs.pop(name, None)
        self._records.clear()
        self.ended.clear()

    def _run(self) -> None:
        while True:
            with self._changed:
                while not self._due or (left := self._due[0][0] - time.time()) > 0:
                    self._changed.wait(left if self._due else None)
                _, name = heapq.heappop(self._due)
            moment = now()
            self.ended[name] = time.time()
            self._records[name].move("Completed", ProcessingEndTime=moment)


def _description(name: str) -> dict[str, Any]:
    """What DescribeProcessingJob answers; about as large as that of a real job."""
    moment = now()
    prefix = f"s3://millrace-bench/{name}"
    return {
        "ProcessingJobName": name,
        "ProcessingJobArn": f"{ARN}/{name}",
        "ProcessingJobStatus": "InProgress",
        "CreationTime": moment,
        "LastModifiedTime": moment,
        "ProcessingStartTime": moment,
        "RoleArn": f"arn:aws:iam::{ACCOUNT_ID}:role/bench",
        "AppSpecification": {
            "ImageUri": f"{ACCOUNT_ID}.dkr.ecr.{REGION}.amazonaws.com/millrace/spark:latest",
            "ContainerArguments": ["--input", f"{prefix}/input", "--output", f"{prefix}/output"],
        },
        "ProcessingResources": {
            "ClusterConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.xlarge", "VolumeSizeInGB": 30}
        },
        "ProcessingOutputConfig": {
            "Outputs": [
                {
                    "OutputName": "features",
                    "S3Output": {
                        "S3Uri": f"{prefix}/output",
                        "LocalPath": "/opt/ml/processing/output",
                        "S3UploadMode": "EndOfJob",
                    },
                }
            ]
        },
        "StoppingCondition": {"MaxRuntimeInSeconds": 86_400},
    }


class AwsProcess:
    """The server's process, as the benchmark uses it.

    Args:
        home: folder of its state.
        port: where it listens on loopback.
    """

    def __init__(self, home: Path, port: int) -> None:
        context = multiprocessing.get_context("spawn")
        self._ours, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs, home, port), daemon=True)

    def __enter__(self) -> Self:
        self._process.start()
        self._receive()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ours.send(None)
        self._process.join(timeout=15)
        if self._process.is_alive():
            self._process.kill()

    def create(self, names: list[str]) -> None:
        """Forgets all jobs and counts, and makes jobs that run."""
        self._ask("create", names)

    def announce(self, names: list[str]) -> None:
        """Publishes the event that these jobs are in progress."""
        self._ask("announce", names)

    def end_at(self, moments: dict[str, float]) -> None:
        """Lets each job end at its time, in seconds since the epoch."""
        self._ask("end_at", moments)

    def ended(self) -> dict[str, float]:
        """When each job ended that has."""
        found: dict[str, float] = self._ask("ended", None)
        return found

    def calls(self) -> Calls:
        """Requests since ``create``."""
        found: Calls = self._ask("calls", None)
        return found

    def described(self) -> int:
        """How many different jobs the triggerer has described since ``create``."""
        count: int = self._ask("described", None)
        return count

    def _ask(self, what: str, argument: Any) -> Any:
        self._ours.send((what, argument))
        return self._receive()

    def _receive(self) -> Any:
        if not self._ours.poll(ANSWER_SECONDS):
            raise SystemExit(f"The benchmark's AWS does not answer within {ANSWER_SECONDS} seconds.")
        try:
            return self._ours.recv()
        except EOFError:
            raise SystemExit("The benchmark's AWS has ended: see its messages above.") from None


def _serve(connection: Connection, home: Path, port: int) -> None:
    """The process: serves, and obeys the benchmark until it says None or goes away."""
    logging.basicConfig(level=logging.WARNING)
    # It calls a connection that a poller has left idle an error.
    logging.getLogger("werkzeug").setLevel(logging.CRITICAL)
    with LocalAws(home=home, images=home / "images", port=port) as aws:
        counted = Counted(aws._http.app)  # noqa: SLF001  # one application in front of another
        aws._http.app = counted  # noqa: SLF001
        jobs = Jobs()
        connection.send("serving")
        try:
            while (message := connection.recv()) is not None:
                connection.send(_answer(*message, counted=counted, jobs=jobs))
        except EOFError:
            return


def _answer(what: str, argument: Any, *, counted: Counted, jobs: Jobs) -> Any:
    if what == "create":
        jobs.forget()
        counted.calls, counted.described = Counter(), set()
        return jobs.create(argument)
    if what == "announce":
        return jobs.announce(argument)
    if what == "end_at":
        return jobs.end_at(argument)
    if what == "ended":
        return dict(jobs.ended)
    if what == "calls":
        return Counter(counted.calls)
    return len(counted.described)
