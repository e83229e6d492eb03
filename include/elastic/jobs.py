"""A PyTorchJob of Kubeflow whose workers may come and go while it trains.

Each worker is a pod with one agent of torchrun, which starts a process for each GPU. The agents meet at the
first worker (c10d). When a worker comes or goes, all processes start again, as many as there are then, and go
on from the last checkpoint on the volume that they share.
https://www.kubeflow.org/docs/components/trainer/legacy-v1/user-guides/pytorch/
https://docs.pytorch.org/docs/stable/elastic/run.html
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from include.bundles import Bundle
from include.elastic.zones import GROUP, INSTANCE_TYPE
from include.run import Run
from include.sagemaker import Instances
from include.sagemaker.gpus import GpuCountError, adapters_of, expected_cost, gpus_of

MOUNT = "/data"
"""Where pods have the volume that they share."""
SERVICE_ACCOUNT = "millrace"
"""As whom pods call AWS."""
MEMORY_MOUNT = "/dev/shm"  # noqa: S108  # loaders of data hand batches over through it
GPU, ADAPTER = "nvidia.com/gpu", "vpc.amazonaws.com/efa"


class WorkersError(ValueError):
    """Workers that cannot be. The message says what to do."""


@dataclass(frozen=True)
class Workers:
    """How many pods train together.

    Attributes:
        instance_type: of EC2, of their nodes.
        wanted: how many there are to be.
        least: with fewer there is no training.
        most: up to which others may join while it runs.
        processes: in each; 0 for one on each GPU.
        adapters: Elastic Fabric Adapters of each.
    """

    instance_type: str
    wanted: int
    least: int
    most: int
    processes: int = 0
    adapters: int = 0

    def __post_init__(self) -> None:
        if not 1 <= self.least <= self.wanted <= self.most:
            raise WorkersError(
                f"{self.wanted} workers, at least {self.least} and at most {self.most}: give numbers from 1 "
                "that grow in the order least, wanted, most"
            )
        gpus, adapters = gpus_of(self.instance_type), adapters_of(self.instance_type)
        if gpus and self.per_worker != gpus:
            raise GpuCountError(
                f"{self.processes} processes on a {self.instance_type}, which has {gpus} GPUs: each takes "
                f"one, and those without would be idle. Give {gpus}, or 0 for as many as there are"
            )
        if self.adapters > adapters:
            raise WorkersError(
                f"{self.adapters} Elastic Fabric Adapters on a {self.instance_type}, which has {adapters}: "
                f"give at most {adapters}"
            )

    @property
    def per_worker(self) -> int:
        """Processes of a worker; where it has GPUs, each has one."""
        return self.processes or gpus_of(self.instance_type) or 1

    @property
    def ranks(self) -> int:
        """Processes of all workers that are wanted."""
        return self.wanted * self.per_worker

    def limits(self) -> dict[str, str]:
        """What a pod takes for itself of its node."""
        wanted = {GPU: gpus_of(self.instance_type), ADAPTER: self.adapters}
        return {name: str(count) for name, count in wanted.items() if count}


@dataclass(frozen=True)
class Plan:
    """What will be launched, told before it costs anything."""

    workers: int
    least: int
    most: int
    instance_type: str
    per_worker: int
    adapters: int
    ranks: int
    expected_hours: float
    expected_usd: float | None
    price: str

    def sentences(self) -> list[str]:
        """For a log."""
        cost = (
            "of a price that is not known" if self.expected_usd is None else f"USD {self.expected_usd:,.2f}"
        )
        return [
            (
                f"{self.workers} workers on {self.instance_type} ({self.least} to {self.most} at work), "
                f"{self.per_worker} processes on each: {self.ranks} ranks"
            ),
            f"{self.adapters} Elastic Fabric Adapters for each worker",
            f"expected: {self.expected_hours:.2f} hours, {cost} ({self.price})",
        ]


@dataclass(frozen=True)
class ElasticJob:
    """A PyTorchJob.

    Attributes:
        image: one of ``include/images``.
        workers: its pods.
        group: value of the label ``millrace/training`` of their nodes.
        claim: of the volume that they share, mounted at ``/data``.
        code: with the program; the pods' working directory.
        command: the program with its arguments.
        expected_seconds: that it takes, as far as is known.
        metrics: prefix under which the program leaves its ``metrics.json``; None for none.
        environment: variables of the program.
        rendezvous: settings of c10d, in seconds.
            https://docs.pytorch.org/docs/stable/elastic/rendezvous.html
        max_restarts: how often an agent starts its processes again after a failure.
        kept_seconds: how long a job that has failed is kept.
    """

    image: str
    workers: Workers
    group: str
    claim: str
    code: Bundle
    command: Sequence[str]
    expected_seconds: float
    metrics: str | None = None
    environment: Mapping[str, str] = field(default_factory=dict)
    rendezvous: Mapping[str, int] = field(default_factory=dict)
    max_restarts: int = 10
    kept_seconds: int = 24 * 3600

    @property
    def min_workers(self) -> int:
        """Without which there is no training."""
        return self.workers.least

    @property
    def instance_type(self) -> str:
        """Of EC2, of the nodes."""
        return self.workers.instance_type

    def plan(self) -> Plan:
        """What the job is going to be."""
        workers = self.workers
        cost = expected_cost(Instances(workers.instance_type, workers.wanted), self.expected_seconds / 3600)
        return Plan(
            workers=workers.wanted,
            least=workers.least,
            most=workers.most,
            instance_type=workers.instance_type,
            per_worker=workers.per_worker,
            adapters=workers.adapters,
            ranks=workers.ranks,
            expected_hours=round(cost.hours, 4),
            expected_usd=cost.usd,
            price=f"{cost.price_of}, {cost.as_of}",
        )

    def request(self, run: Run) -> dict[str, Any]:
        """The object, without its name."""
        policy = {
            "rdzvBackend": "c10d",
            "minReplicas": self.workers.least,
            "maxReplicas": self.workers.most,
            "nProcPerNode": self.workers.per_worker,
            "maxRestarts": self.max_restarts,
            "rdzvConf": [{"key": key, "value": str(value)} for key, value in self.rendezvous.items()],
        }
        return {
            "apiVersion": "kubeflow.org/v1",
            "kind": "PyTorchJob",
            "spec": {
                "elasticPolicy": policy,
                "runPolicy": {
                    "cleanPodPolicy": "Running",
                    "ttlSecondsAfterFinished": self.kept_seconds,
                    "activeDeadlineSeconds": run.settings.max_runtime_seconds,
                    "backoffLimit": self.max_restarts,
                },
                "pytorchReplicaSpecs": {
                    "Worker": {
                        "replicas": self.workers.wanted,
                        "restartPolicy": "OnFailure",
                        "template": {"spec": self._pod(run)},
                    }
                },
            },
        }

    def bundles(self) -> Sequence[Bundle]:
        """What has to be in S3 before the job starts."""
        return [self.code]

    def metrics_uri(self) -> str | None:
        """Where the program leaves its ``metrics.json``, if it does."""
        return f"{self.metrics}/metrics.json" if self.metrics else None

    def failure_uri(self) -> str | None:
        """Where the program says in ``error`` why it cannot do its work, if it does."""
        return f"{self.metrics}/failure.json" if self.metrics else None

    def _pod(self, run: Run) -> dict[str, Any]:
        variables = {
            **self.environment,
            "AWS_REGION": run.settings.region,
            "MILLRACE_CODE": f"{run.code_uri(self.code.digest)}/files/",
        }
        container = {
            "name": "pytorch",
            "image": run.settings.image_uri(self.image),
            "command": ["run-job", *self.command],
            "env": [{"name": name, "value": value} for name, value in variables.items()],
            "resources": {"limits": self.workers.limits(), "requests": self.workers.limits()},
            "volumeMounts": [
                {"name": "data", "mountPath": MOUNT},
                {"name": "memory", "mountPath": MEMORY_MOUNT},
            ],
        }
        return {
            "serviceAccountName": SERVICE_ACCOUNT,
            "nodeSelector": {INSTANCE_TYPE: self.workers.instance_type, GROUP: self.group},
            "containers": [container],
            "volumes": [
                {"name": "data", "persistentVolumeClaim": {"claimName": self.claim}},
                {"name": "memory", "emptyDir": {"medium": "Memory"}},
            ],
        }
