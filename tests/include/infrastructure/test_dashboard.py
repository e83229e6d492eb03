"""The dashboard of amp_ingest: JSON, about what the template makes, with every alarm on it."""

import json
import re
from itertools import combinations
from typing import Any

import pytest

from include.endpoints import VARIANT
from include.naming import resource_name
from local.aws.pages.widgets import Widget, widgets
from tests.include.infrastructure.test_amp_ingest import WAY

GIVEN = {"Environment": "prod-eu", "Tenant": "main", "AWS::Region": "eu-west-1"}
ENDPOINT = resource_name(GIVEN["Environment"], GIVEN["Tenant"], "amp_train")
KINDS = {
    ("AWS/SQS", "QueueName"): "AWS::SQS::Queue",
    ("AWS/Lambda", "FunctionName"): "AWS::Lambda::Function",
    ("AWS/Kinesis", "StreamName"): "AWS::Kinesis::Stream",
    ("AWS/Firehose", "DeliveryStreamName"): "AWS::KinesisFirehose::DeliveryStream",
}
"""Namespace and dimension -> what they are metrics of."""
OF_ENDPOINT = {
    "AWS/SageMaker": {
        *("Invocations", "Invocation4XXErrors", "Invocation5XXErrors"),
        *("ModelLatency", "OverheadLatency"),
    },
    "/aws/sagemaker/Endpoints": {"MemoryUtilization"},
}
DASHBOARD = WAY["Resources"]["Dashboard"]["Properties"]


@pytest.fixture(params=[True, False], ids=["with Redis", "without Redis"])
def counts(request):
    """Whether listeners' events are counted in Redis."""
    return request.param


def there(counts: bool) -> dict[str, Any]:
    """Resources that the template makes."""
    return {name: each for name, each in WAY["Resources"].items() if counts or "Condition" not in each}


def substituted(value: Any, counts: bool) -> str:
    """Text with parameters as they are by default, and resources as ``<name>`` of theirs."""
    if isinstance(value, str):
        return value
    if "Fn::If" in value:
        condition, if_true, if_false = value["Fn::If"]
        assert condition == "CountsInRedis"
        return substituted(if_true if counts else if_false, counts)
    given = value["Fn::Sub"]
    text, own = given if isinstance(given, list) else (given, {})
    own = {name: substituted(each, counts) for name, each in own.items()}

    def put_in(found: re.Match[str]) -> str:
        name = found[1]
        if name in WAY["Parameters"] and name not in GIVEN:
            return str(WAY["Parameters"][name]["Default"])
        resource = name.partition(".")[0]
        if resource in WAY["Resources"]:
            assert resource in there(counts), f"{resource} is not there"
            return f"<{resource}>"
        return own[name] if name in own else GIVEN[name]

    return re.sub(r"\$\{([^}]+)\}", put_in, text)


@pytest.fixture
def body(counts):
    return substituted(DASHBOARD["DashboardBody"], counts)


@pytest.fixture
def shown(body) -> list[Widget]:
    return widgets(body, "us-east-1")


def named(shown):
    """Namespace, metric, dimension and its value of all that is shown but the recommender's."""
    return [
        (metric.namespace, metric.name, *metric.dimensions[0])
        for widget in shown
        for metric in (line.metric for line in widget.lines)
        if metric.namespace not in OF_ENDPOINT
    ]


def test_every_metric_is_of_a_resource_that_the_template_makes(shown, counts):
    resources = there(counts)
    for namespace, _, dimension, value in named(shown):
        assert resources[value.strip("<>")]["Type"] == KINDS[namespace, dimension], value


def test_everything_that_the_template_makes_and_can_be_measured_is_shown(shown, counts):
    made = {f"<{name}>" for name, each in there(counts).items() if each["Type"] in KINDS.values()}
    assert made == {value for *_, value in named(shown)}


def test_every_alarm_is_on_it(body, counts):
    [widget] = [each for each in json.loads(body)["widgets"] if each["type"] == "alarm"]
    alarms = {name for name, each in there(counts).items() if each["Type"] == "AWS::CloudWatch::Alarm"}
    assert {arn.strip("<>") for arn in widget["properties"]["alarms"]} == alarms


def test_faults_latency_and_memory_of_the_recommender_are_shown(shown):
    found: dict[str, set[str]] = {}
    for line in (line for widget in shown for line in widget.lines if line.metric.namespace in OF_ENDPOINT):
        assert line.metric.dimensions == (("EndpointName", ENDPOINT), ("VariantName", VARIANT))
        found.setdefault(line.metric.namespace, set()).add(line.metric.name)
    assert found == OF_ENDPOINT


def test_its_widgets_lie_in_the_grid_without_covering_each_other(body):
    cells = [
        {
            (x, y)
            for x in range(each["x"], each["x"] + each["width"])
            for y in range(each["y"], each["y"] + each["height"])
        }
        for each in json.loads(body)["widgets"]
    ]
    assert max(x for each in cells for x, _ in each) < 24
    assert not [1 for one, other in combinations(cells, 2) if one & other]


def threshold(alarm: Any) -> float:
    """With parameters as they are by default."""
    given = alarm["Threshold"]
    if isinstance(given, dict) and "Ref" in given:
        return float(WAY["Parameters"][given["Ref"]]["Default"])
    return float(substituted(given, True) if isinstance(given, dict) else given)


def test_lines_are_where_the_alarms_are(shown):
    """That is, in the unit of their metrics."""
    thresholds: dict[str, set[float]] = {}
    for each in WAY["Resources"].values():
        if each["Type"] == "AWS::CloudWatch::Alarm":
            thresholds.setdefault(each["Properties"]["MetricName"], set()).add(threshold(each["Properties"]))
    drawn = [(widget.lines[0].metric.name, bound.value) for widget in shown for bound in widget.bounds]
    assert len(drawn) == 6
    for name, value in drawn:
        assert value in thresholds[name], name


def test_its_name_is_of_environment_tenant_and_region():
    """Dashboards of all regions of an account are in one list."""
    assert DASHBOARD["DashboardName"] == {"Fn::Sub": "millrace-${Environment}-${Tenant}-${AWS::Region}"}


def test_the_recommender_is_watched_by_its_name():
    alarms = [each["Properties"] for name, each in WAY["Resources"].items() if name.startswith("Recommender")]
    assert {each["MetricName"] for each in alarms} == {
        "Invocation5XXErrors",
        "ModelLatency",
        "MemoryUtilization",
    }
    for each in alarms:
        dimensions = {d["Name"]: substituted(d["Value"], True) for d in each["Dimensions"]}
        assert dimensions == {"EndpointName": ENDPOINT, "VariantName": VARIANT}
