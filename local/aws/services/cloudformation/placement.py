"""Placement groups, which moto does not have: a name, and no effect on this machine."""

from typing_extensions import override

from local.aws.services.cloudformation.attachment import Attachment


class PlacementGroup(Attachment):
    """``AWS::EC2::PlacementGroup``."""

    resource_type = "AWS::EC2::PlacementGroup"
    identity = ("Strategy",)

    @override
    def apply(self) -> None:
        """Its name is all there is of it."""

    @override
    def remove(self) -> None:
        """So there is nothing to take away."""
