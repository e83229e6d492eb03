"""Target tracking: how many instances a number of invocations asks for.

https://docs.aws.amazon.com/autoscaling/application/userguide/target-tracking-scaling-policy-overview.html
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

OUT_MINUTES = 3
"""Minutes in a row over the target before instances are added, as AWS's own alarm has it."""
IN_MINUTES = 15
"""Minutes in a row well under it before some are taken away."""
IN_SHARE = 0.9
"""What counts as well under the target."""
METRIC = "SageMakerVariantInvocationsPerInstance"
COOLDOWN = 300
"""Seconds, where a policy names none."""


@dataclass(frozen=True)
class TargetTracking:
    """Invocations by instance and minute to keep to, and cooldowns in seconds."""

    target: float
    out_cooldown: float = COOLDOWN
    in_cooldown: float = COOLDOWN
    scales_in: bool = True

    @classmethod
    def of(cls, configuration: Mapping[str, Any]) -> Self | None:
        """Of a ``TargetTrackingScalingPolicyConfiguration``; None if it is about another metric."""
        predefined = configuration.get("PredefinedMetricSpecification") or {}
        if predefined.get("PredefinedMetricType") != METRIC:
            return None
        return cls(
            float(configuration["TargetValue"]),
            float(configuration.get("ScaleOutCooldown", COOLDOWN)),
            float(configuration.get("ScaleInCooldown", COOLDOWN)),
            scales_in=not configuration.get("DisableScaleIn", False),
        )

    def wanted(self, counts: Sequence[int], instances: int) -> int:
        """The instances that the invocations ask for.

        Args:
            counts: invocations of all instances in each whole minute, the newest last.
            instances: how many there are.
        """
        recent, long = counts[-OUT_MINUTES:], counts[-IN_MINUTES:]
        if len(recent) == OUT_MINUTES and min(recent) > self.target * instances:
            return math.ceil(recent[-1] / self.target)
        quiet = len(long) == IN_MINUTES and max(long) < IN_SHARE * self.target * instances
        if quiet and self.scales_in:
            return min(instances, math.ceil(max(long) / self.target))
        return instances

    def is_cooling(self, wanted: int, instances: int, since_out: float, since_any: float) -> bool:
        """Whether it is too early for the change; adding instances does not wait for others to have gone.

        Args:
            wanted: instances to have.
            instances: instances there are.
            since_out: seconds since some were added last.
            since_any: seconds since the last change of any kind.
        """
        return since_out < self.out_cooldown if wanted > instances else since_any < self.in_cooldown
