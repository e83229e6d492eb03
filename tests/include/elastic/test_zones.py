"""Nodes are in one zone, and the volume is there too."""

import re

import pytest

from include.elastic.zones import ZoneError, check_zone

TWO = {"node-1": "us-east-1a", "node-0": "us-east-1a"}


@pytest.mark.parametrize(
    ("nodes", "volume"),
    [(TWO, "us-east-1a"), (TWO, None), ({}, "us-east-1a"), ({}, None)],
    ids=["together", "a volume of every zone", "nodes that may still come", "nothing yet"],
)
def test_what_is_together_or_may_still_be_is_fine(nodes, volume):
    check_zone(nodes, volume)


@pytest.mark.parametrize(
    ("nodes", "volume", "message"),
    [
        (
            {**TWO, "node-2": "us-east-1b"},
            "us-east-1a",
            (
                "the nodes are in 2 availability zones (node-0 in us-east-1a, node-1 in us-east-1a, node-2 "
                "in us-east-1b): give the node group one subnet"
            ),
        ),
        (
            TWO,
            "us-east-1b",
            (
                "the nodes are in us-east-1a and the volume is in us-east-1b: make the node group in a "
                "subnet of us-east-1b"
            ),
        ),
    ],
)
def test_what_is_apart_is_refused_with_which_is_where(nodes, volume, message):
    with pytest.raises(ZoneError, match=f"^{re.escape(message)}$"):
        check_zone(nodes, volume)
