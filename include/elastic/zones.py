"""One availability zone for the nodes and the volume that they share.

A file system of FSx for Lustre is in one zone, and traffic of gradients between zones is slow and paid for.
"""

from collections.abc import Mapping

INSTANCE_TYPE, ZONE = "node.kubernetes.io/instance-type", "topology.kubernetes.io/zone"
GROUP = "millrace/training"
"""Labels of nodes; the last one is that of the nodes that a run has made for itself.

https://kubernetes.io/docs/reference/labels-annotations-taints/
"""


class ZoneError(ValueError):
    """Nodes and a volume that are not in one availability zone. The message says which is where."""


def check_zone(nodes: Mapping[str, str], volume: str | None) -> None:
    """Raises `ZoneError` unless all nodes are in one zone, and the volume is there as well.

    Args:
        nodes: zone by the name of the node; none is fine, since they may still come.
        volume: its zone; None for one that every zone reaches.
    """
    zones = sorted(set(nodes.values()))
    if len(zones) > 1:
        told = ", ".join(f"{name} in {nodes[name]}" for name in sorted(nodes))
        raise ZoneError(
            f"the nodes are in {len(zones)} availability zones ({told}): give the node group one subnet"
        )
    if zones and volume and zones != [volume]:
        raise ZoneError(
            f"the nodes are in {zones[0]} and the volume is in {volume}: make the node group in a subnet of "
            f"{volume}"
        )
