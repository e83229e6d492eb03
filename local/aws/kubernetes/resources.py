"""What a cluster keeps, and the addresses of it.

https://kubernetes.io/docs/reference/using-api/api-concepts/#resource-uris
"""

import re
from dataclasses import dataclass
from typing import Self

from local.aws.kubernetes.statuses import NotFoundError

ADDRESS = re.compile(
    r"/(?:api/(?P<core>[^/]+)|apis/(?P<group>[^/]+)/(?P<version>[^/]+))"
    r"(?:/namespaces/(?P<namespace>[^/]+))?"
    r"/(?P<plural>[^/]+)(?:/(?P<name>[^/]+)(?:/(?P<subresource>[^/]+))?)?"
)


@dataclass(frozen=True)
class Resource:
    """A kind of object.

    Attributes:
        group: empty for what Kubernetes itself has.
        version: of the group.
        plural: its name in addresses.
        kind: its name in objects.
        namespaced: whether its objects are in a namespace.
        first_phase: of the status that an object begins with; empty where it begins with none.
    """

    group: str
    version: str
    plural: str
    kind: str
    namespaced: bool = True
    first_phase: str = ""

    @property
    def api_version(self) -> str:
        """As objects have it."""
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def name(self) -> str:
        """For messages: ``pytorchjobs.kubeflow.org``."""
        return f"{self.plural}.{self.group}" if self.group else self.plural


PODS = Resource("", "v1", "pods", "Pod", first_phase="Pending")
NODES = Resource("", "v1", "nodes", "Node", namespaced=False)
NAMESPACES = Resource("", "v1", "namespaces", "Namespace", namespaced=False)
VOLUMES = Resource("", "v1", "persistentvolumes", "PersistentVolume", namespaced=False)
CLAIMS = Resource("", "v1", "persistentvolumeclaims", "PersistentVolumeClaim")
SERVICE_ACCOUNTS = Resource("", "v1", "serviceaccounts", "ServiceAccount")
EVENTS = Resource("", "v1", "events", "Event")
PYTORCH_JOBS = Resource("kubeflow.org", "v1", "pytorchjobs", "PyTorchJob")
RESOURCES = (PODS, NODES, NAMESPACES, VOLUMES, CLAIMS, SERVICE_ACCOUNTS, EVENTS, PYTORCH_JOBS)


@dataclass(frozen=True)
class Address:
    """Which objects a request is about: one, or a collection where there is no name.

    Attributes:
        resource: their kind.
        namespace: theirs; None for all namespaces, or for a kind that has none.
        name: of one object.
        subresource: of it, such as ``status`` or ``log``.
    """

    resource: Resource
    namespace: str | None
    name: str | None
    subresource: str | None

    @classmethod
    def parse(cls, path: str) -> Self:
        """From the path of a request.

        Raises:
            NotFoundError: nothing of this cluster has such an address.
        """
        # A namespace is an object itself, and what the addresses of others begin with.
        namespaces = re.fullmatch(r"/api/v1/namespaces(?:/([^/]+)(?:/(status))?)?", path)
        if namespaces:
            return cls(NAMESPACES, None, namespaces[1], namespaces[2])
        if found := ADDRESS.fullmatch(path):
            core, group, version, namespace, plural, name, subresource = found.groups()
            wanted = (group or "", core or version, plural)
            for resource in RESOURCES:
                if (resource.group, resource.version, resource.plural) != wanted:
                    continue
                if resource.namespaced or namespace is None:
                    return cls(resource, namespace, name, subresource)
        raise NotFoundError("the server could not find the requested resource")
