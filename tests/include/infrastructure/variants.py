"""The template as CloudFormation reads it: with some parameters, and what its conditions then leave."""

import re
from pathlib import Path
from typing import Any

from cfnlint.decode import cfn_yaml

FILE = Path(__file__).parents[3] / "include" / "infrastructure" / "millrace.yaml"
TEMPLATE: Any = cfn_yaml.load(str(FILE))
NOTHING = {"Ref": "AWS::NoValue"}
OWN_KEY, GIVEN_KEY = {"Fn::GetAtt": ["Key", "Arn"]}, {"Ref": "KmsKeyArn"}

VARIANTS: dict[str, dict[str, str]] = {
    "as it is": {},
    "one queue for all triggerers": {"EventsQueue": "shared"},
    "Spark on a cluster": {"EksCluster": "eks"},
    "everything": {
        "WarehouseCluster": "warehouse",
        "VirtualCluster": "a1b2",
        "EventsQueue": "shared",
        "JobsInVpc": "yes",
        "JobLogGroups": "make",
        "RedisSecretArn": "arn:aws:secretsmanager:us-east-1:123456789012:secret:redis-AbCdEf",
        "KmsKeyArn": "arn:aws:kms:us-east-1:123456789012:key/1",
        "AlarmTopicArn": "arn:aws:sns:us-east-1:123456789012:pager",
    },
}


class Variant:
    """Resources and outputs that a set of parameters makes, without conditions in them."""

    def __init__(self, parameters: dict[str, str]) -> None:
        chosen = {name: each.get("Default") for name, each in TEMPLATE["Parameters"].items()} | parameters
        self._conditions = {
            name: _holds(condition, chosen) for name, condition in TEMPLATE["Conditions"].items()
        }
        self.key = OWN_KEY if self._conditions["MakesKey"] else GIVEN_KEY
        self.resources: dict[str, Any] = self._there(TEMPLATE["Resources"])
        self.outputs: dict[str, Any] = self._there(TEMPLATE["Outputs"])

    def of_type(self, kind: str) -> dict[str, Any]:
        """Properties by name; at least one, or whoever asks would test nothing."""
        found = {
            name: each["Properties"]
            for name, each in self.resources.items()
            if each["Type"] == f"AWS::{kind}"
        }
        assert found, f"no AWS::{kind}"
        return found

    def statements(self, resource: str) -> list[dict[str, Any]]:
        """Of a policy, or of the policies in a role."""
        properties = self.resources[resource]["Properties"]
        inside = [policy["PolicyDocument"] for policy in properties.get("Policies", [])]
        documents = [properties.get("PolicyDocument"), properties.get("KeyPolicy"), *inside]
        return [statement for document in documents if document for statement in document["Statement"]]

    def policy_of(self, kind: str, members: str, resource: str) -> list[dict[str, Any]]:
        """Statements of the one policy of this kind that names the resource."""
        [name] = [
            name
            for name, properties in self.of_type(kind).items()
            if {"Ref": resource} in listed(properties[members])
        ]
        return self.statements(name)

    def actions(self, *resources: str) -> set[str]:
        """All that the policies allow."""
        each = [statement for resource in resources for statement in self.statements(resource)]
        return {action for statement in each for action in listed(statement["Action"])}

    def _there(self, named: dict[str, Any]) -> dict[str, Any]:
        return {
            name: self._resolved(each)
            for name, each in named.items()
            if self._conditions.get(each.get("Condition"), True)
        }

    def _resolved(self, value: Any) -> Any:
        if isinstance(value, dict) and "Fn::If" in value:
            condition, if_true, if_false = value["Fn::If"]
            return self._resolved(if_true if self._conditions[condition] else if_false)
        if isinstance(value, dict):
            items = {name: self._resolved(each) for name, each in value.items()}
            return {name: each for name, each in items.items() if each != NOTHING}
        if isinstance(value, list):
            return [each for each in map(self._resolved, value) if each != NOTHING]
        return value


def listed(value: Any) -> list[Any]:
    """Policies may say one thing without a list."""
    return list(value) if isinstance(value, list) else [value]


def _holds(condition: dict[str, Any], chosen: dict[str, Any]) -> bool:
    if "Fn::Not" in condition:
        return not _holds(condition["Fn::Not"][0], chosen)
    value, wanted = condition["Fn::Equals"]
    return bool(_filled_in(value, chosen) == wanted)


def _filled_in(value: dict[str, str], chosen: dict[str, Any]) -> Any:
    if "Ref" in value:
        return chosen[value["Ref"]]
    return re.sub(r"\$\{(\w+)\}", lambda name: str(chosen[name[1]]), value["Fn::Sub"])
