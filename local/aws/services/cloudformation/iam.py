"""Roles and managed policies that a stack update changes."""

import json
from collections.abc import Iterable
from typing import Any

from moto.iam import models as iam
from moto.iam.aws_managed_policies import aws_managed_policies_data
from moto.iam.models import iam_backends
from moto.utilities.utils import get_partition
from typing_extensions import override

from local.aws.services.cloudformation.resource import Properties, Resource

VERSIONS_KEPT = 5
"""AWS's limit of versions of one policy."""


class Role(Resource, iam.Role):
    """moto updates the description only, and knows none of AWS's own policies."""

    identity = ("RoleName", "Path")

    @classmethod
    @override
    def make(cls, name: str, properties: Properties, account: str, region: str) -> Any:
        _know(iam_backends[account][get_partition(region)], properties.get("ManagedPolicyArns", []))
        return super().make(name, properties, account, region)

    @classmethod
    @override
    def configure(cls, made: iam.Role, properties: Properties) -> None:
        made.description = properties.get("Description", "")
        made.max_session_duration = properties.get("MaxSessionDuration", 3600)
        made.assume_role_policy_document = _text(properties["AssumeRolePolicyDocument"])
        made.tags = properties.get("Tags", [])
        wanted = {policy["PolicyName"]: policy["PolicyDocument"] for policy in properties.get("Policies", [])}
        for name in set(made.policies) - set(wanted):
            made.delete_policy(name)
        for name, document in wanted.items():
            made.put_policy(name, document)
        _attach(made, properties.get("ManagedPolicyArns", []))

    @classmethod
    @override
    def discard(cls, made: iam.Role, account: str, region: str) -> None:
        _attach(made, [])
        super().discard(made, account, region)


def _attach(role: iam.Role, wanted: Iterable[str]) -> None:
    """The role has these managed policies and no others."""
    backend = iam_backends[role.account_id][role.partition]
    _know(backend, wanted)
    for arn in set(wanted) - set(role.managed_policies):
        backend.attach_role_policy(arn, role.name)
    for arn in set(role.managed_policies) - set(wanted):
        backend.detach_role_policy(arn, role.name)


def _know(backend: Any, arns: Iterable[str]) -> None:
    """Those of AWS's own policies that are asked for: all of them would be five megabytes of state."""
    own = [arn for arn in arns if ":iam::aws:policy/" in arn and arn not in backend.managed_policies]
    every = json.loads(aws_managed_policies_data) if own else {}
    for name in (arn.rpartition("/")[2] for arn in own):
        if name in every:
            policy = iam.AWSManagedPolicy.from_data(
                name, backend.account_id, backend.region_name, every[name]
            )
            backend.managed_policies[policy.arn] = policy
            backend.aws_managed_policies.append(policy)


class ManagedPolicy(Resource, iam.ManagedPolicy):
    """moto drops a policy that is updated from its stack."""

    identity = ("ManagedPolicyName", "Path")

    @classmethod
    @override
    def configure(cls, made: iam.ManagedPolicy, properties: Properties) -> None:
        document = _text(properties["PolicyDocument"])
        if any(version.is_default and version.document == document for version in made.versions):
            return
        while len(made.versions) >= VERSIONS_KEPT:
            made.versions.pop(0)
        iam_backends[made.account_id][made.partition].create_policy_version(made.arn, document, True)

    @classmethod
    @override
    def discard(cls, made: iam.ManagedPolicy, account: str, region: str) -> None:
        backend = iam_backends[account][made.partition]
        for role in backend.roles.values():
            if made.arn in role.managed_policies:
                made.detach_from(role)
        backend.delete_policy(made.arn)


def _text(document: Any) -> str:
    return document if isinstance(document, str) else json.dumps(document, default=str)
