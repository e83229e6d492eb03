"""Subnets are chosen by their zones and the room that they have."""

import re

import pytest

from include.elastic.network import Network
from include.elastic.zones import ZoneError


def subnet(name, letter, free, number=None):
    """As DescribeSubnets has it. Zones of us-east-1 by their letters; an account has numbers of its own."""
    return {
        "SubnetId": name,
        "AvailabilityZone": f"us-east-1{letter}",
        "AvailabilityZoneId": f"use1-az{number or ord(letter)}",
        "AvailableIpAddressCount": free,
    }


SUBNETS = [subnet("b", "b", 200), subnet("c", "c", 4091), subnet("small-a", "a", 11), subnet("a", "a", 251)]


def test_nodes_go_where_there_is_most_room_and_the_control_plane_into_every_zone():
    found = Network.of(SUBNETS, "")
    assert (found.subnet, found.zone) == ("c", "us-east-1c")
    assert found.subnets == ["a", "b", "c"]


def test_a_zone_that_is_given_has_its_subnet_with_the_most_room():
    found = Network.of(SUBNETS, "us-east-1a")
    assert (found.subnet, found.zone, found.subnets) == ("a", "us-east-1a", ["a", "b", "c"])


def test_the_same_subnets_are_chosen_in_any_order_of_the_answer():
    alike = [subnet(name, letter, 100) for name, letter in (("x", "a"), ("y", "a"), ("z", "b"))]
    assert Network.of(alike, "") == Network.of(alike[::-1], "") == Network("z", "us-east-1b", ["y", "z"])


@pytest.mark.parametrize(
    ("subnets", "zone", "message"),
    [
        (
            SUBNETS,
            "us-east-1f",
            "no subnet is in us-east-1f: there are some in us-east-1a, us-east-1b, us-east-1c",
        ),
        ([], "us-east-1a", "no subnet is in us-east-1a: there are some in no zone at all"),
        ([], "", "no subnet is in any zone: there are some in no zone at all"),
    ],
)
def test_a_zone_without_a_subnet_is_refused(subnets, zone, message):
    with pytest.raises(ZoneError, match=f"^{re.escape(message)}$"):
        Network.of(subnets, zone)


def test_a_zone_without_eks_is_as_one_without_subnets():
    """The default VPC of us-east-1 has a subnet there, and a cluster in it is refused."""
    every = [*SUBNETS, subnet("e", "e", 9999, number=3)]
    assert Network.of(every, "") == Network.of(SUBNETS, "")
    with pytest.raises(ZoneError, match=r"no subnet is in us-east-1e: there are some in us-east-1a, "):
        Network.of(every, "us-east-1e")
