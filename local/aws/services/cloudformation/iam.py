"""Roles and managed policies that a stack update changes."""

import json
from typing import Any

from moto.iam import models as iam
from moto.iam.models import iam_backends
from moto.utilities.utils import get_partition
from typing_extensions import override

from local.aws.services.cloudformation.attachment import Properties

VERSIONS_KEPT = 5
"""AWS's limit of versions of one policy."""


class Role(iam.Role):
    """moto updates the description only."""

    @classmethod
    @override
    def create_from_cloudformation_json(
        cls, resource_name: str, cloudformation_json: Any, account_id: str, region_name: str, **kwargs: Any
    ) -> iam.Role:
        role: iam.Role = super().create_from_cloudformation_json(
            resource_name, cloudformation_json, account_id, region_name, **kwargs
        )
        _attach(role, cloudformation_json["Properties"])
        return role

    @classmethod
    @override
    def update_from_cloudformation_json(
        cls,
        original_resource: Any,
        new_resource_name: str,
        cloudformation_json: Any,
        account_id: str,
        region_name: str,
    ) -> iam.Role:
        role: iam.Role = original_resource
        properties = cloudformation_json["Properties"]
        role.description = properties.get("Description", "")
        role.max_session_duration = properties.get("MaxSessionDuration", 3600)
        role.assume_role_policy_document = _text(properties["AssumeRolePolicyDocument"])
        role.tags = properties.get("Tags", [])
        wanted = {policy["PolicyName"]: policy["PolicyDocument"] for policy in properties.get("Policies", [])}
        for name in set(role.policies) - set(wanted):
            role.delete_policy(name)
        for name, document in wanted.items():
            role.put_policy(name, document)
        _attach(role, properties)
        return role


def _attach(role: iam.Role, properties: Properties) -> None:
    backend = iam_backends[role.account_id][role.partition]
    wanted = set(properties.get("ManagedPolicyArns", []))
    for arn in wanted - set(role.managed_policies):
        backend.attach_role_policy(arn, role.name)
    for arn in set(role.managed_policies) - wanted:
        backend.detach_role_policy(arn, role.name)


class ManagedPolicy(iam.ManagedPolicy):
    """moto drops a policy that is updated from its stack."""

    @classmethod
    @override
    def update_from_cloudformation_json(
        cls,
        original_resource: Any,
        new_resource_name: str,
        cloudformation_json: Any,
        account_id: str,
        region_name: str,
    ) -> iam.ManagedPolicy:
        policy: iam.ManagedPolicy = original_resource
        while len(policy.versions) >= VERSIONS_KEPT:
            policy.versions.pop(0)
        document = _text(cloudformation_json["Properties"]["PolicyDocument"])
        iam_backends[account_id][get_partition(region_name)].create_policy_version(policy.arn, document, True)
        return policy


def _text(document: Any) -> str:
    return document if isinstance(document, str) else json.dumps(document, default=str)
