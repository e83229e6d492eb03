"""A stack is taken away in reverse order of dependency, and says what could not be."""

import re
from collections.abc import Iterator, Mapping
from graphlib import TopologicalSorter
from typing import Any

from moto.cloudformation.models import CloudFormationBackend, Event, Stack

GONE, FAILED = "DELETE_COMPLETE", "DELETE_FAILED"
ASKED = "User Initiated"
IN_TEXT = re.compile(r"\$\{([A-Za-z0-9]+)")

Resources = Mapping[str, Any]


def in_order(resources: Resources) -> list[str]:
    """Names of a template's resources, each after all that it needs."""
    needed = {name: {*_named(each)} & resources.keys() for name, each in resources.items()}
    return list(TopologicalSorter(needed).static_order())


def _named(value: Any) -> Iterator[str]:
    """What may be the name of another resource: of ``DependsOn`` and of functions."""
    if isinstance(value, list):
        for item in value:
            yield from _named(item)
    if not isinstance(value, dict):
        return
    for key, item in value.items():
        if key in ("Ref", "DependsOn"):
            yield from [item] if isinstance(item, str) else item
        elif key == "Fn::GetAtt":
            yield item.partition(".")[0] if isinstance(item, str) else item[0]
        elif key == "Fn::Sub":
            yield from IN_TEXT.findall(item if isinstance(item, str) else item[0])
        yield from _named(item)


def delete(stack: Stack) -> None:
    """Takes all of it away, or leaves what could not be, with the reason in the events.

    moto goes through the resources in no order.
    """
    _ = stack.outputs  # They are still told of a stack that is gone, and are made when they are asked for.
    begin(stack, "DELETE_IN_PROGRESS", ASKED)
    left = take_away(stack)
    reason = f"The following resource(s) failed to delete: [{', '.join(left)}]." if left else None
    begin(stack, FAILED if left else GONE, reason)


def begin(stack: Stack, status: str, reason: str | None = None) -> None:
    """The stack has another status, which its events tell."""
    stack.status = status
    stack._add_stack_event(status, reason)  # noqa: SLF001  # moto's only way


def take_away(stack: Stack) -> list[str]:
    """Deletes what is made and not retained; names of what could not be."""
    every = stack.resource_map._resource_json_map  # noqa: SLF001
    made = stack.resource_map._parsed_resources  # noqa: SLF001
    left = [name for name in reversed(in_order(every)) if made.get(name) is not None]
    left = [name for name in left if every[name].get("DeletionPolicy") != "Retain"]
    before = len(left) + 1
    # Again for what is in the way of another without a word of it in the template.
    while left and len(left) < before:
        before = len(left)
        left = [name for name in left if not _delete_one(stack, name)]
    return left


def _delete_one(stack: Stack, name: str) -> bool:
    """Whether it is gone."""
    every, made = stack.resource_map._resource_json_map, stack.resource_map._parsed_resources  # noqa: SLF001
    status, reason = GONE, None
    resource: Any = made[name]
    try:
        stack.resource_map._delete_resource(resource, every[name])  # noqa: SLF001
        # Without it, moto would make it anew for whoever asks for it.
        made[name] = None
    except Exception as error:  # a service's, of any kind
        status, reason = FAILED, str(error)
    tell(stack, name, resource, status, reason)
    return status == GONE


def tell(stack: Stack, name: str, resource: Any, status: str, reason: str | None) -> None:
    """An event of a resource."""
    kind = stack.resource_map._resource_json_map[name]["Type"]  # noqa: SLF001
    physical = str(getattr(resource, "physical_resource_id", ""))
    stack.events.append(Event(stack.stack_id, stack.name, name, physical, kind, status, reason, None))


def delete_stack(backend: CloudFormationBackend, name_or_stack_id: str) -> None:
    """Forgets a stack that is gone; moto forgets one that is not, too."""
    for stack in list(backend.stacks.values()):
        if name_or_stack_id in (stack.name, stack.stack_id):
            exports = [export.name for export in stack.exports]
            stack.delete()
            if stack.status == GONE:
                backend.deleted_stacks[stack.stack_id] = backend.stacks.pop(stack.stack_id)
                for export in exports:
                    backend.exports.pop(export)


def install() -> None:
    """Puts them in place of moto's."""
    changed: Any = (Stack, CloudFormationBackend)
    changed[0].delete, changed[1].delete_stack = delete, delete_stack
