"""``Condition`` and ``AWS::NoValue``, where moto forgets them."""

from typing import Any

from moto.cloudformation import parsing
from moto.cloudformation.models import Stack

_clean, _update = parsing.clean_json, parsing.parse_and_update_resource


def clean_json(resource_json: Any, resources_map: Any) -> Any:
    """Moto leaves a hole in a list where ``AWS::NoValue`` takes an item out of it."""
    cleaned = _clean(resource_json, resources_map)
    return [item for item in cleaned if item is not None] if isinstance(cleaned, list) else cleaned


def parse_and_update_resource(
    logical_id: str, resource_json: Any, resources_map: Any, account_id: str, region_name: str
) -> Any:
    """The changed resource; made if its condition has come true, taken away if it no longer is.

    Moto updates what was never made, which fails.
    """
    condition = resource_json.get("Condition")
    wanted = condition is None or resources_map.lazy_condition_map[condition]
    made = resources_map._parsed_resources.get(logical_id)  # noqa: SLF001  # asking for it would make it
    place = (resources_map, account_id, region_name)
    if wanted and made is not None:
        return _update(logical_id, resource_json, *place)
    if wanted:
        return parsing.parse_and_create_resource(logical_id, resource_json, *place)
    if made is not None:
        resources_map._delete_resource(made, resource_json)  # noqa: SLF001  # as moto does for a removed one
    return None


def stack_resources(stack: Stack) -> list[Any]:
    """The resources that there are: moto lists those whose condition is false as ``None``."""
    return [resource for resource in stack.resource_map.values() if resource is not None]


def install() -> None:
    """Puts them in place of moto's."""
    parsing.clean_json = clean_json
    parsing.parse_and_update_resource = parse_and_update_resource
    Stack.stack_resources = property(stack_resources)  # type: ignore[method-assign, assignment]  # as moto's
