"""Virtual clusters of EMR on EKS."""

import hashlib
from typing import Any
from uuid import uuid4

from moto.emrcontainers.models import emrcontainers_backends
from typing_extensions import override

from local.aws.services.cloudformation.attachment import Attachment
from local.aws.services.cloudformation.resource import in_lower_case


class VirtualCluster(Attachment):
    """``AWS::EMRContainers::VirtualCluster``."""

    resource_type = "AWS::EMRContainers::VirtualCluster"
    identity = ("Name", "ContainerProvider")
    id: str | None = None

    @property
    @override
    def physical_resource_id(self) -> str:
        return self.id or self.name

    @override
    def apply(self) -> None:
        """Makes it once; what may change without another one in its place are its tags."""
        tags = {tag["Key"]: tag["Value"] for tag in self.properties.get("Tags", [])}
        if self.id is None:
            request = {
                "name": self.properties["Name"],
                "containerProvider": in_lower_case(self.properties["ContainerProvider"]),
                "clientToken": str(uuid4()),
                "tags": tags,
            }
            # Known beforehand, as the other names of a stack are.
            id_ = hashlib.sha256(request["name"].encode()).hexdigest()[:25]
            self.id = self._backend.new_cluster(request, id_)["id"]
        else:
            self._backend.cluster(self.id).update(tags=tags)

    @override
    def remove(self) -> None:
        if self.id:
            self._backend.remove_cluster({"id": self.id})

    @classmethod
    @override
    def has_cfn_attr(cls, attr: str) -> bool:
        return attr in ("Arn", "Id")

    def get_cfn_attribute(self, attribute_name: str) -> str:
        """The value of ``Fn::GetAtt``."""
        return self._backend.cluster(str(self.id)).arn if attribute_name == "Arn" else str(self.id)

    @property
    def _backend(self) -> Any:
        return emrcontainers_backends[self.account][self.region]
