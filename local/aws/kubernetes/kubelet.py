"""Gives pods that wait a node, and carries them out; ends those that are to be deleted.

A node has what its type has; a pod is bound to the first one that its limits and its selector fit, and waits
where there is none, with the reason in its conditions.
https://kubernetes.io/docs/concepts/scheduling-eviction/kube-scheduler/
"""

import logging
import threading
from collections import Counter
from collections.abc import Iterable

from local.aws.kubernetes.pod_logs import PodLog
from local.aws.kubernetes.pods import GRACE_SECONDS, Machine, PodRun
from local.aws.kubernetes.resources import NODES, PODS
from local.aws.kubernetes.statuses import BadRequestError, Json, NotFoundError, StatusError
from local.aws.kubernetes.store import LOOK_SECONDS, Key, Scope, moment
from local.aws.kubernetes.validation import COUNTED
from local.aws.runtime.addresses import Addresses

log = logging.getLogger(__name__)

OVER = ("Succeeded", "Failed")


class Kubelet:
    """All nodes' at once.

    Args:
        machine: what pods run with.
        addresses: lent to pods.
    """

    def __init__(self, machine: Machine, addresses: Addresses) -> None:
        self._machine, self._store, self._addresses = machine, machine.store, addresses
        self._runs: dict[str, PodRun] = {}
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._work, name="kubelet", daemon=True)

    def start(self) -> None:
        """Returns at once."""
        self._resume()
        self._thread.start()

    def stop(self) -> None:
        """Ends all processes; what is kept says that they ran."""
        self._ended.set()
        runs = list(self._runs.values())
        for run in runs:
            run.abandon()
        for run in runs:
            run.join(10)
        self._thread.join(10)

    def delete(self, pod: Json, grace_seconds: int | None) -> Json:
        """Has a pod end, with some time for it, and go; what it is until then."""
        given = pod["spec"].get("terminationGracePeriodSeconds", GRACE_SECONDS)
        return self._store.mark_deleted(key_of(pod), given if grace_seconds is None else grace_seconds)

    def log(self, pod: Json, *, previous: bool) -> PodLog:
        """Of the pod's container, or of the start before.

        Raises:
            BadRequestError: it has not been started so often.
        """
        run = self._runs.get(pod["metadata"]["uid"])
        logs = run.logs if run else []
        if len(logs) <= previous:
            name = pod["spec"]["containers"][0]["name"]
            what = "previous terminated container" if previous else "container"
            raise BadRequestError(f'{what} "{name}" in pod "{pod["metadata"]["name"]}" is waiting to start')
        return logs[-1 - previous]

    def _work(self) -> None:
        version = 0
        while not self._ended.is_set():
            version = self._store.wait(version, LOOK_SECONDS)
            try:
                self._forget_those_that_are_gone()
                self._schedule()
                self._end_those_to_be_deleted()
            except Exception:
                log.exception("The kubelet goes on, after this")

    def _resume(self) -> None:
        """Starts what ran when the last process ended, as a node does that comes up again."""
        pods, _ = self._store.select(Scope(PODS))
        for pod in pods:
            if "nodeName" in pod["spec"] and pod["status"]["phase"] not in OVER and not is_ending(pod):
                self._start(pod)

    def _schedule(self) -> None:
        """Binds each pod that waits to a node that has what it wants, oldest first."""
        pods, _ = self._store.select(Scope(PODS))
        waiting = [pod for pod in pods if "nodeName" not in pod["spec"] and not is_ending(pod)]
        if not waiting:
            return
        nodes, _ = self._store.select(Scope(NODES))
        for pod in sorted(waiting, key=lambda each: int(each["metadata"]["resourceVersion"])):
            taken = used(pods)
            fitting = [node for node in nodes if not misfit(pod, node, taken)]
            if fitting:
                bound = self._bind(pod, fitting[0]["metadata"]["name"])
                pods = [
                    bound if each["metadata"]["uid"] == bound["metadata"]["uid"] else each for each in pods
                ]
            else:
                self._refuse(pod, nodes, taken)

    def _bind(self, pod: Json, node: str) -> Json:
        key = key_of(pod)

        def change(there: Json) -> Json:
            return {
                **there,
                "spec": there["spec"] | {"nodeName": node},
                "status": {"phase": "Pending", "startTime": moment()},
            }

        try:
            bound = self._store.update(key, change)
        except NotFoundError:
            return pod
        self._start(bound)
        return bound

    def _start(self, pod: Json) -> None:
        uid = pod["metadata"]["uid"]
        [address] = self._addresses.lend(uid, [pod["metadata"]["name"]]).values()
        self._runs[uid] = PodRun(self._machine, pod, address)
        self._runs[uid].start()

    def _refuse(self, pod: Json, nodes: list[Json], taken: "Taken") -> None:
        reasons = Counter(misfit(pod, node, taken) for node in nodes)
        told = ", ".join(f"{count} {reason}" for reason, count in sorted(reasons.items()))
        message = f"0/{len(nodes)} nodes are available: {told or 'the cluster has none'}."

        def change(there: Json) -> Json:
            old = there["status"].get("conditions", [])
            if old and old[0]["message"] == message:
                return there
            unscheduled = {
                "type": "PodScheduled",
                "status": "False",
                "reason": "Unschedulable",
                "message": message,
                "lastTransitionTime": moment(),
            }
            return {**there, "status": {"phase": "Pending", "conditions": [unscheduled]}}

        try:
            self._store.update(key_of(pod), change)
        except NotFoundError:
            return

    def _end_those_to_be_deleted(self) -> None:
        pods, _ = self._store.select(Scope(PODS))
        for pod in filter(is_ending, pods):
            run = self._runs.get(pod["metadata"]["uid"])
            if run and not run.is_over and pod["status"]["phase"] not in OVER:
                run.stop()
            else:
                self._remove(pod)

    def _remove(self, pod: Json) -> None:
        try:
            self._store.delete(key_of(pod), pod["metadata"]["uid"])
        except StatusError:
            return

    def _forget_those_that_are_gone(self) -> None:
        pods, _ = self._store.select(Scope(PODS))
        for uid in self._runs.keys() - {pod["metadata"]["uid"] for pod in pods}:
            self._runs.pop(uid).stop()
            self._addresses.give_back(uid)


Taken = Counter[tuple[str, str]]
"""Of each node, how many of what are taken."""


def key_of(pod: Json) -> Key:
    """Of a pod."""
    return Key(PODS, pod["metadata"]["namespace"], pod["metadata"]["name"])


def is_ending(pod: Json) -> bool:
    """Whether it is going to be deleted."""
    return "deletionTimestamp" in pod["metadata"]


def limits(pod: Json) -> Counter[str]:
    """What the containers of a pod take of what is counted."""
    total: Counter[str] = Counter()
    for container in pod["spec"]["containers"]:
        given = (container.get("resources") or {}).get("limits") or {}
        total.update({name: int(given[name]) for name in COUNTED if name in given})
    return total


def used(pods: Iterable[Json]) -> Taken:
    """What pods that are not over take of each node."""
    total: Taken = Counter()
    for pod in pods:
        if pod.get("status", {}).get("phase") not in OVER and (node := pod["spec"].get("nodeName")):
            total.update({(node, name): count for name, count in limits(pod).items()})
    return total


def misfit(pod: Json, node: Json, taken: Taken) -> str:
    """Why a pod cannot be on a node; empty where it can."""
    name, labels = node["metadata"]["name"], node["metadata"].get("labels") or {}
    for key, value in (pod["spec"].get("nodeSelector") or {}).items():
        if labels.get(key) != value:
            return "node(s) didn't match Pod's node affinity/selector"
    has = (node.get("status") or {}).get("capacity") or {}
    for what, count in limits(pod).items():
        if count > int(has.get(what, 0)) - taken[name, what]:
            return f"Insufficient {what}"
    return ""
