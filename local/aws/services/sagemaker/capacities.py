"""How many instances the variants of an endpoint have.

The count is shown and announced; behind a variant there is one process whatever it says.
"""

import threading
from collections.abc import Mapping, Sequence
from typing import Any

from local.aws.services.sagemaker import context, validation
from local.aws.services.sagemaker.endpoint import Endpoint
from local.aws.services.sagemaker.validation import ValidationError

DIMENSION = "sagemaker:variant:DesiredInstanceCount"
"""Of application autoscaling."""

CURRENT = {"DesiredWeight": "CurrentWeight", "DesiredInstanceCount": "CurrentInstanceCount"}
"""What becomes of what is desired."""

Variants = Sequence[Mapping[str, Any]]


def resource_id(endpoint: str, variant: str) -> str:
    """What application autoscaling calls a variant."""
    return f"endpoint/{endpoint}/variant/{variant}"


def change(endpoint: Endpoint, request: Mapping[str, Any]) -> dict[str, Any]:
    """UpdateEndpointWeightsAndCapacities: `Updating` with the desired values, then `InService` with them.

    Raises:
        ValidationError: the endpoint is not in service, or has no such variant.
    """
    validation.check_request("UpdateEndpointWeightsAndCapacities", request)
    if endpoint.status != "InService":
        raise ValidationError(f'Cannot update in-progress endpoint "{endpoint.arn}".')
    wanted = {each["VariantName"]: each for each in request["DesiredWeightsAndCapacities"]}
    variants = endpoint.description["ProductionVariants"]
    if unknown := wanted.keys() - {each["VariantName"] for each in variants}:
        raise ValidationError(f'Could not find variant "{min(unknown)}" of endpoint "{endpoint.arn}".')
    endpoint.move("Updating", ProductionVariants=[_desired(v, wanted) for v in variants])
    threading.Thread(target=_apply, args=(endpoint,), name=f"scale {endpoint.name}", daemon=True).start()
    return {"EndpointArn": endpoint.arn}


def retained(variants: Variants, serving: Variants, request: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The variants of a new configuration, with what UpdateEndpoint keeps of those that serve."""
    if not request.get("RetainAllVariantProperties"):
        return [dict(each) for each in variants]
    excluded = request.get("ExcludeRetainedVariantProperties") or []
    dropped = {each["VariantPropertyType"] for each in excluded}
    kept = {
        initial: desired
        for initial, desired in (
            ("InitialInstanceCount", "DesiredInstanceCount"),
            ("InitialVariantWeight", "DesiredWeight"),
        )
        if desired not in dropped
    }
    before = {each["VariantName"]: each for each in serving}
    return [
        {**new, **{initial: old[desired] for initial, desired in kept.items() if desired in old}}
        for new in variants
        for old in [before.get(new["VariantName"], {})]
    ]


def check_scalable(before: Variants, after: Variants, scaled: set[str]) -> None:
    """Refuses what AWS refuses while variants are targets of autoscaling.

    https://docs.aws.amazon.com/sagemaker/latest/dg/endpoint-scaling-update.html

    Raises:
        ValidationError: one of the variants ``scaled`` would go or have another instance type.
    """
    types = {each["VariantName"]: each.get("InstanceType") for each in after}
    changed = sorted(
        each["VariantName"]
        for each in before
        if each["VariantName"] in scaled and types.get(each["VariantName"]) != each.get("InstanceType")
    )
    if changed:
        raise ValidationError(
            f'The variant(s) "{changed}" must be deregistered as scalable targets with AWS Auto Scaling '
            "before they can be removed or have their instance type updated."
        )


def _desired(variant: Mapping[str, Any], wanted: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    change = wanted.get(variant["VariantName"], {})
    return {**variant, **{field: change[field] for field in CURRENT if change.get(field) is not None}}


def _apply(endpoint: Endpoint) -> None:
    """What is desired becomes what there is."""
    if endpoint.status != "Updating":
        return  # It was deleted.
    current = [
        {**variant, **{now: variant[wanted] for wanted, now in CURRENT.items() if wanted in variant}}
        for variant in endpoint.description["ProductionVariants"]
    ]
    weights = {variant["VariantName"]: float(variant["CurrentWeight"]) for variant in current}
    for server in context.current().fleet.servers(endpoint.arn):
        server.weight = weights.get(server.name, server.weight)
    endpoint.move("InService", ProductionVariants=current)
