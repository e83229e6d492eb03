"""A pod being carried out: its image, its container, its end; again where its policy says so.

A pod has one container here, which is a process tree. A volume that a claim names is a folder of the
cluster, the same for every pod that mounts it; where a command or a variable names the path at which it is
mounted, the folder takes its place, since a process tree has no root of its own.
"""

import logging
import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from local.aws.kubernetes.pod_logs import PodLog
from local.aws.kubernetes.resources import PODS
from local.aws.kubernetes.statuses import Json, NotFoundError
from local.aws.kubernetes.store import Key, Store, moment
from local.aws.runtime.container import Container, ContainerSpec
from local.aws.runtime.images import ImageBuildFailed, ImageStore, UnknownImageError

log = logging.getLogger(__name__)

GRACE_SECONDS = 30
"""What Kubernetes gives a pod that does not say."""
FIRST_BACK_OFF, LONGEST_BACK_OFF = 10.0, 300.0
"""Seconds before a container that has failed starts again, doubled each time.

https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#restart-policy
"""
SIGKILL_CODE, SIGTERM_CODE = 137, 143


class PodError(ValueError):
    """A pod that this cluster cannot carry out. The message says why."""


@dataclass(frozen=True)
class Machine:
    """What pods run with.

    Attributes:
        store: where they are kept.
        images: their environments.
        home: a folder for what they write, and for volumes.
        environment: variables that every container has.
        back_off: seconds before the first restart.
    """

    store: Store
    images: ImageStore
    home: Path
    environment: Mapping[str, str]
    back_off: float = FIRST_BACK_OFF

    def volume(self, namespace: str, claim: str) -> Path:
        """The folder of a claim."""
        return self.home / "volumes" / namespace / claim

    def logs(self, uid: str) -> Path:
        """The folder of a pod's logs: ``0.log`` of the first start of its container, and so on."""
        return self.home / "logs" / uid


class PodRun:
    """Carries out a pod on a thread of its own."""

    def __init__(self, machine: Machine, pod: Json, address: str) -> None:
        self.machine, self.pod, self.address = machine, pod, address
        metadata = pod["metadata"]
        self.key = Key(PODS, metadata["namespace"], metadata["name"])
        self.uid: str = metadata["uid"]
        self.logs: list[PodLog] = []
        self._stopping = threading.Event()
        self._abandoned = threading.Event()
        self._container: Container | None = None
        self._thread = threading.Thread(target=self._run, name=f"pod {self.key.name}", daemon=True)

    def start(self) -> None:
        """Returns at once."""
        self._thread.start()

    def stop(self) -> None:
        """Ends it as Kubernetes does: SIGTERM, some time, SIGKILL. Does not wait."""
        self._stopping.set()
        if container := self._container:
            container.stop()

    def abandon(self) -> None:
        """Ends its processes at once and leaves its state alone."""
        self._abandoned.set()
        self.stop()
        if container := self._container:
            container.kill()

    @property
    def is_over(self) -> bool:
        """Whether nothing of it runs, or is going to."""
        return not self._thread.is_alive()

    def join(self, timeout: float | None = None) -> None:
        """Waits until it is over."""
        self._thread.join(timeout)

    def _run(self) -> None:
        try:
            spec = self._spec()
        except (PodError, UnknownImageError, ImageBuildFailed) as error:
            reason = "CreateContainerConfigError" if isinstance(error, PodError) else "ErrImagePull"
            self._tell("Pending", {"waiting": {"reason": reason, "message": str(error)}})
            return
        restarts, pause = 0, self.machine.back_off
        while True:
            code = self._once(spec, restarts)
            if self._stopping.is_set() or not self._again(code):
                return
            restarts += 1
            waiting = {"reason": "CrashLoopBackOff", "message": f"back-off {pause:.0f}s restarting"}
            self._tell("Running", {"waiting": waiting}, restarts, self._terminated)
            if self._stopping.wait(pause):
                self._tell("Failed", self._terminated, restarts)
                return
            pause = min(pause * 2, LONGEST_BACK_OFF)

    def _once(self, spec: ContainerSpec, restarts: int) -> int:
        """The exit code of a start of the container; what has become of it is told unless it starts again."""
        log_file = PodLog(self.machine.logs(self.uid) / f"{restarts}.log")
        self.logs.append(log_file)
        started = moment()
        self._container = container = Container(spec, log_file.take, self._grace)
        if self._stopping.is_set():
            container.stop()
        if self._abandoned.is_set():
            container.kill()
        self._tell("Running", {"running": {"startedAt": started}}, restarts)
        code = container.wait()
        log_file.close()
        reason = "Completed" if code == 0 else "Error"
        ended = {"exitCode": code, "reason": reason, "startedAt": started, "finishedAt": moment()}
        self._terminated = {"terminated": ended}
        if self._stopping.is_set() or not self._again(code):
            self._tell("Succeeded" if code == 0 else "Failed", self._terminated, restarts)
        return code

    def _again(self, code: int) -> bool:
        policy = self.pod["spec"].get("restartPolicy", "Always")
        return policy == "Always" or (policy == "OnFailure" and code != 0)

    @property
    def _grace(self) -> float:
        return float(self.pod["spec"].get("terminationGracePeriodSeconds", GRACE_SECONDS))

    def _tell(self, phase: str, state: Json, restarts: int = 0, before: Json | None = None) -> None:
        """Puts into the pod's status what has become of it."""
        if self._abandoned.is_set():
            return
        container = self.pod["spec"]["containers"][0]
        ready = "running" in state
        told = {
            "name": container["name"],
            "image": container["image"],
            "imageID": container["image"],
            "ready": ready,
            "started": ready,
            "restartCount": restarts,
            "state": state,
            "lastState": before or {},
        }
        status = {
            "phase": phase,
            "podIP": self.address,
            "hostIP": "127.0.0.1",
            "containerStatuses": [told],
        }

        def change(pod: Json) -> Json:
            if pod["metadata"]["uid"] != self.uid:
                return pod  # Another one has taken its name.
            old = pod.get("status", {})
            return {**pod, "status": {**old, **status, "conditions": conditions(old, ready=ready)}}

        try:
            self.machine.store.update(self.key, change)
        except NotFoundError:
            return

    def _spec(self) -> ContainerSpec:
        pod = self.pod["spec"]
        if len(pod["containers"]) != 1 or pod.get("initContainers"):
            raise PodError("a pod has one container here: leave the others out")
        container = pod["containers"][0]
        image = self.machine.images.resolve(container["image"])
        venv = self.machine.images.ensure(image, lambda line: log.info("%s", line))
        mounts = self._mounts(pod, container)
        values = {
            **self.machine.environment,
            **{each["name"]: self._value(each) for each in container.get("env") or []},
            "HOSTNAME": self.key.name,
        }
        command = [*(container.get("command") or []), *(container.get("args") or [])]
        if not command:
            raise PodError(
                f"container {container['name']} has no command: the images here have no entry point"
            )
        return ContainerSpec(
            image,
            venv,
            self.machine.home / "pods" / self.uid,
            [mounted(expanded(part, values), mounts) for part in command],
            {name: mounted(value, mounts) for name, value in values.items()},
        )

    def _mounts(self, pod: Json, container: Json) -> dict[str, Path]:
        folders = {}
        for volume in pod.get("volumes") or []:
            claim = (volume.get("persistentVolumeClaim") or {}).get("claimName")
            if claim:
                folders[volume["name"]] = self.machine.volume(self.key.namespace, claim)
            elif "emptyDir" in volume:
                folders[volume["name"]] = self.machine.home / "pods" / self.uid / "volumes" / volume["name"]
            else:
                raise PodError(f"volume {volume['name']} is neither a claim nor an emptyDir")
        found = {}
        for mount in container.get("volumeMounts") or []:
            if mount["name"] not in folders:
                raise PodError(f"{mount['mountPath']} mounts {mount['name']}, which is no volume of the pod")
            folder = folders[mount["name"]] / mount.get("subPath", "")
            folder.mkdir(parents=True, exist_ok=True)
            found[mount["mountPath"].rstrip("/")] = folder
        return found

    def _value(self, variable: Mapping[str, Any]) -> str:
        if "valueFrom" not in variable:
            return str(variable.get("value", ""))
        path = (variable["valueFrom"].get("fieldRef") or {}).get("fieldPath")
        known = {
            "metadata.name": self.key.name,
            "metadata.namespace": self.key.namespace,
            "metadata.uid": self.uid,
            "status.podIP": self.address,
            "spec.nodeName": self.pod["spec"].get("nodeName", ""),
        }
        if path not in known:
            raise PodError(f"variable {variable['name']} is of {variable['valueFrom']}, which is not here")
        return known[path]


def conditions(old: Json, *, ready: bool) -> list[Json]:
    """Those of a pod that is on a node; each with the moment since which it is so."""
    before = {each["type"]: each for each in old.get("conditions", [])}
    wanted = {"PodScheduled": True, "Initialized": True, "ContainersReady": ready, "Ready": ready}
    found = []
    for name, holds in wanted.items():
        status, last = str(holds), before.get(name)
        since = last["lastTransitionTime"] if last and last["status"] == status else moment()
        found.append({"type": name, "status": status, "lastTransitionTime": since})
    return found


def expanded(text: str, values: Mapping[str, str]) -> str:
    """``$(NAME)`` in a command, as Kubernetes does; ``$$(NAME)`` stays.

    >>> expanded("--rank=$(RANK) $(NOBODY) $$(RANK)", {"RANK": "3"})
    '--rank=3 $(NOBODY) $(RANK)'
    """

    def value(found: re.Match[str]) -> str:
        if found[0].startswith("$$"):
            return found[0][1:]
        return values.get(found[1], found[0])

    return re.sub(r"\$?\$\(([A-Za-z_][A-Za-z0-9_]*)\)", value, text)


def mounted(text: str, mounts: Mapping[str, Path]) -> str:
    """The text with every path below a mount put below its folder.

    >>> mounted("--data=/data/train /database", {"/data": Path("/volumes/a")})
    '--data=/volumes/a/train /database'
    """
    if not mounts:
        return text
    places = "|".join(re.escape(place) for place in sorted(mounts, key=len, reverse=True))
    below = re.compile(rf"(?:(?<=://)|(?<![\w./-]))({places})(?![\w.-])")
    return below.sub(lambda found: str(mounts[found[1]]), text)
