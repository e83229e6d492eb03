"""Application autoscaling as a moto backend that scales the variants of endpoints."""

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from moto.applicationautoscaling import urls
from moto.applicationautoscaling.models import (
    ApplicationAutoscalingBackend,
    FakeApplicationAutoscalingPolicy,
    FakeScalableTarget,
)
from moto.core.exceptions import JsonRESTError
from typing_extensions import override

from local.aws.services.application_autoscaling.tracking import IN_MINUTES, TargetTracking
from local.aws.services.application_autoscaling.variants import Variant
from local.aws.services.sagemaker.capacities import DIMENSION
from local.aws.services.sagemaker.invocations import invocations

NAMESPACE = "sagemaker"
MOST_ACTIVITIES = 1000
"""The newest ones are kept, of all targets together."""
ROLE = (
    "arn:{partition}:iam::{account}:role/aws-service-role/sagemaker.application-autoscaling.amazonaws.com/"
    "AWSServiceRoleForApplicationAutoScaling_SageMakerEndpoint"
)


class InvalidError(JsonRESTError):
    """A request that cannot be carried out."""

    def __init__(self, message: str) -> None:
        super().__init__("ValidationException", message)


class NotFoundError(JsonRESTError):
    """A target or policy that is not there."""

    def __init__(self, what: str, resource_id: str, name: str = "") -> None:
        named = f", policy name: {name}" if name else ""
        super().__init__(
            "ObjectNotFoundException",
            f"No {what} found for service namespace: {NAMESPACE}, resource ID: {resource_id}, "
            f"scalable dimension: {DIMENSION}{named}",
        )


class LocalApplicationAutoscaling(ApplicationAutoscalingBackend):
    """Targets other than the instance counts of variants are recorded, as moto does."""

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self.activities: list[dict[str, Any]] = []
        self._watched: dict[str, int] = {}
        """The minute in which a target was looked at first: earlier ones say nothing about it."""
        self._moved: dict[str, dict[str, int]] = {}
        """The minutes of a target's last change, and of the last one that added instances."""

    @override
    def register_scalable_target(
        self,
        namespace: str,
        r_id: str,
        dimension: str,
        min_capacity: int | None,
        max_capacity: int | None,
        role_arn: str,
        suspended_state: str,
    ) -> FakeScalableTarget:
        if dimension != DIMENSION:
            return super().register_scalable_target(
                namespace, r_id, dimension, min_capacity, max_capacity, role_arn, suspended_state
            )
        variant = self._variant(r_id)
        self._check_capacities(self.targets.get(DIMENSION, {}).get(r_id), min_capacity, max_capacity)
        role = role_arn or ROLE.format(partition=self.partition, account=self.account_id)
        target = super().register_scalable_target(
            namespace, r_id, dimension, min_capacity, max_capacity, role, suspended_state
        )
        self._keep_within_bounds(target, variant)
        return target

    @override
    def deregister_scalable_target(self, namespace: str, r_id: str, dimension: str) -> None:
        """Its policies and scheduled actions go with it; the count stays as it is."""
        if dimension != DIMENSION:
            return super().deregister_scalable_target(namespace, r_id, dimension)
        if not self._scalable_target_exists(r_id, dimension):
            raise NotFoundError("scalable target", r_id)
        super().deregister_scalable_target(namespace, r_id, dimension)
        self.policies = {key: each for key, each in self.policies.items() if not _is_of(each, r_id)}
        self.scheduled_actions = [each for each in self.scheduled_actions if not _is_of(each, r_id)]
        self._watched.pop(r_id, None)
        self._moved.pop(r_id, None)
        return None

    @override
    def put_scaling_policy(
        self,
        policy_name: str,
        service_namespace: str,
        resource_id: str,
        scalable_dimension: str,
        policy_body: dict[str, Any],
        policy_type: str | None,
    ) -> FakeApplicationAutoscalingPolicy:
        if scalable_dimension == DIMENSION and not self._scalable_target_exists(resource_id, DIMENSION):
            raise NotFoundError("scalable target", resource_id)
        return super().put_scaling_policy(
            policy_name, service_namespace, resource_id, scalable_dimension, policy_body, policy_type
        )

    @override
    def delete_scaling_policy(
        self, policy_name: str, service_namespace: str, resource_id: str, scalable_dimension: str
    ) -> None:
        key = FakeApplicationAutoscalingPolicy.formulate_key(
            service_namespace, resource_id, scalable_dimension, policy_name
        )
        if scalable_dimension == DIMENSION and key not in self.policies:
            raise NotFoundError("scaling policy", resource_id, policy_name)
        super().delete_scaling_policy(policy_name, service_namespace, resource_id, scalable_dimension)

    def describe_scaling_activities(self, namespace: str, r_id: str | None) -> list[dict[str, Any]]:
        """The newest first."""
        return [
            each
            for each in reversed(self.activities)
            if each["ServiceNamespace"] == namespace and r_id in (None, each["ResourceId"])
        ]

    def watch_anew(self) -> None:
        """Forgets since when targets are looked at: what was invoked before a restart is not known."""
        self._watched = {}

    def evaluate(self) -> None:
        """Looks at every variant that is a target, and changes the count where it has to."""
        for target in list(self.targets.get(DIMENSION, {}).values()):
            variant = Variant.find(target.resource_id, self.account_id, self.region_name)
            if variant and variant.can_change and not self._keep_within_bounds(target, variant):
                self._track(target, variant)

    def _track(self, target: FakeScalableTarget, variant: Variant) -> None:
        """Follows the policies; of several, the one that asks for most instances."""
        now = invocations().now()
        first = max(self._watched.setdefault(target.resource_id, now), now - IN_MINUTES)
        counts = invocations().between(variant.endpoint.arn, variant.name, first, now)
        wanted = {
            policy.policy_name: self._wanted(policy, target, counts, variant.instances)
            for policy in self.policies.values()
            if _is_of(policy, target.resource_id)
        }
        asked = {name: instances for name, instances in wanted.items() if instances is not None}
        if not asked:
            return
        name = max(asked, key=lambda each: asked[each])
        low, high = _bounds(target)
        instances = min(max(asked[name], low), high)
        if instances != variant.instances:
            cause = (
                f"policy {name}: {counts[-1]} invocations in the last minute, {variant.instances} instances"
            )
            self._scale(target, variant, instances, cause)

    def _wanted(
        self,
        policy: FakeApplicationAutoscalingPolicy,
        target: FakeScalableTarget,
        counts: list[int],
        instances: int,
    ) -> int | None:
        """What a policy asks for, the present count while it cools down; None if it is only recorded."""
        tracking = TargetTracking.of(policy.target_tracking_scaling_policy_configuration or {})
        if tracking is None:
            return None
        wanted = tracking.wanted(counts, instances)
        since_out, since_any = (self._seconds_since(target.resource_id, what) for what in ("out", "any"))
        if tracking.is_cooling(wanted, instances, since_out, since_any) or _is_suspended(
            target, wanted, instances
        ):
            return instances
        return wanted

    def _seconds_since(self, r_id: str, what: str) -> float:
        """By the length that a minute has here."""
        last = self._moved.get(r_id, {}).get(what)
        return float("inf") if last is None else 60.0 * (invocations().now() - last)

    def _keep_within_bounds(self, target: FakeScalableTarget, variant: Variant) -> bool:
        """Whether the count was out of its bounds; then it is changed, as soon as the endpoint lets it."""
        low, high = _bounds(target)
        if low <= variant.instances <= high:
            return False
        name, bound = ("minimum", low) if variant.instances < low else ("maximum", high)
        if variant.can_change:
            self._scale(target, variant, bound, f"{name} capacity was set to {bound}")
        return True

    def _scale(self, target: FakeScalableTarget, variant: Variant, instances: int, cause: str) -> None:
        moved = self._moved.setdefault(target.resource_id, {})
        moved["any"] = invocations().now()
        if instances > variant.instances:
            moved["out"] = invocations().now()
        variant.scale(instances)
        moment = datetime.now(UTC).timestamp()
        activity = {
            "ActivityId": str(uuid4()),
            "ServiceNamespace": NAMESPACE,
            "ResourceId": target.resource_id,
            "ScalableDimension": DIMENSION,
            "Description": f"Setting desired instance count to {instances}.",
            "Cause": cause,
            "StartTime": moment,
            "EndTime": moment,
            "StatusCode": "Successful",
            "StatusMessage": f"Successfully set desired instance count to {instances}. "
            "Change successfully fulfilled by sagemaker.",
        }
        self.activities = [*self.activities[1 - MOST_ACTIVITIES :], activity]

    def _variant(self, r_id: str) -> Variant:
        variant = Variant.find(r_id, self.account_id, self.region_name)
        if variant is None:
            raise InvalidError(f"SageMaker endpoint variant doesn't exist: {r_id}")
        if variant.instances == 0:
            raise InvalidError(f"SageMaker endpoint variant has no instances to scale: {r_id}")
        return variant

    def _check_capacities(self, known: FakeScalableTarget | None, low: int | None, high: int | None) -> None:
        low = known.min_capacity if low is None and known else low
        high = known.max_capacity if high is None and known else high
        if low is None or high is None:
            raise InvalidError("MinCapacity and MaxCapacity are required to register a scalable target.")
        if not 0 <= low <= high:
            raise InvalidError(f"MinCapacity {low} must be at least 0 and at most MaxCapacity, {high}.")

    @property
    def _url_module(self) -> Any:
        # moto derives the module from the class's own module, which is not where the URLs are.
        return urls


def _bounds(target: FakeScalableTarget) -> tuple[int, int]:
    """Of the count; a target is registered with both."""
    return int(target.min_capacity or 0), int(target.max_capacity or 0)


def _is_of(item: Any, resource_id: str) -> bool:
    """Whether a policy or scheduled action belongs to a variant."""
    return bool(item.scalable_dimension == DIMENSION and item.resource_id == resource_id)


def _is_suspended(target: FakeScalableTarget, wanted: int, instances: int) -> bool:
    state: Any = target.suspended_state or {}
    way = "DynamicScalingOutSuspended" if wanted > instances else "DynamicScalingInSuspended"
    return bool(state.get(way))
