"""An update that fails leaves a stack as it was."""

from typing import Any

from moto.cloudformation.models import Stack
from moto.cloudformation.parsing import ResourceMap

from local.aws.services.cloudformation.parameters import defaults

_update_stack, _update_resources = Stack.update, ResourceMap.update


def update_resources(resources: ResourceMap, template: dict[str, Any], parameters: Any = None) -> None:
    """Brings the resources to a template, or, where that fails, back to what they were."""
    before = resources._template, resources.input_parameters  # noqa: SLF001  # moto has no other place for it
    try:
        _applied(resources, template, {**defaults(template), **(parameters or {})})
    except Exception:
        _applied(resources, *before)
        raise


def update_stack(stack: Stack, template: str, *others: Any, **named: Any) -> None:
    """Moto takes the new template for the stack's from the first moment, and forgets what failed."""
    before = stack.template
    try:
        _update_stack(stack, template, *others, **named)
        # What is not given has its default again; moto leaves it as it was where nothing is given.
        stack.parameters = stack.resource_map.input_parameters
    except Exception as error:
        stack.template = before
        stack._parse_template()  # noqa: SLF001
        stack.output_map = stack._create_output_map()  # noqa: SLF001
        stack.status = "UPDATE_ROLLBACK_COMPLETE"
        stack._add_stack_event(stack.status, resource_status_reason=str(error))  # noqa: SLF001
        raise


def _applied(resources: Any, template: dict[str, Any], parameters: Any) -> None:
    """Moto remembers what it has removed: a resource, which it then does not make again, and a parameter."""
    before = set(resources._resource_json_map)  # noqa: SLF001
    resources.resolved_parameters.clear()
    made = resources._parsed_resources  # noqa: SLF001
    try:
        _update_resources(resources, template, parameters)
    finally:
        for name in before:
            if name not in template["Resources"] or made.get(name) is None:
                made.pop(name, None)


def install() -> None:
    """Puts them in place of moto's."""
    changed: Any = (ResourceMap, Stack)
    changed[0].update, changed[1].update = update_resources, update_stack
