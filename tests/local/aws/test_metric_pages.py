"""The page of metrics: alarms in their states, dashboards with what their widgets show."""

import json
import re
import time
from html import unescape

import httpx
import pytest

from local.aws.pages.frame import METRICS
from local.aws.pages.sparklines import segments
from local.aws.pages.widgets import widgets


def text(aws, **query):
    answer = httpx.get(f"{aws.endpoint_url}{METRICS}", params=query)
    assert answer.status_code == 200
    return answer.text


def plain(html):
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", html)).split())


def rows(page):
    """The cells of each row of a widget, by its label."""
    found = {}
    for row in re.findall(r"<tr><td>(.*?)</tr>", page, re.DOTALL):
        cells = row.split("</td><td")
        found[plain(cells[0])] = [plain(f"<td{cell}") for cell in cells[1:]]
    return found


@pytest.fixture
def cloudwatch(client):
    return client("cloudwatch")


def put(cloudwatch, *metrics, name="d", **properties):
    widget = {
        "type": "metric",
        "properties": {"metrics": metrics, "title": "Queues", "period": 60} | properties,
    }
    cloudwatch.put_dashboard(DashboardName=name, DashboardBody=json.dumps({"widgets": [widget]}))


def test_a_server_without_alarms_and_dashboards_says_so(aws):
    assert text(aws).count("Nothing is here.") == 2


def test_a_widget_shows_the_newest_and_the_highest_value_and_a_graph(aws, client, cloudwatch):
    url = client("sqs").create_queue(QueueName="q")["QueueUrl"]
    depth = ["AWS/SQS", "ApproximateNumberOfMessagesVisible", "QueueName", "q"]
    put(
        cloudwatch,
        [*depth, {"label": "here"}],
        ["...", "elsewhere"],
        [{"expression": "m1 + m2", "label": "both"}],
        stat="Maximum",
        annotations={"horizontal": [{"label": "alarm", "value": 1234.0}]},
    )
    for _ in range(3):
        client("sqs").send_message(QueueUrl=url, MessageBody="x")
    page = text(aws)
    assert rows(page) == {
        "here Maximum": ["", "3", "3"],
        "ApproximateNumberOfMessagesVisible elsewhere Maximum": ["nothing", "", ""],
        "both no metric math here": ["nothing", "", ""],
    }
    assert page.count("<polyline") == 1
    assert "alarm: 1,234" in plain(page)
    client("sqs").purge_queue(QueueUrl=url)
    assert rows(text(aws))["here Maximum"][1] == "0"


def test_an_alarm_shows_its_state_and_why(aws, client, cloudwatch):
    url = client("sqs").create_queue(QueueName="q")["QueueUrl"]
    for name, bound in (("late", 0.2), ("patient", 900)):
        cloudwatch.put_metric_alarm(
            AlarmName=name,
            AlarmDescription=f"{name}: <nobody> takes them.",
            Namespace="AWS/SQS",
            MetricName="ApproximateAgeOfOldestMessage",
            Dimensions=[{"Name": "QueueName", "Value": "q"}],
            Statistic="Maximum",
            ComparisonOperator="GreaterThanThreshold",
            Threshold=bound,
            Period=300,
            EvaluationPeriods=1,
        )
    arn = cloudwatch.describe_alarms(AlarmNames=["patient"])["MetricAlarms"][0]["AlarmArn"]
    widget = {"type": "alarm", "properties": {"title": "One of them", "alarms": [arn]}}
    cloudwatch.put_dashboard(DashboardName="d", DashboardBody=json.dumps({"widgets": [widget]}))
    client("sqs").send_message(QueueUrl=url, MessageBody="x")
    time.sleep(0.3)
    page = text(aws)
    late, patient = (
        re.search(rf'<tr id="{name}">(.*?)</tr>', page, re.DOTALL)[1] for name in ("late", "patient")
    )
    assert plain(late).startswith("ALARM ")
    assert "Maximum of ApproximateAgeOfOldestMessage &gt; 0.2 in 300 s" in late
    assert "late: &lt;nobody&gt; takes them." in late
    assert plain(patient).startswith("OK ")
    assert "takes them" not in patient
    assert page.index('id="late"') < page.index('id="patient"')
    assert '<a class="status good" href="#patient">patient</a>' in page


def test_what_a_dashboard_says_is_escaped_and_a_body_that_cannot_be_read_is_named(aws, cloudwatch):
    put(cloudwatch, ["AWS/SQS", "<i>", {"label": "<script>"}], title="<b>", name="escaped")
    broken = json.dumps(
        {"widgets": [{"type": "metric", "properties": {"metrics": [["AWS/SQS", "Age", "QueueName"]]}}]}
    )
    cloudwatch.put_dashboard(DashboardName="broken", DashboardBody=broken)
    put(cloudwatch, ["AWS/SQS", "Age", {"region": "nowhere"}], name="elsewhere")
    page = text(aws)
    assert page.count("Its body cannot be read") == 2
    assert "<script>" not in page
    assert "<b>" not in page
    assert "&lt;script&gt;" in page
    assert "Its body cannot be read: ValueError" in page


def test_graphs_go_back_as_far_as_somebody_chooses(aws, cloudwatch):
    put(cloudwatch, ["AWS/SQS", "Age"])
    assert 'minutes=60" class="chosen"' in text(aws)
    assert 'minutes=180" class="chosen"' in text(aws, minutes=180)
    assert 'minutes=60" class="chosen"' in text(aws, minutes=100_000)


def test_there_is_no_page_below(aws):
    assert httpx.get(f"{aws.endpoint_url}{METRICS}none").status_code == 404


def test_metrics_are_written_out_and_the_hidden_ones_are_left_out():
    body = {
        "widgets": [
            {"type": "text", "y": 9, "properties": {"markdown": "last"}},
            {
                "type": "metric",
                "properties": {
                    "metrics": [
                        [
                            "AWS/SageMaker",
                            "ModelLatency",
                            "EndpointName",
                            "e",
                            "VariantName",
                            "main",
                            {"stat": "p99"},
                        ],
                        [".", "OverheadLatency", ".", "f", ".", ".", {"region": "eu-west-1", "period": 300}],
                        ["...", "other", {"visible": False}],
                    ],
                    "period": 60,
                },
            },
        ]
    }
    metric, last = widgets(json.dumps(body), "us-east-1")
    assert last.text == "last"
    assert [(line.metric, line.statistic, line.period) for line in metric.lines] == [
        (
            (
                *("us-east-1", "AWS/SageMaker", "ModelLatency"),
                (("EndpointName", "e"), ("VariantName", "main")),
            ),
            "p99",
            60,
        ),
        (
            (
                *("eu-west-1", "AWS/SageMaker", "OverheadLatency"),
                (("EndpointName", "f"), ("VariantName", "main")),
            ),
            "Average",
            300,
        ),
    ]


def test_a_graph_is_broken_where_nothing_was_measured():
    assert segments([None, None]) == []
    assert segments([0, 5, None, 10]) == ["2.0,26.0 50.7,14.0", "148.0,2.0 149.0,2.0"]
    assert segments([0.0, 0.0]) == ["2.0,26.0 148.0,26.0"]
    # Zero is between them.
    assert segments([-1, 1]) == ["2.0,26.0 148.0,2.0"]
