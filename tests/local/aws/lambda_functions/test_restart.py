"""What outlives the server, and what must not."""

import json

import psutil
import pytest

from tests.local.aws.lambda_functions.account import Account, until

CODE = """
import json
import os
import subprocess
import time


def handler(event, context):
    if event == "hang":
        subprocess.Popen(["sleep", "600"])
        print("hangs")
        time.sleep(600)
    for record in event["Records"]:
        print("saw", record["body"])
"""


@pytest.fixture
def home(tmp_path, function_images):
    (tmp_path / "images").symlink_to(function_images)


def below(pid):
    return [process.pid for process in psutil.Process(pid).children(recursive=True)]


@pytest.mark.parametrize(
    "kill", [pytest.param(False, marks=pytest.mark.slow), True], ids=["stopped", "killed"]
)
def test_functions_mappings_and_messages_outlive_the_server_and_processes_do_not(child, home, kill):
    child.start()
    account = Account(child.endpoint_url)
    account.role()
    name = account.function(CODE, Timeout=30, Environment={"Variables": {"A": "b"}})
    url, arn = account.queue()
    account.map(name, arn)
    account.invoke(name, "hang", InvocationType="Event")
    account.until_logged(name, "hangs")
    processes = below(child.process.pid)
    assert len(processes) >= 3, "the init process, the program and what it started"
    # A server that is killed loses what was answered in its last second.
    parts = (arn.encode(), b"hangs")
    until(lambda: _in_snapshot(child, parts), "mapping and log in the snapshot")
    child.end(kill=kill)

    until(lambda: not any(map(psutil.pid_exists, processes)), "the end of every process")
    child.start()
    account = Account(child.endpoint_url)
    (mapping,) = account.functions.list_event_source_mappings(FunctionName=name)["EventSourceMappings"]
    assert mapping["State"] == "Enabled"
    assert account.functions.get_function_configuration(FunctionName=name)["Environment"] == {
        "Variables": {"A": "b"}
    }
    account.send(url, {"after": "restart"})
    account.until_logged(name, json.dumps({"after": "restart"}))
    # The event that was under way is tried again.
    until(lambda: account.log(name).count("hangs") == 2, "the event, again")


def _in_snapshot(child, parts):
    snapshot = child.home / "snapshot"
    return snapshot.exists() and all(part in snapshot.read_bytes() for part in parts)
