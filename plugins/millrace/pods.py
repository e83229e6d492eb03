"""What the pods of a job tell. Pure: objects of Kubernetes as it writes them in JSON."""

import os
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any, NamedTuple

Json = Mapping[str, Any]

JOB_NAME = "training.kubeflow.org/job-name"
"""The label of a PyTorchJob's pods."""
NEVER = frozenset({
    "CreateContainerConfigError", "CreateContainerError", "ErrImageNeverPull", "ErrImagePull",
    "ImageInspectError", "ImagePullBackOff", "InvalidImageName",
})  # fmt: skip
"""Reasons of a waiting container that no waiting mends.

https://kubernetes.io/docs/concepts/containers/images/#imagepullbackoff
"""


REFUSED = os.EX_DATAERR
"""Exit code of a program that would end so again, whatever is tried: ``sysexits.h``."""


class Start(NamedTuple):
    """One start of a pod's container, of which there are several where it has failed."""

    pod: str
    uid: str
    restarts: int


def starts(pods: Iterable[Json]) -> Iterator[Start]:
    """Those of containers that run or have run."""
    for pod in pods:
        for container in pod.get("status", {}).get("containerStatuses", []):
            state = container.get("state", {})
            if "running" in state or "terminated" in state:
                metadata = pod["metadata"]
                yield Start(metadata["name"], metadata["uid"], container["restartCount"])


def cannot_start(pods: Iterable[Json]) -> str | None:
    """Why a container will not start, whatever anybody waits for; None if all may."""
    for pod in pods:
        for container in pod.get("status", {}).get("containerStatuses", []):
            waiting = container.get("state", {}).get("waiting", {})
            if waiting.get("reason") in NEVER:
                image, message = container["image"], waiting.get("message", "")
                return f"{pod['metadata']['name']} cannot start {image}: {waiting['reason']}: {message}"
    return None


def refuses(pods: Iterable[Json]) -> bool:
    """Whether a program has ended because it cannot do its work; Kubernetes would start it again."""
    for pod in pods:
        for container in pod.get("status", {}).get("containerStatuses", []):
            for state in (container.get("state", {}), container.get("lastState", {})):
                if state.get("terminated", {}).get("exitCode") == REFUSED:
                    return True
    return False


def without_node(pods: Iterable[Json], needed: int, now: datetime, patience: timedelta) -> str | None:
    """Why fewer pods than a job needs have a node, if that is so for longer than is waited for.

    Args:
        pods: of the job.
        needed: how many have to run; elastic jobs do without the others.
        now: aware.
        patience: what machines take to come.
    """
    every = list(pods)
    waits = {pod["metadata"]["name"]: wait for pod in every if (wait := _unscheduled(pod))}
    if len(every) - len(waits) >= needed:
        return None
    for name, (since, message) in waits.items():
        if now - since > patience:
            seconds = patience.total_seconds()
            return f"{name} has had no node for over {seconds:.0f} seconds: {message}"
    return None


def _unscheduled(pod: Json) -> tuple[datetime, str] | None:
    """Since when, and why."""
    for condition in pod.get("status", {}).get("conditions", []):
        if condition["type"] == "PodScheduled" and condition["status"] == "False":
            since = datetime.fromisoformat(condition["lastTransitionTime"])
            return since, condition.get("message", condition.get("reason", ""))
    return None
