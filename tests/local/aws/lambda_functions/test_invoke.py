import base64
import json
import time
from concurrent.futures import ThreadPoolExecutor

import psutil
import pytest
from botocore.exceptions import ClientError

from tests.local.aws.lambda_functions.account import package, until


def test_a_function_sees_what_aws_gives_it_and_stays_warm(account):
    name = account.function(
        """
        import os
        import sys

        calls = 0


        def handler(event, context):
            global calls
            calls += 1
            print("call", calls)
            return {
                "event": event,
                "calls": calls,
                "pid": os.getpid(),
                "request": context.aws_request_id,
                "function": [context.function_name, context.function_version, context.invoked_function_arn],
                "log": [context.log_group_name, context.log_stream_name],
                "memory": context.memory_limit_in_mb,
                "remaining": context.get_remaining_time_in_millis(),
                "environment": dict(os.environ),
                "folder": os.getcwd() == os.path.dirname(__file__) == os.environ["LAMBDA_TASK_ROOT"],
            }
        """,
        Environment={"Variables": {"WHERE": "here"}},
        MemorySize=256,
    )

    first, second = account.invoke(name, {"n": 1}), account.invoke(name, {"n": 2}, LogType="Tail")

    seen = first["Payload"]
    assert "FunctionError" not in first
    assert first["ExecutedVersion"] == "$LATEST"
    assert seen["event"] == {"n": 1}
    assert seen["request"] == first["ResponseMetadata"]["RequestId"]
    assert seen["function"] == [name, "$LATEST", f"arn:aws:lambda:us-east-1:123456789012:function:{name}"]
    assert seen["memory"] == "256"
    assert 15_000 < seen["remaining"] <= 20_000
    assert seen["folder"]
    variables = seen["environment"]
    assert variables["WHERE"] == "here"
    assert variables["AWS_LAMBDA_FUNCTION_NAME"] == name
    assert variables["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"] == "256"
    assert variables["AWS_ENDPOINT_URL"] == account.endpoint_url
    assert variables["AWS_REGION"] == "us-east-1"
    assert variables["_HANDLER"] == "app.handler"
    assert (seen["calls"], second["Payload"]["calls"]) == (1, 2)
    assert seen["pid"] == second["Payload"]["pid"]

    request = second["ResponseMetadata"]["RequestId"]
    tail = base64.b64decode(second["LogResult"]).decode().splitlines()
    assert tail[:3] == [f"START RequestId: {request} Version: $LATEST", "call 2", f"END RequestId: {request}"]
    assert tail[3].startswith(f"REPORT RequestId: {request}\tDuration: ")
    group, stream = seen["log"]
    assert group == f"/aws/lambda/{name}"
    account.until_logged(name, f"REPORT RequestId: {request}")
    lines = [
        event["message"]
        for event in account.logs.get_log_events(logGroupName=group, logStreamName=stream)["events"]
    ]
    assert lines[1] == f"START RequestId: {seen['request']} Version: $LATEST"
    assert lines[2] == "call 1"
    assert "Init Duration: " in lines[4]
    assert lines[5:9] == tail


def test_boto3_is_there_and_calls_this_aws_as_the_function(account, server):
    name = account.function(
        """
        import boto3


        def handler(event, context):
            boto3.client("sqs").create_queue(QueueName=event)
            return boto3.__version__
        """
    )

    assert account.invoke(name, "made-by-a-function")["Payload"]
    assert account.sqs.get_queue_url(QueueName="made-by-a-function")["QueueUrl"]


@pytest.mark.parametrize(
    ("code", "kind", "message"),
    [
        ("def handler(event, context):\n    raise KeyError('height')", "KeyError", "'height'"),
        (
            "import nothing_of_this_name",
            "Runtime.ImportModuleError",
            "No module named 'nothing_of_this_name'",
        ),
        ("def other(event, context): ...", "Runtime.HandlerNotFound", "Handler 'handler' missing"),
        ("def handler(event, context)", "Runtime.UserCodeSyntaxError", "Syntax error in module 'app'"),
        (
            "def handler(event, context):\n    return {1, 2}",
            "Runtime.MarshalError",
            "Unable to marshal response",
        ),
        ("import os\ndef handler(event, context):\n    os._exit(3)", "Runtime.ExitError", "exit status 3"),
    ],
)
def test_a_function_that_fails_answers_as_aws_words_it(account, code, kind, message):
    name = account.function(code)

    answer = account.invoke(name, {})

    assert answer["StatusCode"] == 200
    assert answer["FunctionError"] == "Unhandled"
    assert answer["Payload"]["errorType"] == kind
    assert message in answer["Payload"]["errorMessage"]


def test_an_error_has_the_line_of_the_handler_in_its_stack_trace_and_its_log(account):
    name = account.function("def handler(event, context):\n    return 1 / event")

    failed, well = account.invoke(name, 0), account.invoke(name, 2)

    (frame,) = failed["Payload"]["stackTrace"]
    assert 'app.py", line 2, in handler\n    return 1 / event' in frame
    assert well["Payload"] == 0.5
    account.until_logged(name, "[ERROR] ZeroDivisionError: division by zero")


def test_a_function_that_takes_too_long_is_killed_with_what_it_started_and_the_next_call_is_cold(account):
    name = account.function(
        """
        import subprocess
        import time

        print("cold")


        def handler(event, context):
            if not event:
                return "quick"
            child = subprocess.Popen(["sleep", "600"])
            print("child", child.pid)
            time.sleep(600)
        """,
        Timeout=1,
    )

    began = time.monotonic()
    answer = account.invoke(name, 1)

    assert time.monotonic() - began < 30
    request = answer["ResponseMetadata"]["RequestId"]
    assert answer["FunctionError"] == "Unhandled"
    assert answer["Payload"] == {
        "errorType": "Sandbox.Timedout",
        "errorMessage": f"RequestId: {request} Error: Task timed out after 1.00 seconds",
    }
    assert account.until_logged(name, "Task timed out").endswith(
        f"Z {request} Task timed out after 1.00 seconds"
    )
    child = int(account.until_logged(name, "child").split()[1])
    until(lambda: not psutil.pid_exists(child), "the end of what the function started")
    assert account.invoke(name)["Payload"] == "quick"
    until(lambda: account.log(name).count("cold") == 2, "a second start in the log")


def test_calls_at_the_same_time_have_processes_of_their_own(account):
    name = account.function(
        """
        import os
        import time


        def handler(event, context):
            time.sleep(1)
            return os.getpid()
        """
    )

    with ThreadPoolExecutor(3) as threads:
        pids = list(threads.map(lambda _: account.invoke(name)["Payload"], range(3)))

    assert len(set(pids)) == 3
    assert account.invoke(name)["Payload"] in pids


def test_reserved_concurrency_throttles(account):
    name = account.function("import time\ndef handler(event, context):\n    time.sleep(event)")
    account.functions.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=1)
    account.invoke(name, 0)

    with ThreadPoolExecutor(1) as threads:
        # The one that asks may itself be in the way of the one that is to be busy.
        busy = threads.submit(until, lambda: not _refused(account, name, 5), "a busy function")
        refused = until(lambda: not busy.done() and _refused(account, name), "a refusal")
        assert not busy.done()

    assert refused["Error"]["Code"] == "TooManyRequestsException"
    assert refused["Reason"] == "ReservedFunctionConcurrentInvocationLimitExceeded"
    assert refused["ResponseMetadata"]["HTTPStatusCode"] == 429
    assert account.invoke(name, 0)["StatusCode"] == 200


def _refused(account, name, seconds=0):
    try:
        account.invoke(name, seconds)
    except ClientError as error:
        return error.response
    return None


def test_new_code_and_new_variables_are_in_the_next_call(account):
    code = "import os\ndef handler(event, context):\n    return [{}, os.environ.get('COLOUR')]"
    name = account.function(code.format(1))
    assert account.invoke(name)["Payload"] == [1, None]
    before = account.functions.get_function_configuration(FunctionName=name)

    account.functions.update_function_code(FunctionName=name, ZipFile=package(code.format(2)))
    assert account.invoke(name)["Payload"] == [2, None]
    account.functions.update_function_configuration(
        FunctionName=name, Environment={"Variables": {"COLOUR": "red"}}
    )
    assert account.invoke(name)["Payload"] == [2, "red"]

    after = account.functions.get_function_configuration(FunctionName=name)
    assert after["CodeSha256"] != before["CodeSha256"]
    assert after["RevisionId"] != before["RevisionId"]


def test_a_dry_run_runs_nothing(account):
    name = account.function("print('started')\ndef handler(event, context): ...")

    assert account.functions.invoke(FunctionName=name, InvocationType="DryRun")["StatusCode"] == 204
    assert account.log(name) == []


def test_what_cannot_be_invoked_is_refused(account):
    name = account.function("def handler(event, context): ...")
    refusals = {
        "ResourceNotFoundException": {"FunctionName": "nobody"},
        "InvalidRequestContentException": {"FunctionName": name, "Payload": b"{"},
        "RequestTooLargeException": {
            "FunctionName": name,
            "Payload": json.dumps("x" * (1 << 20)).encode(),
            "InvocationType": "Event",
        },
    }
    for code, request in refusals.items():
        with pytest.raises(ClientError) as caught:
            account.functions.invoke(**request)
        assert caught.value.response["Error"]["Code"] == code


def test_packages_of_requirements_are_installed_once_and_come_before_the_runtimes_own(account):
    name = account.function(
        """
        import boto3
        import six


        def handler(event, context):
            return [six.__version__, "six" in six.__file__, boto3.__name__]
        """,
        files={"requirements__txt": "six==1.16.0\n"},
    )

    assert account.invoke(name)["Payload"] == ["1.16.0", True, "boto3"]


def test_a_version_keeps_its_code(account):
    name = account.function("def handler(event, context):\n    return context.function_version, 'old'")
    version = account.functions.publish_version(FunctionName=name)["Version"]
    account.functions.update_function_code(
        FunctionName=name, ZipFile=package("def handler(event, context):\n    return 'new'")
    )

    assert account.invoke(name, Qualifier=version)["Payload"] == [version, "old"]
    assert account.invoke(name)["Payload"] == "new"
