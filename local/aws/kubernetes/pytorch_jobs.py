"""PyTorchJobs, as Kubeflow's training operator carries them out: pods for replicas, and conditions.

A job with an ``elasticPolicy`` has workers that find each other by rendezvous, as many as ``replicas`` says
at the moment: who changes it while the job runs has workers added or taken away, the last ones first. The
first worker's end is the job's.
https://www.kubeflow.org/docs/components/trainer/legacy-v1/user-guides/pytorch/
"""

import logging
import socket
import threading
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

from local.aws.kubernetes.kubelet import Kubelet, is_ending
from local.aws.kubernetes.resources import PODS, PYTORCH_JOBS
from local.aws.kubernetes.selectors import by_labels
from local.aws.kubernetes.statuses import AlreadyExistsError, Json, NotFoundError
from local.aws.kubernetes.store import LOOK_SECONDS, Key, Scope, Store, moment

log = logging.getLogger(__name__)

JOB_NAME, REPLICA_TYPE, REPLICA_INDEX = (
    f"training.kubeflow.org/{name}" for name in ("job-name", "replica-type", "replica-index")
)
PORT = "millrace/rendezvous-port"
WORKER = "Worker"
CONTAINER = "pytorch"
"""The name that the container of a replica has to have."""
OVER = ("Succeeded", "Failed")


class InvalidJobError(ValueError):
    """A job that cannot be carried out; the message is that of its condition."""


class PyTorchJobs:
    """Carries out the jobs of a cluster.

    Args:
        store: of the cluster.
        kubelet: ends pods.
    """

    def __init__(self, store: Store, kubelet: Kubelet) -> None:
        self._store, self._kubelet = store, kubelet
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._work, name="pytorch jobs", daemon=True)

    def start(self) -> None:
        """Returns at once."""
        self._thread.start()

    def stop(self) -> None:
        """Leaves the jobs as they are."""
        self._ended.set()
        self._thread.join(10)

    def _work(self) -> None:
        version = 0
        while not self._ended.is_set():
            version = self._store.wait(version, LOOK_SECONDS)
            try:
                jobs, _ = self._store.select(Scope(PYTORCH_JOBS))
                for job in jobs:
                    self._reconcile(job)
                self._end_orphans({job["metadata"]["uid"] for job in jobs})
            except Exception:
                if not self._ended.is_set():
                    log.exception("The controller of PyTorchJobs goes on, after this")

    def _reconcile(self, job: Json) -> None:
        """Brings what there is closer to what the job wants."""
        status = job.get("status", {})
        if condition(status, "Succeeded") or condition(status, "Failed"):
            self._clean(job)
            return
        try:
            spec = workers(job)
        except InvalidJobError as error:
            self._tell(job, "Failed", "PyTorchJobFailed", str(error))
            return
        if not status:
            self._tell(job, "Created", "PyTorchJobCreated", f"PyTorchJob {name_of(job)} is created.")
        pods = pods_of(self._store, job)
        if (job["spec"].get("runPolicy") or {}).get("suspend"):
            self._end(pods)
            self._tell(job, "Suspended", "PyTorchJobSuspended", f"PyTorchJob {name_of(job)} is suspended.")
            return
        self._scale(job, spec, pods)
        self._judge(job, spec, pods)

    def _scale(self, job: Json, spec: Json, pods: list[Json]) -> None:
        there = {pod["metadata"]["labels"][REPLICA_INDEX]: pod for pod in pods}
        for index in range(spec["replicas"]):
            if str(index) not in there:
                self._create(job, spec, index)
        self._end([pod for index, pod in there.items() if int(index) >= spec["replicas"]])

    def _create(self, job: Json, spec: Json, index: int) -> None:
        namespace = job["metadata"]["namespace"]
        try:
            self._store.create(PODS, namespace, self._pod(job, spec, index))
        except (AlreadyExistsError, NotFoundError):
            return  # One with this name is still being deleted, or the job has just been.

    def _pod(self, job: Json, spec: Json, index: int) -> Json:
        template = spec["template"]
        container = next(each for each in template["spec"]["containers"] if each["name"] == CONTAINER)
        variables = [*(container.get("env") or []), *rendezvous(job, self._port(job))]
        labels = {
            **(template.get("metadata", {}).get("labels") or {}),
            JOB_NAME: name_of(job),
            REPLICA_TYPE: WORKER.lower(),
            REPLICA_INDEX: str(index),
        }
        owner = {
            "apiVersion": PYTORCH_JOBS.api_version,
            "kind": PYTORCH_JOBS.kind,
            "name": name_of(job),
            "uid": job["metadata"]["uid"],
            "controller": True,
            "blockOwnerDeletion": True,
        }
        policy = spec.get("restartPolicy", "OnFailure")
        return {
            "metadata": {
                "name": f"{name_of(job)}-{WORKER.lower()}-{index}",
                "labels": labels,
                "ownerReferences": [owner],
            },
            "spec": {
                **template["spec"],
                "restartPolicy": "Never" if policy == "ExitCode" else policy,
                "containers": [
                    {**each, "env": variables} if each is container else each
                    for each in template["spec"]["containers"]
                ],
            },
        }

    def _port(self, job: Json) -> int:
        """Of the rendezvous: in place of the name of the first worker, which nobody resolves here.

        The job has it in an annotation, so that workers that come later meet the ones that are there.
        """
        with socket.create_server(("127.0.0.1", 0)) as listener:
            free = str(listener.getsockname()[1])

        def change(there: Json) -> Json:
            metadata = there["metadata"]
            notes = {PORT: free, **(metadata.get("annotations") or {})}
            return {**there, "metadata": {**metadata, "annotations": notes}}

        key = Key(PYTORCH_JOBS, job["metadata"]["namespace"], name_of(job))
        return int(self._store.update(key, change)["metadata"]["annotations"][PORT])

    def _judge(self, job: Json, spec: Json, pods: list[Json]) -> None:
        """What the pods say of the job."""
        phases = [pod["status"]["phase"] for pod in pods if not is_ending(pod)]
        counts = {
            "active": sum(phase in ("Pending", "Running") for phase in phases),
            "succeeded": phases.count("Succeeded"),
            "failed": phases.count("Failed"),
        }
        self._count(job, {name: count for name, count in counts.items() if count})
        first = next((pod for pod in pods if pod["metadata"]["labels"][REPLICA_INDEX] == "0"), None)
        if first and first["status"]["phase"] == "Succeeded":
            message = f"PyTorchJob {name_of(job)} is successfully completed."
            self._tell(job, "Succeeded", "PyTorchJobSucceeded", message)
        elif why := self._why_failed(job, pods, counts["failed"]):
            self._tell(
                job, "Failed", "PyTorchJobFailed", f"PyTorchJob {name_of(job)} is failed because {why}."
            )
        elif phases.count("Running") == spec["replicas"]:
            self._tell(job, "Running", "PyTorchJobRunning", f"PyTorchJob {name_of(job)} is running.")

    def _why_failed(self, job: Json, pods: list[Json], failed: int) -> str | None:
        if self._is_late(job):
            return "it was active longer than activeDeadlineSeconds"
        if failed:
            return f"{failed} {WORKER} replica(s) failed"
        most = (job["spec"].get("runPolicy") or {}).get("backoffLimit")
        containers = [each for pod in pods for each in pod["status"].get("containerStatuses", [])]
        restarts = sum(each["restartCount"] for each in containers)
        if most is not None and restarts > most:
            return f"its replicas were restarted {restarts} times, more than backoffLimit {most}"
        return None

    @staticmethod
    def _is_late(job: Json) -> bool:
        longest = (job["spec"].get("runPolicy") or {}).get("activeDeadlineSeconds")
        started = job.get("status", {}).get("startTime")
        if longest is None or started is None:
            return False
        return datetime.now(UTC) > datetime.fromisoformat(started) + timedelta(seconds=longest)

    def _count(self, job: Json, counts: Mapping[str, int]) -> None:
        def change(there: Json) -> Json:
            return {**there, "status": {**there.get("status", {}), "replicaStatuses": {WORKER: dict(counts)}}}

        self._update(job, change)

    def _tell(self, job: Json, type_: str, reason: str, message: str) -> None:
        def change(there: Json) -> Json:
            old = there.get("status", {})
            if condition(old, type_):
                return there
            status = {**old, "conditions": conditions(old.get("conditions", []), type_, reason, message)}
            if type_ == "Created":
                status["startTime"] = moment()
            if type_ in OVER:
                status["completionTime"] = moment()
            return {**there, "status": status}

        self._update(job, change)

    def _update(self, job: Json, change: Any) -> None:
        key = Key(PYTORCH_JOBS, job["metadata"]["namespace"], name_of(job))
        uid = job["metadata"]["uid"]
        try:
            self._store.update(key, lambda there: change(there) if there["metadata"]["uid"] == uid else there)
        except NotFoundError:
            return

    def _clean(self, job: Json) -> None:
        """Ends pods of a job that is over as its policy says, and the job itself some time after."""
        policy = job["spec"].get("runPolicy") or {}
        wanted = policy.get("cleanPodPolicy", "None")
        pods = pods_of(self._store, job)
        if wanted in ("All", "Running"):
            self._end([p for p in pods if wanted == "All" or p.get("status", {}).get("phase") not in OVER])
        keep, over = policy.get("ttlSecondsAfterFinished"), job["status"].get("completionTime")
        if keep is not None and datetime.now(UTC) > datetime.fromisoformat(over) + timedelta(seconds=keep):
            key = Key(PYTORCH_JOBS, job["metadata"]["namespace"], name_of(job))
            with suppress(NotFoundError):
                self._store.delete(key, job["metadata"]["uid"])

    def _end(self, pods: list[Json]) -> None:
        for pod in pods:
            if not is_ending(pod):
                self._kubelet.delete(pod, None)

    def _end_orphans(self, jobs: set[str]) -> None:
        """A job that is deleted takes its pods with it."""
        pods, _ = self._store.select(Scope(PODS, None, by_labels(JOB_NAME)))
        self._end([pod for pod in pods if owner_of(pod) not in jobs])


def pods_of(store: Store, job: Json) -> list[Json]:
    """The pods of a job that there are."""
    selects = by_labels(f"{JOB_NAME}={name_of(job)}")
    pods, _ = store.select(Scope(PODS, job["metadata"]["namespace"], selects))
    return [pod for pod in pods if owner_of(pod) == job["metadata"]["uid"]]


def workers(job: Json) -> Json:
    """The replicas of a job.

    Raises:
        InvalidJobError: there are others than workers, or what they are to do is not said.
    """
    given = job.get("spec", {}).get("pytorchReplicaSpecs") or {}
    if set(given) != {WORKER}:
        raise InvalidJobError(
            f"pytorchReplicaSpecs has {', '.join(sorted(given)) or 'nothing'}: give {WORKER} alone"
        )
    spec: Json = {"replicas": 1, **given[WORKER]}
    if not any(each.get("name") == CONTAINER for each in spec["template"]["spec"]["containers"]):
        raise InvalidJobError(f"There is no container named {CONTAINER} in {WORKER}")
    return spec


def rendezvous(job: Json, port: int) -> list[Json]:
    """The variables by which torchrun finds the others.

    https://pytorch.org/docs/stable/elastic/run.html
    """
    policy = job["spec"].get("elasticPolicy")
    if policy is None:
        return []
    per_node = policy.get("nProcPerNode", job["spec"].get("nprocPerNode", 1))
    found = {
        "PYTHONUNBUFFERED": "1",
        "PET_RDZV_BACKEND": policy.get("rdzvBackend", "c10d"),
        "PET_RDZV_ENDPOINT": f"127.0.0.1:{port}",
        "PET_RDZV_ID": policy.get("rdzvId", name_of(job)),
        "PET_NNODES": f"{policy.get('minReplicas', 1)}:{policy.get('maxReplicas', 1)}",
        "PET_NPROC_PER_NODE": per_node,
        "PET_MAX_RESTARTS": policy.get("maxRestarts", 0),
    }
    if settings := policy.get("rdzvConf"):
        found["PET_RDZV_CONF"] = ",".join(f"{each['key']}={each['value']}" for each in settings)
    return [{"name": name, "value": str(value)} for name, value in found.items()]


def condition(status: Json, type_: str) -> bool:
    """Whether it is so."""
    return any(each["type"] == type_ and each["status"] == "True" for each in status.get("conditions", []))


def conditions(old: list[Json], type_: str, reason: str, message: str) -> list[Json]:
    """With one that holds from now on; of running, suspended and over it is one at a time."""
    exclusive = ("Running", "Restarting", "Suspended", *OVER)
    now = {"lastUpdateTime": moment(), "lastTransitionTime": moment()}

    def ended(each: Json) -> bool:
        return type_ in exclusive and each["type"] in exclusive and each["status"] == "True"

    kept = [
        {**each, "status": "False", **now} if ended(each) else each for each in old if each["type"] != type_
    ]
    return [*kept, {"type": type_, "status": "True", "reason": reason, "message": message, **now}]


def name_of(job: Json) -> str:
    """Its name."""
    return str(job["metadata"]["name"])


def owner_of(pod: Json) -> str | None:
    """The identifier of what controls a pod."""
    return next(
        (each["uid"] for each in pod["metadata"].get("ownerReferences") or [] if each.get("controller")), None
    )
