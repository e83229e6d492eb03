"""EKS with clusters that answer: each has the part of Kubernetes that is in ``local.aws.kubernetes``.

The endpoint of a cluster is an address of this server. Node groups are its nodes: as many as ``desiredSize``
says, of the first instance type, one after the other in the zones of the subnets. Pods are processes of this
machine, whatever a node is said to have.
"""

from typing import TYPE_CHECKING

from moto.eks.models import eks_backends

from local.aws.services.eks import clusters
from local.aws.services.eks.backend import LocalEks

if TYPE_CHECKING:
    from local.aws.server import LocalAws


def install(aws: "LocalAws") -> None:
    """Puts the backend in place."""
    clusters.current.set(clusters.Clusters(aws))
    eks_backends.backend = LocalEks


def recover() -> None:
    """Starts the clusters again, with the pods that ran."""
    for _, _, backend in eks_backends.iter_backends():
        if isinstance(backend, LocalEks):
            backend.start_clusters()


def stop() -> None:
    """Ends pods; what is kept says that they ran."""
    clusters.current().stop()
