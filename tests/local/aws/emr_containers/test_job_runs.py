import json
import os
from datetime import UTC, datetime, timedelta

import pytest

from tests.local.aws.emr_containers.account import ACCOUNT, REGION, until
from tests.local.aws.emr_containers.test_virtual_clusters import refused

HANG = "import time\nprint('ready', flush=True)\ntime.sleep(60)"


@pytest.fixture(scope="module")
def hello(account):
    """A job run that has printed on both streams, and its id."""
    code = "import sys; print('hello', *sys.argv[1:]); print('careful', file=sys.stderr)"
    id_ = account.start("hello", code, arguments=["a b", "c"], tags={"millrace:dag": "amp_lake"})
    return account.ended(id_)


def test_a_job_run_is_described_with_its_request(account, hello):
    assert hello["state"] == "COMPLETED"
    assert hello["stateDetails"].startswith("JobRun completed successfully. It ran for ")
    assert hello["arn"].endswith(f":/virtualclusters/{account.cluster}/jobruns/{hello['id']}")
    assert hello["name"] == "hello"
    assert hello["tags"] == {"millrace:dag": "amp_lake"}
    assert hello["jobDriver"]["sparkSubmitJobDriver"]["entryPointArguments"] == ["a b", "c"]
    assert hello["createdAt"] <= hello["finishedAt"]
    assert "failureReason" not in hello


def test_what_a_driver_prints_is_in_two_streams_of_cloudwatch_and_two_files_of_s3(account, hello):
    assert account.lines(hello["id"], "stdout") == account.packed(hello["id"], "stdout") == ["hello a b c"]
    assert account.lines(hello["id"], "stderr") == account.packed(hello["id"], "stderr") == ["careful"]


def test_a_failure_leads_with_the_jobs_own_sentence(account):
    job = account.ended(account.start("fails", "raise ValueError('no events on 2026-01-01')"))
    assert (job["state"], job["failureReason"]) == ("FAILED", "USER_ERROR")
    assert job["stateDetails"].startswith("ValueError: no events on 2026-01-01 (the main Spark container")
    job = account.ended(account.start("fails-at-length", "raise ValueError('x' * 500)"))
    assert len(job["stateDetails"]) <= 256
    assert job["stateDetails"].endswith("exit code 1; see its logs)")


def test_an_image_that_is_not_there_is_no_fault_of_the_program(account):
    job = account.ended(account.start("no-image", image="millrace/nothing:1"))
    assert (job["state"], job["failureReason"]) == ("FAILED", "VALIDATION_ERROR")
    assert "millrace/nothing:1 not found" in job["stateDetails"]


def test_a_cancelled_job_run_ends_its_process(account, tmp_path):
    file = tmp_path / "pid"
    id_ = account.start("cancelled", f"import os; open({str(file)!r}, 'w').write(str(os.getpid()))\n{HANG}")
    pid = int(until(lambda: file.exists() and file.read_text(), bool))
    assert account.describe(id_)["state"] == "RUNNING"
    assert account.cancel(id_)["id"] == id_
    assert account.ended(id_)["state"] == "CANCELLED"
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    assert refused(lambda: account.cancel(id_)) == (
        "ValidationException",
        f"Job run {id_} is not in a cancellable state",
    )


def test_a_token_starts_one_job_run(account):
    request = account.request("once")
    first, second = (account.emr.start_job_run(**request) for _ in range(2))
    assert first["id"] == second["id"]
    code, message = refused(account.emr.start_job_run, **request | {"name": "twice"})
    assert (code, first["id"] in message) == ("ValidationException", True)
    assert account.start("once", clientToken="another") != first["id"]


def test_a_driver_is_tried_again_as_often_as_asked(account, tmp_path):
    file = tmp_path / "tries"
    code = f"with open({str(file)!r}, 'a') as f: f.write('x')\nassert len(open({str(file)!r}).read()) == 2"
    job = account.ended(account.start("again", code, retryPolicyConfiguration={"maxAttempts": 3}))
    assert job["state"] == "COMPLETED"
    assert job["retryPolicyExecution"] == {"currentAttemptCount": 2}


def test_the_list_is_filtered_and_paged(account, hello):
    before = datetime.now(UTC)
    made = [account.start("listed", clientToken=f"listed-{n}") for n in range(3)]
    for id_ in made:
        account.ended(id_)

    def listed(**filters):
        pages = account.emr.get_paginator("list_job_runs").paginate(
            virtualClusterId=account.cluster, **filters, PaginationConfig={"PageSize": 2}
        )
        return [job["id"] for page in pages for job in page["jobRuns"]]

    assert listed(name="listed") == made[::-1]
    assert listed(name="liste") == []
    assert listed(name="listed", states=["FAILED", "RUNNING"]) == []
    assert listed(name="listed", createdAfter=before - timedelta(seconds=1)) == made[::-1]
    assert hello["id"] not in listed(createdAfter=before)
    assert listed(createdBefore=before - timedelta(days=1)) == []


@pytest.mark.parametrize(
    ("changes", "code", "words"),
    [
        (
            {"virtualClusterId": "nowhere"},
            "ResourceNotFoundException",
            "Virtual cluster nowhere doesn't exist",
        ),
        ({"releaseLabel": "emr-9.99-latest"}, "ResourceNotFoundException", "Release emr-9.99-latest doesn't"),
        ({"releaseLabel": "emr-5.31.0-latest"}, "ResourceNotFoundException", "Release emr-5.31.0-latest"),
        ({"executionRoleArn": None}, "ValidationException", "executionRoleArn: give it"),
        (
            {"executionRoleArn": f"arn:aws:iam::{ACCOUNT}:role/nobody"},
            "ValidationException",
            "role/nobody can't be assumed",
        ),
        ({"jobTemplateId": "abc"}, "ValidationException", "no job templates"),
        (
            {"jobDriver": {"sparkSqlJobDriver": {"entryPoint": "s3://a/b.sql"}}},
            "ValidationException",
            "jobDriver holds sparkSqlJobDriver",
        ),
        ({"parameters": "--conf 'a=b"}, "ValidationException", "No closing quotation"),
        ({"name": "a name"}, "ValidationException", "regular expression pattern"),
        ({"retryPolicyConfiguration": {"maxAttempts": 0}}, "ValidationException", "maxAttempts is 0"),
    ],
)
def test_a_request_that_aws_refuses(account, changes, code, words):
    request = account.request("refused", **{"clientToken": str(changes), **changes})
    request["clientToken"] = request["clientToken"][:64]
    found, message = refused(account.emr.start_job_run, **request)
    assert (found, words in message) == (code, True), message


def test_a_job_run_that_is_not_there(account, hello):
    other = account.new_cluster("other")
    for cluster, id_ in ((account.cluster, "0" * 19), (other, hello["id"])):
        about = {"virtualClusterId": cluster, "id": id_}
        assert refused(account.emr.describe_job_run, **about) == (
            "ResourceNotFoundException",
            f"Job run {id_} doesn't exist.",
        )
        assert refused(account.emr.cancel_job_run, **about)[0] == "ValidationException"


def test_every_change_of_state_is_an_event(account):
    queue = account.sqs.create_queue(QueueName="states")["QueueUrl"]
    account.events.put_rule(Name="states", EventPattern=json.dumps({"source": ["aws.emr-containers"]}))
    arn = f"arn:aws:sqs:{REGION}:{ACCOUNT}:states"
    account.events.put_targets(Rule="states", Targets=[{"Id": "queue", "Arn": arn}])
    id_ = account.start("announced", "raise ValueError('why')")
    account.ended(id_)

    def received():
        messages = account.sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10, WaitTimeSeconds=1)
        events.extend(json.loads(message["Body"]) for message in messages.get("Messages", []))
        return [event for event in events if event["detail"]["id"] == id_]

    events = []
    found = sorted(
        until(received, lambda found: len(found) == 4), key=lambda event: STATES.index(state_of(event))
    )
    assert [state_of(event) for event in found] == STATES
    assert {event["detail-type"] for event in found} == {"EMR Job Run State Change"}
    last = found[-1]["detail"]
    assert (last["severity"], last["name"]) == ("ERROR", "announced")
    assert (last["virtualClusterId"], last["failureReason"]) == (account.cluster, "USER_ERROR")
    assert last["stateDetails"].startswith("ValueError: why")


STATES = ["PENDING", "SUBMITTED", "RUNNING", "FAILED"]


def state_of(event):
    return event["detail"]["state"]
