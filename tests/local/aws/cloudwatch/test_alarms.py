"""Alarms that are evaluated: they go off, tell a topic, and are well again."""

import json
import time

import pytest

from local.aws.services import cloudwatch as service

BOUND = 0.5
"""Seconds that a message may wait."""


@pytest.fixture
def cloudwatch(client):
    return client("cloudwatch")


@pytest.fixture
def url(client):
    return client("sqs").create_queue(QueueName="q")["QueueUrl"]


def put(cloudwatch, name="a", **changes):
    cloudwatch.put_metric_alarm(
        **{
            "AlarmName": name,
            "Namespace": "AWS/SQS",
            "MetricName": "ApproximateAgeOfOldestMessage",
            "Dimensions": [{"Name": "QueueName", "Value": "q"}],
            "Statistic": "Maximum",
            "ComparisonOperator": "GreaterThanThreshold",
            "Threshold": BOUND,
            "Period": 60,
            "EvaluationPeriods": 1,
            "TreatMissingData": "notBreaching",
        }
        | changes
    )


def states(cloudwatch, **options):
    found = cloudwatch.describe_alarms(**options)["MetricAlarms"]
    return {alarm["AlarmName"]: alarm["StateValue"] for alarm in found}


def inbox(client):
    """A topic, and what was published to it, by a queue that is subscribed."""
    sns, sqs = client("sns"), client("sqs")
    topic = sns.create_topic(Name="pager")["TopicArn"]
    url = sqs.create_queue(QueueName="inbox")["QueueUrl"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint="arn:aws:sqs:us-east-1:123456789012:inbox")

    def received():
        found = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
        notes = [json.loads(message["Body"]) for message in found]
        return [(note["Subject"], json.loads(note["Message"])) for note in notes]

    return topic, received


def test_an_alarm_goes_off_tells_once_and_is_well_again(client, cloudwatch, url):
    topic, received = inbox(client)
    put(cloudwatch, AlarmActions=[topic])
    assert states(cloudwatch) == {"a": "OK"}
    client("sqs").send_message(QueueUrl=url, MessageBody="x")
    time.sleep(BOUND + 0.1)
    assert states(cloudwatch, StateValue="ALARM") == {"a": "ALARM"}
    [alarm] = cloudwatch.describe_alarms()["MetricAlarms"]
    assert alarm["StateReason"].startswith("Threshold crossed: 1 of the last 1 data points [")
    [(subject, message)] = received()
    assert subject == 'ALARM: "a" in us-east-1'
    assert (message["OldStateValue"], message["NewStateValue"]) == ("OK", "ALARM")
    assert message["Trigger"]["Threshold"] == BOUND
    client("sqs").purge_queue(QueueUrl=url)
    assert states(cloudwatch) == {"a": "OK"}
    assert received() == []


def test_alarms_are_looked_at_when_nobody_asks(aws, client, cloudwatch, url):
    topic, received = inbox(client)
    put(cloudwatch, AlarmActions=[topic])
    client("sqs").send_message(QueueUrl=url, MessageBody="x")
    time.sleep(BOUND + 0.1)
    # As every minute.
    service.look(aws.account_id)
    assert [subject for subject, _ in received()] == ['ALARM: "a" in us-east-1']


def test_actions_that_are_switched_off_tell_nobody(client, cloudwatch, url):
    topic, received = inbox(client)
    put(cloudwatch, AlarmActions=[topic], ActionsEnabled=False)
    client("sqs").send_message(QueueUrl=url, MessageBody="x")
    time.sleep(BOUND + 0.1)
    assert states(cloudwatch) == {"a": "ALARM"}
    assert received() == []


def test_without_data_an_alarm_is_what_it_takes_missing_data_for(cloudwatch):
    for treatment in ("missing", "ignore", "breaching", "notBreaching"):
        put(cloudwatch, treatment, TreatMissingData=treatment)
    assert states(cloudwatch) == {
        "missing": "INSUFFICIENT_DATA",
        "ignore": "INSUFFICIENT_DATA",
        "breaching": "ALARM",
        "notBreaching": "OK",
    }


def test_an_alarm_that_is_changed_keeps_its_state_until_it_is_evaluated(cloudwatch):
    put(cloudwatch, TreatMissingData="breaching")
    assert states(cloudwatch) == {"a": "ALARM"}
    put(cloudwatch, TreatMissingData="ignore")
    assert states(cloudwatch) == {"a": "ALARM"}


def test_a_state_that_somebody_sets_lasts_until_the_next_evaluation(cloudwatch, url):
    put(cloudwatch)
    cloudwatch.set_alarm_state(AlarmName="a", StateValue="ALARM", StateReason="a drill")
    assert states(cloudwatch) == {"a": "OK"}


def test_alarms_on_percentiles_and_on_some_of_several_periods(cloudwatch):
    data = [{"MetricName": "Latency", "Value": value} for value in range(100)]
    cloudwatch.put_metric_data(Namespace="Mine", MetricData=data)
    for name, bound in (("crossed", 97), ("kept", 98)):
        cloudwatch.put_metric_alarm(
            AlarmName=name,
            Namespace="Mine",
            MetricName="Latency",
            ExtendedStatistic="p99",
            ComparisonOperator="GreaterThanThreshold",
            Threshold=bound,
            Period=60,
            EvaluationPeriods=3,
            DatapointsToAlarm=1,
        )
    assert states(cloudwatch) == {"crossed": "ALARM", "kept": "OK"}
