"""``Condition``, ``AWS::NoValue`` and ``DeletionPolicy``, where moto forgets them."""

from collections.abc import Mapping
from typing import Any

from moto.cloudformation import parsing
from moto.cloudformation.models import Stack
from moto.cloudformation.parsing import ResourceMap

Template = Mapping[str, Any]

_clean, _update = parsing.clean_json, parsing.parse_and_update_resource
_diff = ResourceMap.build_resource_diff
_delete = ResourceMap._delete_resource  # noqa: SLF001  # moto has no other place for it


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


def build_resource_diff(resources: Any, template: Template, parameters: Any = None) -> dict[str, list[str]]:
    """What an update adds, modifies and removes.

    Moto looks for changed parameters in the resources only, and removes what was never made.
    """
    found: dict[str, list[str]] = _diff(resources, template, parameters)  # type: ignore[arg-type]  # it reads
    old, new = resources._resource_json_map, template["Resources"]  # noqa: SLF001
    made = resources._parsed_resources  # noqa: SLF001
    found["Remove"] = [name for name in found["Remove"] if made.get(name) is not None]
    if _conditions_may_change(resources, template, parameters):
        others = [name for name in new if name in old and name not in found["Modify"]]
        found["Modify"] += [name for name in others if _is_conditional(new[name])]
    return found


def _conditions_may_change(resources: Any, template: Template, parameters: Any) -> bool:
    old = resources._template  # noqa: SLF001
    return bool(parameters and parameters != resources.input_parameters) or any(
        old.get(part) != template.get(part) for part in ("Conditions", "Parameters")
    )


def _is_conditional(resource_json: Any) -> bool:
    return "Condition" in resource_json or "'Fn::If'" in str(resource_json)


def delete_resource(resources: Any, made: Any, resource_json: Any) -> None:
    """Takes a resource away, unless the template has it kept."""
    if resource_json.get("DeletionPolicy") != "Retain":
        _delete(resources, made, resource_json)


def stack_resources(stack: Stack) -> list[Any]:
    """The resources that there are: moto lists those whose condition is false as ``None``."""
    return [resource for resource in stack.resource_map.values() if resource is not None]


def install() -> None:
    """Puts them in place of moto's."""
    parsing.clean_json = clean_json
    parsing.parse_and_update_resource = parse_and_update_resource
    # The attributes are moto's methods, whose types say less than these.
    changed: Any = ResourceMap
    changed.build_resource_diff = build_resource_diff
    changed._delete_resource = delete_resource  # noqa: SLF001
    Stack.stack_resources = property(stack_resources)  # type: ignore[method-assign, assignment]  # as moto's
