"""Where in a VPC a cluster, its nodes and their volume go."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from include.elastic.zones import ZoneError

WITHOUT_EKS = frozenset({"use1-az3", "usw1-az2", "cac1-az3"})
"""Ids of zones in which there are no clusters, though a default VPC has subnets there.

https://docs.aws.amazon.com/eks/latest/userguide/network-reqs.html
"""


@dataclass(frozen=True)
class Network:
    """Subnets.

    Attributes:
        subnet: of nodes and volume.
        zone: availability zone that it is in.
        subnets: of the cluster's control plane, one in each zone.
    """

    subnet: str
    zone: str
    subnets: Sequence[str]

    @classmethod
    def of(cls, described: Sequence[Mapping[str, Any]], zone: str) -> "Network":
        """From the answer of DescribeSubnets.

        Args:
            described: subnets that may be used.
            zone: in which nodes and volume are to be; empty for the one with the most free addresses.

        Raises:
            ZoneError: no subnet is in the zone, or EKS has no clusters there.
        """
        usable = [each for each in described if each["AvailabilityZoneId"] not in WITHOUT_EKS]
        # The one with the most room of each zone: each node and each pod takes an address.
        by_room = sorted(usable, key=lambda each: (each["AvailableIpAddressCount"], each["SubnetId"]))
        by_zone = {each["AvailabilityZone"]: each["SubnetId"] for each in by_room}
        if not by_zone or zone not in ("", *by_zone):
            zones = ", ".join(sorted(by_zone)) or "no zone at all"
            raise ZoneError(f"no subnet is in {zone or 'any zone'}: there are some in {zones}")
        chosen = zone or by_room[-1]["AvailabilityZone"]
        return cls(by_zone[chosen], chosen, [by_zone[each] for each in sorted(by_zone)])
