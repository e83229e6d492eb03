"""A stack of CloudFormation that a pipeline makes and keeps up to date."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml

HIDDEN = "****"
"""What CloudFormation shows of a parameter with NoEcho."""


class _Loader(yaml.SafeLoader):
    """Knows the short forms of CloudFormation's functions: ``!Ref`` is a mapping from ``Ref``."""


def _function(loader: _Loader, suffix: str, node: yaml.Node) -> dict[str, Any]:
    if isinstance(node, yaml.ScalarNode):
        return {suffix: loader.construct_scalar(node)}
    if isinstance(node, yaml.SequenceNode):
        return {suffix: loader.construct_sequence(node, deep=True)}
    if isinstance(node, yaml.MappingNode):
        return {suffix: loader.construct_mapping(node, deep=True)}
    raise TypeError(f"a node of YAML is a {type(node).__name__}")


_Loader.add_multi_constructor("!", _function)


@dataclass(frozen=True)
class Stack:
    """What a stack is to be.

    Attributes:
        name: of the stack.
        template: its text, YAML.
        parameters: name -> value.
        secrets: name -> value of parameters that the template does not echo; in no log and no representation.
        role_arn: as whom CloudFormation makes it.
        tags: of the stack and of what is in it.
    """

    name: str
    template: str
    parameters: Mapping[str, str]
    role_arn: str
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)
    tags: Mapping[str, str] = field(default_factory=dict)

    def request(self) -> dict[str, Any]:
        """Of CreateStack and UpdateStack."""
        given = {**self.parameters, **self.secrets}
        return {
            "StackName": self.name,
            "TemplateBody": self.template,
            "Parameters": [{"ParameterKey": name, "ParameterValue": given[name]} for name in sorted(given)],
            "RoleARN": self.role_arn,
            "Tags": [{"Key": name, "Value": self.tags[name]} for name in sorted(self.tags)],
        }

    def changes(self, template: str, parameters: Mapping[str, str]) -> list[str]:
        """What is different from a stack that is there, one sentence each; secrets are not compared.

        Args:
            template: of the stack as it is; empty if there is none.
            parameters: likewise.
        """
        before, after = _resources(template), _resources(self.template)
        made = [f"{name} is made" for name in sorted(after.keys() - before.keys())]
        gone = [f"{name} is taken away" for name in sorted(before.keys() - after.keys())]
        other = [
            f"{name} changes" for name in sorted(before.keys() & after.keys()) if before[name] != after[name]
        ]
        if not template:
            return made
        values = [
            f"{name}: {parameters.get(name, 'nothing')} becomes {value}"
            for name, value in sorted(self.parameters.items())
            if parameters.get(name) not in (value, HIDDEN)
        ]
        return [*made, *gone, *other, *values]


def _resources(template: str) -> dict[str, Any]:
    found = yaml.load(template, _Loader) if template else {}  # noqa: S506  # a SafeLoader
    return dict(found.get("Resources", {}))
