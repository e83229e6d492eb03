"""PyTorchJobs in clusters of EKS: a list, a page for each with its workers, and what these print."""

import shlex
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote, urlencode

import jmespath
from werkzeug.wrappers import Response

from local.aws import jobs
from local.aws.kubernetes.cluster import Cluster
from local.aws.kubernetes.kubelet import is_ending
from local.aws.kubernetes.pytorch_jobs import OVER, name_of, pods_of
from local.aws.kubernetes.resources import NODES, PYTORCH_JOBS
from local.aws.kubernetes.statuses import Json
from local.aws.kubernetes.store import Scope
from local.aws.pages import facts, frame, logs
from local.aws.pages.calls import page_of_run
from local.aws.pages.frame import JOBS, TEXT, Crumb, NotThereError, page
from local.aws.services.eks import clusters

REFRESH_SECONDS = 3
CRUMBS = [Crumb("Jobs", JOBS), Crumb("PyTorchJobs", frame.PYTORCH_JOBS)]
BLOCK = 65_536
"""Bytes of a log that are read at once."""
ZONE = "topology.kubernetes.io/zone"
POLICY = {
    "minReplicas": "Fewest workers",
    "maxReplicas": "Most workers",
    "nProcPerNode": "Processes of each",
    "maxRestarts": "Most restarts of these",
}
"""Members of an elastic policy, and what they say."""
WHY = jmespath.compile(
    "(status.containerStatuses[].state.waiting || status.conditions[?status=='False' && reason])"
    " | [0].[reason, message]"
)
"""Of a pod: what it waits for."""


class Start(NamedTuple):
    """A start of a worker; each line of its log begins with the moment at which it was printed."""

    name: str
    log: Path


class Worker(NamedTuple):
    """A pod of a job at this moment; ``why`` is what it waits for, or how it ended."""

    name: str
    phase: str
    why: str
    restarts: int
    node: str
    zone: str
    starts: list[Start]


class PyTorchJobs:
    """Answers below :data:`~local.aws.pages.frame.PYTORCH_JOBS`."""

    def answer(self, _request: Any, where: str) -> Any:
        """The list, the page ``<cluster>/<namespace>/<name>`` or, with ``/log``, the text of its log.

        Raises:
            NotThereError: there is no such job, or no longer.
        """
        found = every()
        if not where:
            refresh = REFRESH_SECONDS if any(job.is_running for job in found) else None
            return page("pytorch_jobs.html", "PyTorchJobs", CRUMBS, refresh=refresh, jobs=found)
        *place, part = [*where.split("/", 3), "", "", ""][:4]
        job = next((job for job in found if job.place == place), None)
        if job is None:
            raise NotThereError(
                f"There is no PyTorchJob {where!a}, or no longer: one that has succeeded is deleted, and its "
                "cluster may be, too. What it printed is in the log of its task, and what was left of it is "
                "behind the task's link Description."
            )
        if part == "log":
            return Response(job.log(), content_type=TEXT)
        if part:
            raise NotThereError(f"There is no page {part!a} of the PyTorchJob {job.name!a}, only log.")
        return _page(job)


def every() -> list["Shown"]:
    """The jobs of all clusters, newest first."""
    found = [
        Shown(name, cluster, job)
        for (_, name), cluster in clusters.current().every().items()
        for job in cluster.store.select(Scope(PYTORCH_JOBS))[0]
    ]
    return sorted(found, key=lambda job: job.created, reverse=True)


def _page(job: "Shown") -> Any:
    workers = job.workers
    running = job.is_running or any(facts.colour(worker.phase) == "running" for worker in workers)
    return page(
        "pytorch_job.html",
        f"{job.name} - {job.status}",
        [*CRUMBS, Crumb(job.name, job.address)],
        refresh=REFRESH_SECONDS if running else None,
        job=job,
        facts=facts,
        workers=workers,
        logs=[(worker.name, [_tail(start) for start in worker.starts]) for worker in workers],
        lines=logs.LINES,
    )


class Shown:
    """A job as pages show it: as its cluster had it when this was made, with the pods of the moment."""

    def __init__(self, cluster_name: str, cluster: Cluster, job: Json) -> None:
        self.cluster_name, self._cluster, self.document = cluster_name, cluster, job
        self.name, self.namespace = name_of(job), str(job["metadata"]["namespace"])
        self.place = [cluster_name, self.namespace, self.name]
        self.address = frame.PYTORCH_JOBS + "/".join(quote(part, safe="") for part in self.place)
        # The keys of AWS's tags have a colon, those of annotations a slash.
        notes: dict[str, str] = job["metadata"].get("annotations") or {}
        self.tags = {key.replace("/", ":"): note for key, note in notes.items()}
        self.created = str(job["metadata"]["creationTimestamp"])
        told = job.get("status") or {}
        self.started, self.ended = second(told.get("startTime")), second(told.get("completionTime"))
        self.conditions = [
            {**each, "since": second(each.get("lastTransitionTime"))} for each in told.get("conditions") or []
        ]
        """In the order in which each came to be as it is."""
        holding = [each for each in self.conditions if each["status"] == "True"] or [{"type": "Created"}]
        self.status = str(holding[-1]["type"])
        self.is_running = self.status not in OVER
        # Other things are done when they are created.
        self.colour = "running" if self.status == "Created" else facts.colour(self.status)
        self.failure = str(holding[-1].get("message", "")) if self.status == "Failed" else ""
        self.worker = job["spec"]["pytorchReplicaSpecs"].get("Worker") or {"replicas": 0}
        self.pod = (self.worker.get("template") or {}).get("spec") or {}

    @property
    def wanted(self) -> int:
        """How many workers there are to be."""
        return int(self.worker.get("replicas", 1))

    @property
    def running(self) -> int:
        """How many workers run; one that waits for its next start does not, whatever its phase says."""
        return sum(
            bool(jmespath.search("status.containerStatuses[].state.running", pod)) for pod in self._pods()
        )

    @property
    def workers(self) -> list[Worker]:
        """The pods that there are, by their numbers."""
        nodes, _ = self._cluster.store.select(Scope(NODES))
        zones = {node["metadata"]["name"]: node["metadata"].get("labels", {}).get(ZONE, "") for node in nodes}
        return [self._worker(pod, zones) for pod in self._pods()]

    @property
    def policy(self) -> list[tuple[str, Any]]:
        """The elastic policy."""
        given = self.document["spec"].get("elasticPolicy") or {}
        return [(label, given[member]) for member, label in POLICY.items() if member in given]

    @property
    def containers(self) -> list[tuple[str, str]]:
        """Image and command of each container of a worker."""
        return [
            (each["image"], shlex.join([*(each.get("command") or []), *(each.get("args") or [])]))
            for each in self.pod.get("containers", [])
        ]

    @property
    def volumes(self) -> list[tuple[str, str, Path]]:
        """Where workers have a volume, the claim that names it, and its folder on this machine."""
        found = jmespath.search("volumes[?persistentVolumeClaim]", self.pod) or []
        claims = {each["name"]: each["persistentVolumeClaim"]["claimName"] for each in found}
        return [
            (mount["mountPath"], claim, self._cluster.machine.volume(self.namespace, claim))
            for mount in jmespath.search("containers[].volumeMounts[]", self.pod) or []
            if (claim := claims.get(mount["name"]))
        ]

    @property
    def dag(self) -> Crumb | None:
        """The DAG that made it."""
        dag = self.tags.get(jobs.DAG)
        return Crumb(dag, f"{JOBS}?{urlencode({'dag': dag})}") if dag else None

    @property
    def run(self) -> Crumb | None:
        """The run that made it, with the page of that run's calls."""
        dag, run = self.tags.get(jobs.DAG), self.tags.get(jobs.RUN)
        return Crumb(run, page_of_run(dag, run)) if dag and run else None

    def log(self) -> Iterator[bytes]:
        """What all workers printed, each start after its name, with the moments."""
        for worker in self.workers:
            for start in worker.starts:
                yield f"# {start.name}\n".encode()
                with start.log.open("rb") as file:
                    while block := file.read(BLOCK):
                        yield block

    def _pods(self) -> list[Json]:
        # Worker 10 comes after worker 9.
        found = pods_of(self._cluster.store, self.document)
        return sorted(found, key=lambda pod: (len(name_of(pod)), name_of(pod)))

    def _worker(self, pod: Json, zones: dict[str, str]) -> Worker:
        metadata, node = pod["metadata"], pod["spec"].get("nodeName", "")
        phase = "Terminating" if is_ending(pod) else pod.get("status", {}).get("phase", "Pending")
        restarts = sum(each["restartCount"] for each in pod.get("status", {}).get("containerStatuses", []))
        files = self._cluster.machine.logs(metadata["uid"]).glob("*.log")
        starts = [
            Start(f"{metadata['name']}, start {number}", file)
            for number, file in enumerate(sorted(files, key=lambda file: int(file.stem)), 1)
        ]
        return Worker(metadata["name"], phase, why(pod), restarts, node, zones.get(node, ""), starts)


def why(pod: Json) -> str:
    """What a pod waits for, or how it ended; empty while it runs."""
    code = jmespath.search("status.containerStatuses[].state.terminated.exitCode | [0]", pod)
    if code is not None:
        return f"exit code {code}"
    return ": ".join(filter(None, WHY.search(pod) or []))


def second(moment: str | None) -> str:
    """A time of Kubernetes as pages show it; empty where there is none."""
    return frame.second(datetime.fromisoformat(moment)) if moment else ""


def _tail(start: Start) -> logs.Tail:
    """The last lines of a start, without their moments."""
    with start.log.open(encoding="utf-8", errors="replace", newline="\n") as file:
        return logs.tail_of(start.name, (line.partition(" ")[2] for line in file))
