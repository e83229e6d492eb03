"""EKS as a moto backend whose clusters run."""

import hashlib
from typing import Any

from moto.eks import urls
from moto.eks.exceptions import InvalidParameterException
from moto.eks.models import Cluster, EKSBackend, Nodegroup
from typing_extensions import override

from local.aws.kubernetes.cluster import Node
from local.aws.services.eks import clusters
from local.aws.services.eks.machines import adapters_of, gpus_of


class LocalEks(EKSBackend):
    """Clusters with an API, and node groups with nodes."""

    @property
    def _url_module(self) -> Any:
        # moto derives the module from the class's own module, which is not where the URLs are.
        return urls

    @override
    def create_cluster(self, name: str, *arguments: Any, **options: Any) -> Cluster:
        made = super().create_cluster(name, *arguments, **options)
        # On AWS it is made for the cluster; here nothing is closed that it would open.
        group = f"sg-{hashlib.sha256(made.arn.encode()).hexdigest()[:17]}"
        made.resources_vpc_config = {**made.resources_vpc_config, "clusterSecurityGroupId": group}
        self._start(made)
        return made

    @override
    def delete_cluster(self, name: str) -> Cluster:
        gone = super().delete_cluster(name)
        clusters.current().remove(self.region_name, name)
        return gone

    @override
    def create_nodegroup(self, cluster_name: str, *arguments: Any, **options: Any) -> Nodegroup:
        made = super().create_nodegroup(cluster_name, *arguments, **options)
        running = clusters.current().of(self.region_name, cluster_name)
        for node in self._nodes(made):
            running.add(node)
        return made

    @override
    def delete_nodegroup(self, cluster_name: str, nodegroup_name: str) -> Nodegroup:
        gone = super().delete_nodegroup(cluster_name, nodegroup_name)
        running = clusters.current().of(self.region_name, cluster_name)
        for node in self._nodes(gone):
            running.remove(node.name)
        return gone

    @override
    def update_nodegroup_config(
        self, cluster_name: str, nodegroup_name: str, *arguments: Any, **options: Any
    ) -> dict[str, Any]:
        group = self.describe_nodegroup(cluster_name, nodegroup_name)
        group.scaling_config = dict(group.scaling_config)  # moto's groups share one that is not given.
        _check({**group.scaling_config, **(options.get("scaling_config") or {})})
        before = {node.name for node in self._nodes(group)}
        update = super().update_nodegroup_config(cluster_name, nodegroup_name, *arguments, **options)
        after = self._nodes(group)
        running = clusters.current().of(self.region_name, cluster_name)
        for node in after:
            running.add(node)
        for name in before - {node.name for node in after}:
            running.remove(name)
        return update

    def start_clusters(self) -> None:
        """After a start of the server, which may have another port now."""
        for cluster in self.clusters.values():
            self._start(cluster)

    def _start(self, cluster: Cluster) -> None:
        cluster.endpoint = clusters.current().start(self.region_name, cluster.name)
        cluster.certificate_authority = {"data": ""}  # The endpoint is HTTP, on the loopback interface.

    def _nodes(self, group: Nodegroup) -> list[Node]:
        """Those of a node group, in its zones by turns."""
        zones = [subnet.availability_zone for subnet in self._subnets(group)] or [f"{self.region_name}a"]
        instance_type = group.instance_types[0]
        return [
            Node(
                f"{group.nodegroup_name}-{number}",
                instance_type,
                zones[number % len(zones)],
                gpus_of(instance_type),
                adapters_of(instance_type),
                {**group.labels, "eks.amazonaws.com/nodegroup": group.nodegroup_name},
            )
            for number in range(group.scaling_config["desiredSize"])
        ]

    def _subnets(self, group: Nodegroup) -> list[Any]:
        from moto.ec2.models import ec2_backends  # noqa: PLC0415  # see `machines`

        every = ec2_backends[self.account_id][self.region_name].describe_subnets()
        return [subnet for subnet in every if subnet.id in group.subnets]


def _check(sizes: dict[str, int]) -> None:
    """Raises what EKS answers for a group that would have too few or too many nodes."""
    least, wanted, most = (sizes[name] for name in ("minSize", "desiredSize", "maxSize"))
    if not least <= wanted <= most:
        raise InvalidParameterException(
            message=f"desired capacity {wanted} has to be between minimum {least} and maximum {most}"
        )
