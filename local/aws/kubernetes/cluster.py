"""A cluster: its objects, its API, and what carries them out."""

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from local.aws.kubernetes.api import Api
from local.aws.kubernetes.kubelet import Kubelet
from local.aws.kubernetes.pods import Machine
from local.aws.kubernetes.pytorch_jobs import PyTorchJobs
from local.aws.kubernetes.resources import NAMESPACES, NODES, PODS
from local.aws.kubernetes.store import Key, Scope
from local.aws.runtime.addresses import Addresses

FIRST_NAMESPACES = ("default", "kube-system", "kube-public", "kube-node-lease")


@dataclass(frozen=True)
class Node:
    """A machine of the cluster.

    Attributes:
        name: for people.
        instance_type: of EC2.
        zone: availability zone.
        gpus: that pods may take.
        adapters: Elastic Fabric Adapters that pods may take.
        labels: of its node group.
    """

    name: str
    instance_type: str
    zone: str
    gpus: int = 0
    adapters: int = 0
    labels: Mapping[str, str] = field(default_factory=dict)

    def document(self) -> dict[str, object]:
        """As Kubernetes has it."""
        labels = {
            **self.labels,
            "node.kubernetes.io/instance-type": self.instance_type,
            "topology.kubernetes.io/zone": self.zone,
            "topology.kubernetes.io/region": self.zone[:-1],
            "kubernetes.io/hostname": self.name,
        }
        capacity = {"nvidia.com/gpu": str(self.gpus), "vpc.amazonaws.com/efa": str(self.adapters)}
        ready = {"type": "Ready", "status": "True", "reason": "KubeletReady"}
        return {
            "metadata": {"name": self.name, "labels": labels},
            "status": {"capacity": capacity, "allocatable": capacity, "conditions": [ready]},
        }


class Cluster:
    """Runs from `start` to `stop`.

    Args:
        machine: what its pods run with; its store is the cluster's.
        nodes: it has.
        addresses: lent to pods.
    """

    def __init__(self, machine: Machine, nodes: Sequence[Node], addresses: Addresses) -> None:
        self.machine, self.store = machine, machine.store
        self._stopping = threading.Event()
        self._kubelet = Kubelet(machine, addresses)
        self._jobs = PyTorchJobs(self.store, self._kubelet)
        self.api = Api(self.store, self._kubelet, self._stopping.is_set)
        for name in FIRST_NAMESPACES:
            if not self.store.has(Key(NAMESPACES, "", name)):
                self.store.create(NAMESPACES, "", {"metadata": {"name": name}})
        for node in nodes:
            self.add(node)

    def start(self) -> None:
        """Returns at once."""
        self._kubelet.start()
        self._jobs.start()

    def add(self, node: Node) -> None:
        """Joins a machine, unless it has joined already."""
        if not self.store.has(Key(NODES, "", node.name)):
            self.store.create(NODES, "", node.document())

    def remove(self, name: str) -> None:
        """Takes a machine away, if it is there still; its pods are lost."""
        if self.store.has(Key(NODES, "", name)):
            self.store.delete(Key(NODES, "", name))
        pods, _ = self.store.select(Scope(PODS))
        for pod in pods:
            if pod["spec"].get("nodeName") == name:
                self._kubelet.delete(pod, 0)

    def stop(self) -> None:
        """Ends all processes and watches."""
        self._stopping.set()
        self._jobs.stop()
        self._kubelet.stop()
