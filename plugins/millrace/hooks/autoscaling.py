"""Application Auto Scaling of the one variant that an endpoint of ours has."""

from collections.abc import Mapping
from functools import cached_property
from typing import Any

from include.autoscaling import Autoscaling, scalable_target
from include.endpoints import VARIANT
from millrace.hooks.aws import AwsHook

Registration = dict[str, Any]
"""The requests that register a target and its policies again: ``target`` and ``policies``."""


class EndpointScaling:
    """Registers an endpoint's variant as a scalable target, or takes it off.

    https://docs.aws.amazon.com/sagemaker/latest/dg/endpoint-scaling-update.html
    """

    def __init__(self, endpoint: str, aws_conn_id: str | None, region_name: str | None = None) -> None:
        self.endpoint = endpoint
        self._arguments = (aws_conn_id, region_name)

    def update(self, config: str) -> None:
        """Puts another configuration behind the endpoint, with the count that autoscaling has come to.

        AWS refuses another instance type for a variant that is registered, so that one is taken off first.
        """
        retained = {}
        if self.registration():
            retained["RetainAllVariantProperties"] = True
            serving = self.sagemaker.describe_endpoint(EndpointName=self.endpoint)["EndpointConfigName"]
            if self._instance_type(serving) != self._instance_type(config):
                self.deregister()
        self.sagemaker.update_endpoint(EndpointName=self.endpoint, EndpointConfigName=config, **retained)

    def apply(self, autoscaling: Autoscaling | None) -> None:
        """Brings the registration to what is wanted; the endpoint has to be in service."""
        if autoscaling is None:
            self.deregister()
            return
        self.client.register_scalable_target(**autoscaling.target_request(self.endpoint, VARIANT))
        self.client.put_scaling_policy(**autoscaling.policy_request(self.endpoint, VARIANT))

    def registration(self) -> Registration | None:
        """How the variant is registered now, or None if it is not."""
        named = scalable_target(self.endpoint, VARIANT)
        found = self.client.describe_scalable_targets(
            ServiceNamespace=named["ServiceNamespace"],
            ResourceIds=[named["ResourceId"]],
            ScalableDimension=named["ScalableDimension"],
        )["ScalableTargets"]
        if not found:
            return None
        policies = self.client.describe_scaling_policies(**named)["ScalingPolicies"]
        fields = ("PolicyName", "PolicyType", "TargetTrackingScalingPolicyConfiguration")
        bounds = {field: found[0][field] for field in ("MinCapacity", "MaxCapacity")}
        return {
            "target": {**named, **bounds},
            "policies": [{**named, **{f: each[f] for f in fields if f in each}} for each in policies],
        }

    def restore(self, registration: Mapping[str, Any] | None) -> None:
        """Registers the variant as it was, or takes it off if it was not; the endpoint is in service."""
        if registration is None:
            self.deregister()
            return
        self.client.register_scalable_target(**registration["target"])
        for policy in registration["policies"]:
            self.client.put_scaling_policy(**policy)

    def deregister(self) -> bool:
        """Takes the variant off with its policies; False if it was not registered."""
        try:
            self.client.deregister_scalable_target(**scalable_target(self.endpoint, VARIANT))
        except self.client.exceptions.ObjectNotFoundException:
            return False
        return True

    def _instance_type(self, config: str) -> str | None:
        found = self.sagemaker.describe_endpoint_config(EndpointConfigName=config)["ProductionVariants"]
        return next((each.get("InstanceType") for each in found if each["VariantName"] == VARIANT), None)

    @cached_property
    def sagemaker(self) -> Any:
        """boto3's client of SageMaker."""
        return AwsHook("sagemaker", *self._arguments).conn

    @cached_property
    def client(self) -> Any:
        """boto3's client of Application Auto Scaling."""
        return AwsHook("application-autoscaling", *self._arguments).conn
