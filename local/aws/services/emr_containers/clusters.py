"""Virtual clusters.

https://docs.aws.amazon.com/emr-on-eks/latest/APIReference/API_CreateVirtualCluster.html
"""

from collections.abc import Iterable
from typing import Any, TypeVar

from moto.emrcontainers.models import EMRContainersBackend
from moto.emrcontainers.utils import random_cluster_id

from local.aws.services.emr_containers import validation
from local.aws.services.emr_containers.records import (
    ENDED,
    RUNNING,
    JobRun,
    Record,
    Request,
    VirtualCluster,
    now,
)
from local.aws.services.emr_containers.validation import NotFoundError, ValidationError

RecordT = TypeVar("RecordT", bound=Record)


class VirtualClusterOperations(EMRContainersBackend):
    """The part of the backend that keeps virtual clusters. `virtual_clusters` and `job_runs` are by id."""

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self.virtual_clusters: dict[str, Any] = {}  # not moto's own kinds of record
        self.job_runs: dict[str, Any] = {}

    def new_cluster(self, request: Request, id_: str | None = None) -> dict[str, Any]:
        """CreateVirtualCluster, with this id if no other has it."""
        validation.check_request("CreateVirtualCluster", request)
        if made := made_before(self.virtual_clusters.values(), request):
            return _short(made)
        provider = request["containerProvider"]
        if id_ is None or id_ in self.virtual_clusters:
            id_ = random_cluster_id()
        cluster = VirtualCluster(
            {
                "id": id_,
                "name": request["name"],
                "arn": f"{self.arn_root()}/virtualclusters/{id_}",
                "state": RUNNING,
                "containerProvider": provider,
                "createdAt": now(),
                "tags": request.get("tags") or {},
            },
            request,
        )
        self._refuse_taken(cluster)
        self.virtual_clusters[id_] = cluster
        return _short(cluster)

    def get_cluster(self, request: Request) -> dict[str, Any]:
        """DescribeVirtualCluster."""
        return {"virtualCluster": self.cluster(request["id"]).description}

    def list_clusters(self, request: Request) -> dict[str, Any]:
        """ListVirtualClusters, the newest first."""
        found = select(self.virtual_clusters.values(), request)
        if provider := request.get("containerProviderId"):
            found = [cluster for cluster in found if cluster.provider["id"] == provider]
        items, token = validation.page(found[::-1], request)
        return {"virtualClusters": [c.description for c in items]} | ({"nextToken": token} if token else {})

    def remove_cluster(self, request: Request) -> dict[str, Any]:
        """DeleteVirtualCluster."""
        cluster = self.virtual_clusters.get(request["id"])
        if cluster is None:
            raise ValidationError(f"Virtual cluster {request['id']} doesn't exist.")
        busy = [job.id for job in self.runs_of(cluster.id) if job.state not in ENDED]
        if busy:
            raise ValidationError(
                f"Virtual cluster {cluster.id} has active job runs: cancel {', '.join(busy[:5])}."
            )
        cluster.update(state="TERMINATED")
        return {"id": cluster.id}

    def cluster(self, id_: str) -> VirtualCluster:
        """Raises `NotFoundError` for an id that no virtual cluster has."""
        found = self.virtual_clusters.get(id_)
        if not isinstance(found, VirtualCluster):
            raise NotFoundError(f"Virtual cluster {id_} doesn't exist.")
        return found

    def runs_of(self, cluster: str) -> list[JobRun]:
        """The job runs of a virtual cluster, oldest first."""
        return [job for job in list(self.job_runs.values()) if job.cluster == cluster]

    def arn_root(self) -> str:
        """What the ARNs of all resources begin with."""
        return f"arn:{self.partition}:emr-containers:{self.region_name}:{self.account_id}:"

    def _refuse_taken(self, new: VirtualCluster) -> None:
        for cluster in self.virtual_clusters.values():
            same = (cluster.provider["id"], cluster.namespace) == (new.provider["id"], new.namespace)
            if same and cluster.state == RUNNING:
                raise ValidationError(
                    f"A virtual cluster already exists in the given namespace: {cluster.id} in namespace "
                    f"{new.namespace!r} of {new.provider['id']}."
                )


def made_before(records: Iterable[RecordT], request: Request) -> RecordT | None:
    """What an earlier request with the same client token has made.

    AWS documents that the token makes a request idempotent, and not what becomes of another request with
    the same token. Here it is refused, as elsewhere at AWS.

    Raises:
        ValidationError: the token belongs to a request that differs.
    """
    made = next((record for record in records if record.token == request["clientToken"]), None)
    if made and made.request != {name: value for name, value in request.items() if name != "clientToken"}:
        raise ValidationError(
            f"The client token {made.token!r} was used with other parameters before, and made {made.id}."
        )
    return made


def select(records: Iterable[RecordT], request: Request) -> list[RecordT]:
    """Records that the states and the limits on the time of creation let through."""
    states, after, before = (request.get(name) for name in ("states", "createdAfter", "createdBefore"))
    return [
        record
        for record in list(records)
        if (not states or record.state in states)
        and (not after or record.description["createdAt"].timestamp() > after.timestamp())
        and (not before or record.description["createdAt"].timestamp() < before.timestamp())
    ]


def _short(cluster: VirtualCluster) -> dict[str, Any]:
    return {name: cluster.description[name] for name in ("id", "name", "arn")}
