"""Asynchronous invocation, by Invoke and by the services that do not wait. A minute lasts 0.2 s here."""

import json

import pytest
from botocore.exceptions import ClientError

from tests.local.aws.lambda_functions.account import until

FAILS = "def handler(event, context):\n    print('tried')\n    raise ValueError('not today')"
WORKS = "def handler(event, context):\n    print('seen', event)\n    return {'done': event}"


def test_an_event_is_tried_three_times_and_told_of(account):
    records, record_arn = account.queue()
    dead, dead_arn = account.queue()
    name = account.function(FAILS, DeadLetterConfig={"TargetArn": dead_arn})
    account.functions.put_function_event_invoke_config(
        FunctionName=name, DestinationConfig={"OnFailure": {"Destination": record_arn}}
    )

    answer = account.invoke(name, {"n": 1}, InvocationType="Event")

    request = answer["ResponseMetadata"]["RequestId"]
    assert (answer["StatusCode"], answer["Payload"]) == (202, None)
    (told,) = (json.loads(message["Body"]) for message in account.receive(records))
    assert told["requestContext"] == {
        "requestId": request,
        "functionArn": f"arn:aws:lambda:us-east-1:123456789012:function:{name}:$LATEST",
        "condition": "RetriesExhausted",
        "approximateInvokeCount": 3,
    }
    assert told["requestPayload"] == {"n": 1}
    assert told["responseContext"] == {
        "statusCode": 200,
        "executedVersion": "$LATEST",
        "functionError": "Unhandled",
    }
    assert told["responsePayload"]["errorMessage"] == "not today"
    (buried,) = account.receive(dead)
    assert json.loads(buried["Body"]) == {"n": 1}
    values = {name: value["StringValue"] for name, value in buried["MessageAttributes"].items()}
    assert values == {"RequestID": request, "ErrorCode": "200", "ErrorMessage": "not today"}
    until(lambda: account.log(name).count("tried") == 3, "three tries in the log")


def test_retries_are_as_many_as_the_function_is_given_and_success_is_told_of(account):
    records, arn = account.queue()
    name = account.function(FAILS)
    account.functions.put_function_event_invoke_config(
        FunctionName=name, MaximumRetryAttempts=0, DestinationConfig={"OnFailure": {"Destination": arn}}
    )
    account.invoke(name, 1, InvocationType="Event")
    (told,) = (json.loads(message["Body"]) for message in account.receive(records))
    assert told["requestContext"]["approximateInvokeCount"] == 1

    works = account.function(WORKS)
    account.functions.put_function_event_invoke_config(
        FunctionName=works, DestinationConfig={"OnSuccess": {"Destination": arn}}
    )
    account.invoke(works, 2, InvocationType="Event")
    (told,) = (json.loads(message["Body"]) for message in account.receive(records))
    assert (told["requestContext"]["condition"], told["responsePayload"]) == ("Success", {"done": 2})


def test_a_function_without_concurrency_gives_its_events_up_at_once(account):
    dead, arn = account.queue()
    name = account.function(WORKS, DeadLetterConfig={"TargetArn": arn})
    account.functions.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=0)

    account.invoke(name, {"n": 1}, InvocationType="Event")

    assert json.loads(account.receive(dead)[0]["Body"]) == {"n": 1}
    with pytest.raises(ClientError, match="Rate Exceeded"):
        account.invoke(name)


def test_a_topic_calls_its_function_by_the_filter_policy(account):
    name = account.function("import json\ndef handler(event, context):\n    print(json.dumps(event))")
    arn = account.functions.get_function(FunctionName=name)["Configuration"]["FunctionArn"]
    topic = account.sns.create_topic(Name="to-a-function")["TopicArn"]
    subscription = account.sns.subscribe(
        TopicArn=topic,
        Protocol="lambda",
        Endpoint=arn,
        Attributes={"FilterPolicy": json.dumps({"kind": ["wanted"]})},
        ReturnSubscriptionArn=True,
    )["SubscriptionArn"]

    def publish(kind):
        return account.sns.publish(
            TopicArn=topic,
            Message="news",
            Subject="A subject",
            MessageAttributes={"kind": {"DataType": "String", "StringValue": kind}},
        )["MessageId"]

    publish("unwanted")
    sent = publish("wanted")

    (record,) = json.loads(account.until_logged(name, "Records"))["Records"]
    assert (record["EventSource"], record["EventSubscriptionArn"]) == ("aws:sns", subscription)
    told = record["Sns"]
    assert (told["Message"], told["Subject"], told["MessageId"], told["TopicArn"]) == (
        "news",
        "A subject",
        sent,
        topic,
    )
    assert told["MessageAttributes"] == {"kind": {"Type": "String", "Value": "wanted"}}
    assert sum("Records" in line for line in account.log(name)) == 1


def test_a_rule_calls_its_function(account):
    name = account.function(WORKS)
    arn = account.functions.get_function(FunctionName=name)["Configuration"]["FunctionArn"]
    events = account.client("events")
    events.put_rule(Name="to-a-function", EventPattern=json.dumps({"source": ["tests"]}))
    events.put_targets(Rule="to-a-function", Targets=[{"Id": "1", "Arn": arn, "InputPath": "$.detail"}])

    events.put_events(Entries=[{"Source": "tests", "DetailType": "t", "Detail": json.dumps({"show": 7})}])

    assert account.until_logged(name, "seen") == "seen {'show': 7}"


def test_a_bucket_calls_its_function(account):
    name = account.function(
        "def handler(event, context):\n    print(event['Records'][0]['s3']['object']['key'])"
    )
    arn = account.functions.get_function(FunctionName=name)["Configuration"]["FunctionArn"]
    s3 = account.client("s3")
    s3.create_bucket(Bucket="to-a-function")
    s3.put_bucket_notification_configuration(
        Bucket="to-a-function",
        NotificationConfiguration={
            "LambdaFunctionConfigurations": [{"LambdaFunctionArn": arn, "Events": ["s3:ObjectCreated:*"]}]
        },
    )

    s3.put_object(Bucket="to-a-function", Key="b.txt", Body=b"x")

    assert account.until_logged(name, "b.txt")
