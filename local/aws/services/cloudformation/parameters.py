"""Parameters of a stack: which are not shown, and an update to what is there already."""

from collections.abc import Mapping
from typing import Any

from moto.cloudformation.exceptions import ValidationError
from moto.cloudformation.models import Stack
from moto.cloudformation.responses import CloudFormationResponse

HIDDEN = "****"
NOTHING_NEW = "No updates are to be performed."


def defaults(template: Mapping[str, Any]) -> dict[str, Any]:
    """The values of a template's parameters that have one without being given it."""
    slots = template.get("Parameters", {})
    return {name: slot["Default"] for name, slot in slots.items() if "Default" in slot}


def parameter_list(stack: Stack) -> list[dict[str, str]]:
    """What DescribeStacks tells; moto shows those with NoEcho, and numbers as numbers."""
    slots = stack.template_dict.get("Parameters", {})
    return [
        {"ParameterKey": name, "ParameterValue": HIDDEN if slots[name].get("NoEcho") else _text(value)}
        for name, value in stack.stack_parameters.items()
    ]


def validate_different_update(
    response: CloudFormationResponse,
    incoming_params: list[dict[str, Any]] | None,
    stack_body: str,
    old_stack: Stack,
) -> None:
    """Refuses an update to the same template, parameters and tags.

    Moto compares what is given with what has come of it: no default is given, and no number is a text.
    """
    unless_given = defaults(old_stack.template_dict)
    before = {**unless_given, **old_stack.parameters}
    given = {
        each["ParameterKey"]: before.get(each["ParameterKey"])
        if each.get("UsePreviousValue")
        else each["ParameterValue"]
        for each in incoming_params or []
    }
    tags = {each["Key"]: each["Value"] for each in response._get_param("Tags", [])}  # noqa: SLF001  # as moto
    same = old_stack.template == stack_body and before == {**unless_given, **given}
    if same and (not tags or tags == old_stack.tags):
        raise ValidationError(old_stack.name, message=NOTHING_NEW)


def _text(value: object) -> str:
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)


def install() -> None:
    """Puts them in place of moto's."""
    Stack.parameter_list = property(parameter_list)  # type: ignore[method-assign, assignment]  # as moto's
    CloudFormationResponse._validate_different_update = validate_different_update  # type: ignore[method-assign, assignment]  # noqa: SLF001
