"""How many instances an endpoint has, by how much it is asked.

https://docs.aws.amazon.com/sagemaker/latest/dg/endpoint-auto-scaling.html
"""

from dataclasses import dataclass
from typing import Any

NAMESPACE = "sagemaker"
DIMENSION = "sagemaker:variant:DesiredInstanceCount"
METRIC = "SageMakerVariantInvocationsPerInstance"
POLICY = "invocations"
"""The name of the one policy that a variant has."""
MOST_INSTANCES = 20
LONGEST_COOLDOWN = 3600

Request = dict[str, Any]


@dataclass(frozen=True)
class Autoscaling:
    """Bounds of a variant's instances, and the load that target tracking keeps each of them to.

    Args:
        min_instances: fewest, at least 1.
        max_instances: most, at most ``MOST_INSTANCES``.
        capacity: invocations a minute that one instance can answer; measure it under load.
        utilisation: share of the capacity to keep to, over 0 and at most 1; the rest is for what comes while
            new instances start.
        scale_out_cooldown: seconds after instances were added until more are.
        scale_in_cooldown: seconds after any change until some are taken away.

    Raises:
        ValueError: one of them is outside its bounds.
    """

    min_instances: int
    max_instances: int
    capacity: float
    utilisation: float = 0.7
    scale_out_cooldown: int = 60
    scale_in_cooldown: int = 300

    def __post_init__(self) -> None:
        if not 1 <= self.min_instances <= self.max_instances <= MOST_INSTANCES:
            raise ValueError(
                f"{self.min_instances} to {self.max_instances} instances: give a minimum of at least 1 that "
                f"is not over the maximum, and a maximum of at most {MOST_INSTANCES}"
            )
        if not self.capacity > 0:
            raise ValueError(f"a capacity of {self.capacity} invocations a minute: give more than 0")
        if not 0 < self.utilisation <= 1:
            raise ValueError(f"a utilisation of {self.utilisation}: give a share over 0, at most 1")
        for name in ("scale_out_cooldown", "scale_in_cooldown"):
            if not 0 <= (seconds := getattr(self, name)) <= LONGEST_COOLDOWN:
                raise ValueError(f"{name} is {seconds} seconds: give 0 to {LONGEST_COOLDOWN}")

    @property
    def target(self) -> float:
        """Invocations by instance and minute that the policy keeps to."""
        return self.capacity * self.utilisation

    def target_request(self, endpoint: str, variant: str) -> Request:
        """The ``RegisterScalableTarget`` request."""
        return {
            **scalable_target(endpoint, variant),
            "MinCapacity": self.min_instances,
            "MaxCapacity": self.max_instances,
        }

    def policy_request(self, endpoint: str, variant: str) -> Request:
        """The ``PutScalingPolicy`` request."""
        return {
            **scalable_target(endpoint, variant),
            "PolicyName": POLICY,
            "PolicyType": "TargetTrackingScaling",
            "TargetTrackingScalingPolicyConfiguration": {
                "TargetValue": self.target,
                "PredefinedMetricSpecification": {"PredefinedMetricType": METRIC},
                "ScaleOutCooldown": self.scale_out_cooldown,
                "ScaleInCooldown": self.scale_in_cooldown,
            },
        }


def scalable_target(endpoint: str, variant: str) -> Request:
    """What names the instance count of a variant in every request."""
    return {
        "ServiceNamespace": NAMESPACE,
        "ResourceId": f"endpoint/{endpoint}/variant/{variant}",
        "ScalableDimension": DIMENSION,
    }
