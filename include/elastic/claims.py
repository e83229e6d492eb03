"""The file system of a run as the volume that its pods share.

It is there already, so it is named and not asked for. Deleting both leaves it, until its stack is taken away.
https://github.com/kubernetes-sigs/aws-fsx-csi-driver/tree/master/examples/kubernetes/static_provisioning
"""

from collections.abc import Mapping
from typing import Any

NAMESPACE = "default"
SHARED = ["ReadWriteMany"]

Manifest = dict[str, Any]
Outputs = Mapping[str, str]
"""Of a stack of `elastic_training.yaml`."""


def claim_name(outputs: Outputs) -> str:
    """Of volume and claim alike: the run's own, should the cluster be that of others too."""
    return outputs["NodegroupName"]


def volume(outputs: Outputs) -> Manifest:
    """The PersistentVolume, for one claim and for nodes in its zone."""
    in_zone = {"key": "topology.kubernetes.io/zone", "operator": "In", "values": [outputs["Zone"]]}
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolume",
        "metadata": {"name": claim_name(outputs)},
        "spec": {
            "capacity": {"storage": f"{outputs['VolumeGiB']}Gi"},
            "volumeMode": "Filesystem",
            "accessModes": SHARED,
            # As FSx asks for: https://docs.aws.amazon.com/fsx/latest/LustreGuide/mounting-ec2-instance.html
            "mountOptions": ["relatime", "flock"],
            "persistentVolumeReclaimPolicy": "Retain",
            "storageClassName": "",
            "claimRef": {"namespace": NAMESPACE, "name": claim_name(outputs)},
            "csi": {
                "driver": "fsx.csi.aws.com",
                "volumeHandle": outputs["FileSystemId"],
                "volumeAttributes": {"dnsname": outputs["DnsName"], "mountname": outputs["MountName"]},
            },
            "nodeAffinity": {"required": {"nodeSelectorTerms": [{"matchExpressions": [in_zone]}]}},
        },
    }


def claim(outputs: Outputs) -> Manifest:
    """The PersistentVolumeClaim that pods name."""
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": claim_name(outputs), "namespace": NAMESPACE},
        "spec": {
            "accessModes": SHARED,
            # Empty: a class would make another volume.
            "storageClassName": "",
            "volumeName": claim_name(outputs),
            "resources": {"requests": {"storage": f"{outputs['VolumeGiB']}Gi"}},
        },
    }
