"""The function between the records and the bucket."""

import base64
import json

import pytest

from tests.local.aws.firehose.account import LINES
from tests.local.aws.lambda_functions.account import Account as Functions
from tests.local.aws.lambda_functions.account import until

CODE = """
import base64
import json
import os

calls = 0


def handler(event, context):
    global calls
    calls += 1
    records = event["records"]
    sizes = [{**record, "data": len(base64.b64decode(record["data"]))} for record in records]
    print("EVENT", json.dumps({**event, "records": sizes}))
    if calls <= int(os.environ.get("FAILURES", "0")):
        raise ValueError("not yet")
    if "ANSWER" in os.environ:
        return json.loads(os.environ["ANSWER"])
    return {"records": [changed(record) for record in records]}


def changed(record):
    result, _, text = base64.b64decode(record["data"]).decode().partition(":")
    data = base64.b64encode(text.upper().encode()).decode()
    return {"recordId": record["recordId"], "result": result, "data": data}
"""
"""Does with a record what its text begins with: ``Ok:a`` becomes ``A``."""


@pytest.fixture(scope="module")
def images(function_images):
    return function_images


@pytest.fixture(scope="module")
def functions(server, account):
    made = Functions(server.endpoint_url)
    made.role()
    return made


def transform(functions, *, parameters=None, **environment):
    """The name of a function, and the processors of a delivery stream that has it and line feeds."""
    name = functions.function(CODE, Environment={"Variables": environment})
    arn = functions.functions.get_function(FunctionName=name)["Configuration"]["FunctionArn"]
    values = {"LambdaArn": arn, "BufferIntervalInSeconds": "0", "NumberOfRetries": "1"} | (parameters or {})
    given = [{"ParameterName": key, "ParameterValue": value} for key, value in values.items()]
    return name, [{"Type": "Lambda", "Parameters": given}, LINES]


def events(functions, name, count):
    """What the function was called with, data as their sizes."""

    def found():
        lines = [line for line in functions.log(name) if line.startswith("EVENT ")]
        return [json.loads(line.removeprefix("EVENT ")) for line in lines] if len(lines) >= count else None

    return until(found, f"{count} calls of {name}")


def failures(account, bucket, prefix):
    """Lines of JSON, which have blanks in them."""
    objects = account.objects(bucket, prefix).values()
    return [json.loads(line) for body in objects for line in body.splitlines()]


def test_records_are_changed_dropped_or_failed_as_the_function_says(account, functions, name):
    function, processors = transform(functions)
    account.make(name, processors=processors)
    account.put(name, "Ok:a", "Dropped:b", "ProcessingFailed:c", "Ok:d")
    assert account.delivered(name, 2, "2") == ["A", "D"]
    account.delivered(name, 1, "processing-failed/")
    [failed] = failures(account, name, "processing-failed/2")
    assert failed["arrivalTimestamp"] <= failed["attemptEndingTimestamp"]
    assert {key: value for key, value in failed.items() if not key.endswith("Timestamp")} == {
        "attemptsMade": 1,
        "errorCode": "Lambda.ProcessingFailedStatus",
        "errorMessage": "ProcessingFailed status set for record",
        "rawData": base64.b64encode(b"ProcessingFailed:c").decode(),
        "lambdaArn": f"arn:aws:lambda:us-east-1:123456789012:function:{function}",
    }


def test_the_function_is_told_where_records_are_from(account, functions, name):
    function, processors = transform(functions)
    account.kinesis.create_stream(StreamName=name, ShardCount=1)
    account.make(name, source=name, processors=processors)
    put = account.kinesis.put_record(StreamName=name, Data=b"Ok:a", PartitionKey="key")
    account.delivered(name, 1)
    [event] = events(functions, function, 1)
    assert event["deliveryStreamArn"].endswith(f":deliverystream/{name}")
    assert event["sourceKinesisStreamArn"].endswith(f":stream/{name}")
    [record] = event["records"]
    told = record["kinesisRecordMetadata"]
    assert (told["sequenceNumber"], told["partitionKey"]) == (put["SequenceNumber"], "key")


def test_records_go_to_the_function_in_batches_of_its_size(account, functions, name):
    function, processors = transform(functions, parameters={"BufferSizeInMBs": "0.2"})
    account.make(name, processors=processors)
    account.put(name, *["Ok:" + "x" * 50_000] * 20)
    account.delivered(name, 20)
    sizes = [sum(record["data"] for record in event["records"]) for event in events(functions, function, 4)]
    assert sum(sizes) == 20 * 50_003
    assert max(sizes) < 0.2 * (1 << 20) + 50_003


def test_a_function_that_fails_once_is_called_again(account, functions, name):
    function, processors = transform(functions, FAILURES="1")
    account.make(name, processors=processors)
    account.put(name, "Ok:a")
    assert account.delivered(name, 1) == ["A"]
    assert len(events(functions, function, 2)) == 2


@pytest.mark.parametrize(
    ("environment", "code"),
    [
        ({"FAILURES": "9"}, "Lambda.FunctionError"),
        ({"ANSWER": '{"records": []}'}, "Lambda.MissingRecordId"),
        ({"ANSWER": '{"record": []}'}, "Lambda.JsonProcessingException"),
        ({"ANSWER": "[1]"}, "Lambda.JsonProcessingException"),
    ],
)
def test_records_of_a_function_that_keeps_failing_are_kept_aside(account, functions, name, environment, code):
    function, processors = transform(functions, **environment)
    errors = "errors/!{firehose:error-output-type}/!{timestamp:yyyy}/"
    account.make(name, processors=processors, ErrorOutputPrefix=errors)
    account.put(name, "Ok:a", "Ok:b")
    account.delivered(name, 1, "errors/")
    found = failures(account, name, "errors/processing-failed/2")
    assert [(one["attemptsMade"], one["errorCode"]) for one in found] == [(2, code)] * 2
    assert [base64.b64decode(one["rawData"]) for one in found] == [b"Ok:a", b"Ok:b"]
    assert len(events(functions, function, 2)) == 2


def test_why_records_failed_is_in_the_log_of_the_delivery_stream(account, functions, name):
    _, processors = transform(functions)
    account.logs.create_log_group(logGroupName=name)
    account.logs.create_log_stream(logGroupName=name, logStreamName="S3Delivery")
    log = {"Enabled": True, "LogGroupName": name, "LogStreamName": "S3Delivery"}
    account.make(name, processors=processors, CloudWatchLoggingOptions=log)
    account.put(name, "ProcessingFailed:a")
    account.delivered(name, 1)
    found = account.logs.get_log_events(logGroupName=name, logStreamName="S3Delivery")["events"]
    [told] = [json.loads(event["message"]) for event in found]
    assert told["errorCode"] == "Lambda.ProcessingFailedStatus"
    assert told["deliveryStreamARN"].endswith(f"/{name}")


def test_records_of_a_function_that_is_not_there_are_kept_aside(account, functions, name):
    _, processors = transform(
        functions, parameters={"LambdaArn": "arn:aws:lambda:us-east-1:123456789012:function:gone"}
    )
    account.make(name, processors=processors)
    account.put(name, "Ok:a")
    account.delivered(name, 1, "processing-failed/")
    [failed] = failures(account, name, "processing-failed/2")
    assert failed["errorCode"] == "Lambda.ResourceNotFound"
