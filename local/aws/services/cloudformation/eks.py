"""Clusters of EKS, their nodes, and what is set on a cluster."""

from contextlib import suppress
from typing import Any

from moto.eks.exceptions import ResourceNotFoundException
from moto.eks.models import eks_backends
from typing_extensions import override

from local.aws.services.cloudformation.attachment import Attachment
from local.aws.services.cloudformation.resource import in_lower_case


class _OfEks(Attachment):
    """A resource of EKS."""

    @property
    def _backend(self) -> Any:
        return eks_backends[self.account][self.region]

    @override
    def delete(self, account_id: str, region_name: str) -> None:
        with suppress(ResourceNotFoundException):
            super().delete(account_id, region_name)


class Cluster(_OfEks):
    """``AWS::EKS::Cluster``; what may change of it is of no consequence here."""

    resource_type = "AWS::EKS::Cluster"
    identity = ("Name", "RoleArn", "ResourcesVpcConfig")

    @property
    @override
    def physical_resource_id(self) -> str:
        return str(self.properties.get("Name") or self.name)

    @override
    def apply(self) -> None:
        if self.physical_resource_id not in self._backend.clusters:
            self._backend.create_cluster(
                name=self.physical_resource_id,
                role_arn=self.properties["RoleArn"],
                resources_vpc_config=in_lower_case(self.properties["ResourcesVpcConfig"]),
                version=self.properties.get("Version"),
                tags={tag["Key"]: tag["Value"] for tag in self.properties.get("Tags", [])},
            )

    @override
    def remove(self) -> None:
        self._backend.delete_cluster(self.physical_resource_id)

    @classmethod
    @override
    def has_cfn_attr(cls, attr: str) -> bool:
        return attr in ("Arn", "CertificateAuthorityData", "ClusterSecurityGroupId", "Endpoint")

    def get_cfn_attribute(self, attribute_name: str) -> str:
        """The value of ``Fn::GetAtt``."""
        cluster = self._backend.describe_cluster(self.physical_resource_id)
        return {
            "Arn": str(cluster.arn),
            "CertificateAuthorityData": str(cluster.certificate_authority["data"]),
            "ClusterSecurityGroupId": str(cluster.resources_vpc_config["clusterSecurityGroupId"]),
            "Endpoint": str(cluster.endpoint),
        }[attribute_name]


class Nodegroup(_OfEks):
    """``AWS::EKS::Nodegroup``; one of another size has other nodes."""

    resource_type = "AWS::EKS::Nodegroup"
    identity = (
        *("ClusterName", "NodegroupName", "NodeRole", "Subnets"),
        *("InstanceTypes", "AmiType", "CapacityType", "ScalingConfig"),
    )

    @property
    @override
    def physical_resource_id(self) -> str:
        return f"{self.properties['ClusterName']}/{self._group}"

    @override
    def apply(self) -> None:
        wanted = self.properties
        if self._group in self._backend.describe_cluster(wanted["ClusterName"]).nodegroups:
            return
        sizes = in_lower_case(wanted.get("ScalingConfig", {}))
        self._backend.create_nodegroup(
            cluster_name=wanted["ClusterName"],
            node_role=wanted["NodeRole"],
            nodegroup_name=self._group,
            subnets=wanted["Subnets"],
            scaling_config={name: int(size) for name, size in sizes.items()},
            instance_types=wanted.get("InstanceTypes"),
            ami_type=wanted.get("AmiType"),
            labels=wanted.get("Labels"),
            tags=wanted.get("Tags"),
            launch_template=in_lower_case(wanted.get("LaunchTemplate")),
            capacity_type=wanted.get("CapacityType"),
        )

    @override
    def remove(self) -> None:
        self._backend.delete_nodegroup(self.properties["ClusterName"], self._group)

    @property
    def _group(self) -> str:
        return str(self.properties.get("NodegroupName") or self.name)

    @classmethod
    @override
    def has_cfn_attr(cls, attr: str) -> bool:
        return attr in ("Arn", "ClusterName", "NodegroupName")

    def get_cfn_attribute(self, attribute_name: str) -> str:
        """The value of ``Fn::GetAtt``."""
        if attribute_name == "Arn":
            group = self._backend.describe_nodegroup(self.properties["ClusterName"], self._group)
            return str(group.arn)
        return self._group if attribute_name == "NodegroupName" else str(self.properties["ClusterName"])


class _OnCluster(_OfEks):
    """What is kept, and shown with the stack's resources: a local cluster needs none of it."""

    @property
    @override
    def physical_resource_id(self) -> str:
        return "|".join(str(self.properties[name]) for name in self.identity)

    @override
    def apply(self) -> None:
        self._backend.describe_cluster(self.properties["ClusterName"])

    @override
    def remove(self) -> None:
        """There is nothing to take away."""


class Addon(_OnCluster):
    """``AWS::EKS::Addon``."""

    resource_type = "AWS::EKS::Addon"
    identity = ("ClusterName", "AddonName")


class AccessEntry(_OnCluster):
    """``AWS::EKS::AccessEntry``: every token is let in."""

    resource_type = "AWS::EKS::AccessEntry"
    identity = ("PrincipalArn", "ClusterName")


class PodIdentityAssociation(_OnCluster):
    """``AWS::EKS::PodIdentityAssociation``: pods have the credentials of the cluster."""

    resource_type = "AWS::EKS::PodIdentityAssociation"
    identity = ("ClusterName", "Namespace", "ServiceAccount")
