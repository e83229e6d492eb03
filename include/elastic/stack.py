"""What one run trains on, made before it and taken away after it, by `elastic_training.yaml`."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from include.cloudformation import Stack
from include.naming import content_name, hyphenated
from include.run import Run

TEMPLATE = Path(__file__).parents[1] / "infrastructure" / "elastic_training.yaml"
SMALLEST_GIB, STEP_GIB = 1200, 2400
"""Of a file system of FSx for Lustre on SSDs.

https://docs.aws.amazon.com/fsx/latest/APIReference/API_CreateFileSystem.html
"""
ADAPTERS = (0, 1, 4)
"""How many Elastic Fabric Adapters the template can give to a node."""
ZONES = 2
"""In which a cluster has subnets, at least: https://docs.aws.amazon.com/eks/latest/userguide/network-reqs.html"""

Deployment = Literal["SCRATCH_2", "PERSISTENT_2"]


class StackError(ValueError):
    """What AWS would not make. The message says what to give instead."""


@dataclass(frozen=True)
class GivenCluster:
    """A cluster of EKS that is there, and stays.

    Attributes:
        name: of the cluster, which has the driver of FSx and the agent of Pod Identity.
        security_group: that EKS made for it.
    """

    name: str
    security_group: str

    def parameters(self) -> dict[str, str]:
        """Of the template."""
        return {"Cluster": self.name, "ClusterSecurityGroup": self.security_group}


@dataclass(frozen=True)
class NewCluster:
    """A cluster that the run makes for itself.

    Attributes:
        subnets: of its control plane, in two zones or more.
        access_role_arn: Airflow's role, which administers it; None lets nobody in.
        public_endpoint: whether it is asked from outside its VPC.
    """

    subnets: Sequence[str]
    access_role_arn: str | None
    public_endpoint: bool = True

    def __post_init__(self) -> None:
        if len(set(self.subnets)) < ZONES:
            raise StackError(
                f"a new cluster has subnets in {ZONES} availability zones or more, not {list(self.subnets)}: "
                "give more of them, or a cluster that is there"
            )

    def parameters(self) -> dict[str, str]:
        """Of the template."""
        return {
            "ClusterSubnets": ",".join(self.subnets),
            "AccessRoleArn": self.access_role_arn or "",
            "PublicEndpoint": str(self.public_endpoint).lower(),
        }


@dataclass(frozen=True)
class TrainingStack:
    """Nodes and the file system that they share, in one zone, and the cluster that they are in.

    Attributes:
        cluster: one that is there, or one for this run.
        subnet: of nodes and file system.
        zone: that the subnet is in; CloudFormation refuses another.
        instance_type: of the nodes, as EC2 has it.
        gpus: of a node; 0 for an image without NVIDIA's driver.
        nodes: so many at first.
        most_nodes: up to which somebody may ask for more while it trains; 0 for ``nodes``.
        adapters: Elastic Fabric Adapters of a node, see ``ADAPTERS``; more than none need a private subnet.
        spot: whether AWS may take nodes away, which then cost less.
        volume_gib: size of the file system.
        deployment: PERSISTENT_2 outlives a file server that fails.

    Raises:
        StackError: a volume, nodes or adapters that there cannot be.
    """

    cluster: GivenCluster | NewCluster
    subnet: str
    zone: str
    instance_type: str
    gpus: int
    nodes: int
    most_nodes: int = 0
    adapters: int = 0
    spot: bool = False
    volume_gib: int = SMALLEST_GIB
    deployment: Deployment = "SCRATCH_2"

    def __post_init__(self) -> None:
        check_volume(self.volume_gib)
        if not 1 <= self.nodes <= (self.most_nodes or self.nodes):
            raise StackError(
                f"{self.nodes} nodes, and at most {self.most_nodes}: give 1 or more, and no less at most"
            )
        if self.adapters not in ADAPTERS:
            raise StackError(
                f"{self.adapters} Elastic Fabric Adapters: give {', '.join(map(str, ADAPTERS[:-1]))} or "
                f"{ADAPTERS[-1]}, and not more than a {self.instance_type} has"
            )

    def stack(self, run: Run) -> Stack:
        """All of it, for one run."""
        settings = run.settings
        tags = {"environment": settings.environment, "team": settings.team}
        return Stack(
            name=stack_name(run),
            template=TEMPLATE.read_text(),
            parameters={
                "Environment": settings.environment,
                "Team": settings.team,
                "Subnet": self.subnet,
                "Zone": self.zone,
                "InstanceType": self.instance_type,
                "AmiType": "AL2023_x86_64_NVIDIA" if self.gpus else "AL2023_x86_64_STANDARD",
                "CapacityType": "SPOT" if self.spot else "ON_DEMAND",
                "Nodes": str(self.nodes),
                "MostNodes": str(self.most_nodes or self.nodes),
                "Adapters": str(self.adapters),
                "VolumeGiB": str(self.volume_gib),
                "DeploymentType": self.deployment,
                # FSx throws the key of a scratch file system away with it, and takes none of ours.
                "KmsKeyArn": (settings.output_kms_key or "") if self.deployment == "PERSISTENT_2" else "",
                "ClusterRoleArn": _role(run, "cluster"),
                "NodeRoleArn": _role(run, "node"),
                "JobRoleArn": _role(run, "job"),
                **self.cluster.parameters(),
            },
            role_arn=_role(run, "provisioning"),
            tags={**tags, "dag": run.dag_id, "run": run.run_id[:256]},
        )


def stack_name(run: Run) -> str:
    """Of the run's stack, which is that of its cluster and nodes as well: at most 63 characters."""
    settings = run.settings
    return content_name(hyphenated("millrace", settings.environment, run.dag_id), settings.tenant, run.run_id)


def check_volume(gib: int) -> None:
    """Raises `StackError` for a size that FSx for Lustre does not make."""
    if gib == SMALLEST_GIB or (gib > 0 and gib % STEP_GIB == 0):
        return
    larger = SMALLEST_GIB if gib < SMALLEST_GIB else -(-gib // STEP_GIB) * STEP_GIB
    raise StackError(
        f"a volume of {gib} GiB: FSx for Lustre makes {SMALLEST_GIB} GiB and multiples of {STEP_GIB}; "
        f"the next is {larger}"
    )


def _role(run: Run, of: str) -> str:
    """One of `elastic_training_access.yaml`."""
    _, partition, _, region, account, _ = run.settings.failures_topic_arn.split(":")
    return f"arn:{partition}:iam::{account}:role/millrace-{run.settings.environment}-elastic-{of}-{region}"
