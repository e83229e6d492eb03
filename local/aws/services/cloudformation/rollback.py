"""What fails leaves a stack as it was, or none of it."""

from typing import Any

from moto.cloudformation import parsing
from moto.cloudformation.models import CloudFormationBackend, Stack
from moto.cloudformation.parsing import OutputMap, ResourceMap

from local.aws.services.cloudformation import deletion
from local.aws.services.cloudformation.parameters import defaults

_update_stack, _update_resources = Stack.update, ResourceMap.update
_create_stack, _create_resource = CloudFormationBackend.create_stack, parsing.parse_and_create_resource


def create_resource(logical_id: str, *arguments: Any, **named: Any) -> Any:
    """As moto makes it; an error knows which one it is about."""
    try:
        return _create_resource(logical_id, *arguments, **named)
    except Exception as error:
        vars(error).setdefault("logical_id", logical_id)  # Of the first, which others needed.
        raise


def create_stack(backend: CloudFormationBackend, name: str, *arguments: Any, **named: Any) -> Stack:
    """A stack whose making fails is there, empty, with the reason in its events; moto leaves it half made.

    A template that is refused is an error of the request, as on AWS.
    """
    before = set(backend.stacks)
    try:
        return _create_stack(backend, name, *arguments, **named)
    except Exception as error:
        begun = [each for id_, each in backend.stacks.items() if id_ not in before and each.name == name]
        if not begun:
            raise
        _roll_back(begun[0], error)
        return begun[0]


def _roll_back(stack: Stack, error: Exception) -> None:
    resources = stack.resource_map
    if not stack.events:
        deletion.begin(stack, "CREATE_IN_PROGRESS", deletion.ASKED)
    if failed := getattr(error, "logical_id", None):
        deletion.tell(stack, failed, None, "CREATE_FAILED", str(error))
    deletion.begin(stack, "ROLLBACK_IN_PROGRESS", str(error))
    left = deletion.take_away(stack)
    for each in set(resources._resource_json_map) - set(left):  # noqa: SLF001
        resources._parsed_resources[each] = None  # noqa: SLF001  # is not made again
    stack.output_map = OutputMap(resources, {}, stack.stack_id)
    deletion.begin(stack, "ROLLBACK_FAILED" if left else "ROLLBACK_COMPLETE")


def update_resources(resources: ResourceMap, template: dict[str, Any], parameters: Any = None) -> None:
    """Brings the resources to a template, or, where that fails, back to what they were."""
    was = resources._template  # noqa: SLF001  # moto has no other place for it
    before = was, {**defaults(was), **resources.input_parameters}
    # Or what has kept its default would be taken for changed, and with it all that refers to it.
    resources.input_parameters = before[1]
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
    changed: Any = (ResourceMap, Stack, CloudFormationBackend)
    changed[0].update, changed[1].update = update_resources, update_stack
    changed[2].create_stack = create_stack
    parsing.parse_and_create_resource = create_resource
