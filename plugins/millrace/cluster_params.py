"""Params of what runs on a cluster of EKS: its nodes, the volume that they share, and workers on them."""

from typing import get_args

from airflow.sdk import Param

from include.elastic.stack import ADAPTERS, SMALLEST_GIB, Deployment
from millrace.params import S3_OBJECT, choice, count, s3_uri

MOST_NODES = 450
"""Of a node group: https://docs.aws.amazon.com/eks/latest/userguide/service-quotas.html"""


def elastic_workers() -> dict[str, Param]:
    """How many pods train together, and what becomes of them when one is lost."""
    return {
        "workers": count(2, 1, MOST_NODES, "Pods that train together, each on a node of its own."),
        "min_workers": count(1, 1, MOST_NODES, "With fewer the training waits."),
        "max_workers": count(0, 0, MOST_NODES, "Up to so many may join while it trains; 0: no others."),
        "processes_per_worker": count(0, 0, 64, "On nodes without GPUs; 0 for one process for each GPU."),
        "max_restarts": count(20, 0, 1000, "How often workers start again after a failure."),
        "rendezvous_seconds": count(30, 1, 600, "How long workers that are enough wait for others."),
        "kept_hours": count(24, 1, 168, "How long a job that has failed stays in the cluster."),
    }


def eks_nodes() -> dict[str, Param]:
    """Nodes, and the cluster of EKS that they are in."""
    return {
        "node_type": Param(
            "g4dn.xlarge",
            type="string",
            pattern=r"^[a-z0-9-]+\.[a-z0-9-]+$",
            description="EC2 instance type of the nodes; each GPU has a process.",
        ),
        "adapters": choice(ADAPTERS, "Elastic Fabric Adapters of a node, with `p4d.24xlarge` 4."),
        "cluster": Param(
            None,
            type=["null", "string"],
            pattern=r"^[0-9A-Za-z][A-Za-z0-9_-]{0,99}$",
            description="One with Kubeflow's training operator, which stays; empty to make one for the run.",
        ),
        "manifests": s3_uri(
            "YAML of what a new cluster needs: Kubeflow's training operator, plugins of devices.",
            optional=True,
            pattern=S3_OBJECT,
        ),
        "zone": Param(
            None,
            type=["null", "string"],
            pattern=r"^[a-z]{2}(-[a-z]+)+-\d[a-z0-9-]*$",
            description="Availability zone of nodes and volume; empty for the one with the most room.",
        ),
        "public_endpoint": Param(True, type="boolean", description="Is a new cluster asked from outside?"),
        "spot": Param(False, type="boolean", description="Spare capacity: cheaper, may be taken away."),
    }


def lustre() -> dict[str, Param]:
    """The file system that nodes share, by FSx.

    https://docs.aws.amazon.com/fsx/latest/APIReference/API_CreateFileSystem.html
    """
    return {
        "volume_gib": count(
            SMALLEST_GIB, SMALLEST_GIB, 100_800, "Of the file system: 1200, or a multiple of 2400."
        ),
        "deployment": choice(
            get_args(Deployment), "Of the file system; PERSISTENT_2 outlives a file server that fails."
        ),
    }
