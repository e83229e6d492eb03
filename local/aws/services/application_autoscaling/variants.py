"""A variant of an endpoint, as the scalable target of application autoscaling."""

import re
from typing import Any, Self

from moto.sagemaker.models import sagemaker_backends

from local.aws.services.sagemaker import capacities
from local.aws.services.sagemaker.endpoint import Endpoint
from local.aws.services.sagemaker.operations import changes

RESOURCE_ID = re.compile(r"endpoint/(?P<endpoint>[A-Za-z0-9-]+)/variant/(?P<variant>[A-Za-z0-9-]+)")


class Variant:
    """A variant that exists: its counts, and a change of them."""

    def __init__(self, endpoint: Endpoint, name: str) -> None:
        self.endpoint, self.name = endpoint, name

    @classmethod
    def find(cls, resource_id: str, account: str, region: str) -> Self | None:
        """The variant of a resource id; None if there is no such endpoint, or it has no such variant."""
        match = RESOURCE_ID.fullmatch(resource_id)
        if match is None:
            return None
        endpoint: Any = sagemaker_backends[account][region].endpoints.get(match["endpoint"])
        if not isinstance(endpoint, Endpoint):
            return None
        found = cls(endpoint, match["variant"])
        return found if found._summary else None

    @property
    def instances(self) -> int:
        """How many there are to be."""
        return int(self._summary.get("DesiredInstanceCount", 0))

    @property
    def can_change(self) -> bool:
        """Whether its endpoint is in service, and no change is under way."""
        return self.endpoint.status == "InService"

    def scale(self, instances: int) -> None:
        """Asks SageMaker for another count."""
        wanted = [{"VariantName": self.name, "DesiredInstanceCount": instances}]
        with changes:
            capacities.change(
                self.endpoint,
                {"EndpointName": self.endpoint.name, "DesiredWeightsAndCapacities": wanted},
            )

    @property
    def _summary(self) -> dict[str, Any]:
        variants = self.endpoint.description.get("ProductionVariants", [])
        return next((each for each in variants if each["VariantName"] == self.name), {})
