"""Human loops through boto3, answered as the page for reviewers does it."""

import json
import re
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from botocore.exceptions import ClientError

from local.aws.review.tasks import NotOpenError
from local.aws.services import review
from tests.local.aws.a2i.account import ENDED, TEMPLATE
from tests.local.aws.sagemaker.account import until
from tests.local.aws.sagemaker.shapes import problems

ARN = "arn:aws:sagemaker:us-east-1:123456789012"
A2I = "sagemaker-a2i-runtime"
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")


@pytest.fixture(scope="module")
def queue(account):
    url = account.sqs.create_queue(QueueName="loops")["QueueUrl"]
    attributes = account.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]
    pattern = {"source": ["aws.sagemaker"], "detail-type": ["SageMaker A2I HumanLoop Status Change"]}
    account.events.put_rule(Name="loops", EventPattern=json.dumps(pattern))
    account.events.put_targets(Rule="loops", Targets=[{"Id": "queue", "Arn": attributes["QueueArn"]}])
    return url


def _event(account, queue, arn):
    """The next event of a loop."""
    found = []

    def look():
        answer = account.sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10, WaitTimeSeconds=1)
        events = [json.loads(message["Body"]) for message in answer.get("Messages", [])]
        found.extend(event for event in events if event["resources"] == [arn])
        return found

    return until(look, bool, 20)[0]


def test_a_loop_runs_until_it_is_answered(account, name):
    flow = account.flow(name)
    arn = account.start(name, flow)
    assert arn == f"{ARN}:human-loop/{name}"
    found = account.describe(name)
    assert problems("DescribeHumanLoop", found, A2I) == []
    assert (found["HumanLoopStatus"], found["FlowDefinitionArn"]) == ("InProgress", flow)
    assert "HumanLoopOutput" not in found
    account.answer("ann", arn, {"transcript": "an EC2"})
    found = account.ended(name)
    assert problems("DescribeHumanLoop", found, A2I) == []
    assert found["HumanLoopStatus"] == "Completed"


def test_reviewers_get_what_the_flow_definition_says(account, name):
    flow = account.flow(name, TaskTimeLimitInSeconds=45, TaskAvailabilityLifetimeInSeconds=900, TaskCount=2)
    arn = account.start(name, flow, '{"heard": "x", "start": 1.5}')
    [task] = [t for t in review.tasks().open_for(account.worker("ann")) if t.reference == arn]
    assert (task.title, task.description, task.team) == ("Listen", "Type what you hear", account.team)
    assert (task.template, task.input) == (TEMPLATE, {"heard": "x", "start": 1.5})
    assert (task.time_limit_seconds, task.answers_wanted) == (45, 2)
    assert task.expires_at == account.describe(name)["CreationTime"] + timedelta(seconds=900)


def test_the_output_has_the_place_and_members_that_aws_documents(account, name):
    flow = account.flow(name, TaskCount=2)
    arn = account.start(name, flow, '{"heard": "annecy two", "file": "ä.flac"}')
    account.answer("bob", arn, {"transcript": "an EC2 “instance”"})
    assert account.describe(name)["HumanLoopStatus"] == "InProgress"
    account.answer("ann", arn, {"transcript": "any"})
    found = account.ended(name)
    created = found["CreationTime"].astimezone(UTC)
    uri = f"s3://{account.bucket}/reviews/{name}/{created:%Y/%m/%d/%H/%M/%S}/{name}/output.json"
    assert found["HumanLoopOutput"]["OutputS3Uri"] == uri
    stored = account.get(uri)
    assert stored["ContentType"] == "application/json"
    output = json.loads(stored["Body"].read())
    assert output.keys() == {"flowDefinitionArn", "humanAnswers", "humanLoopName", "inputContent"}
    assert (output["flowDefinitionArn"], output["humanLoopName"]) == (flow, name)
    assert output["inputContent"] == {"heard": "annecy two", "file": "ä.flac"}
    texts = [answer["answerContent"]["transcript"] for answer in output["humanAnswers"]]
    assert texts == ["an EC2 “instance”", "any"]
    for worker, answer in zip(("bob", "ann"), output["humanAnswers"], strict=True):
        assert answer["workerId"] == account.worker(worker).id
        assert answer["timeSpentInSeconds"] >= 0
        assert MOMENT.fullmatch(answer["acceptanceTime"])
        assert MOMENT.fullmatch(answer["submissionTime"])
        identity = answer["workerMetadata"]["identityData"]
        assert identity["issuer"] == "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_people"
        assert (identity["identityProviderType"], len(identity["sub"])) == ("Cognito", 36)


def test_text_that_no_encoding_has_comes_back_as_it_was(account, name):
    arn = account.start(name, account.flow(name), r'{"heard": "\ud800"}')
    account.answer("ann", arn, {"transcript": "\ud801"})
    output = json.loads(account.get(account.ended(name)["HumanLoopOutput"]["OutputS3Uri"])["Body"].read())
    assert output["inputContent"] == {"heard": "\ud800"}
    assert output["humanAnswers"][0]["answerContent"] == {"transcript": "\ud801"}


def test_a_slash_at_the_end_of_the_output_path_is_not_doubled(account, name):
    flow = account.flow(name, {"S3OutputPath": f"s3://{account.bucket}/"})
    account.answer("ann", account.start(name, flow), {})
    uri = account.ended(name)["HumanLoopOutput"]["OutputS3Uri"]
    assert uri.startswith(f"s3://{account.bucket}/{name}/20")


def test_the_output_is_encrypted_with_the_key_of_the_flow_definition(account, name):
    key = account.kms.create_key()["KeyMetadata"]["Arn"]
    account.answer("ann", account.start(name, account.flow(name, {"KmsKeyId": key})), {})
    stored = account.get(account.ended(name)["HumanLoopOutput"]["OutputS3Uri"])
    assert (stored["ServerSideEncryption"], stored["SSEKMSKeyId"]) == ("aws:kms", key)


def test_a_loop_whose_output_has_no_bucket_fails_and_says_so(account, name, queue):
    arn = account.start(name, account.flow(name, {"S3OutputPath": "s3://there-is-none/x"}))
    account.answer("ann", arn, {})
    found = account.ended(name)
    assert problems("DescribeHumanLoop", found, A2I) == []
    assert (found["HumanLoopStatus"], found["FailureCode"]) == ("Failed", "ValidationError")
    assert re.search(r"s3://there-is-none/x/.*NoSuchBucket", found["FailureReason"])
    assert _event(account, queue, arn)["detail"]["failureReason"] == found["FailureReason"]


def test_completion_is_an_event_in_the_shape_that_aws_documents(account, name, queue):
    flow = account.flow(name)
    arn = account.start(name, flow)
    account.answer("ann", arn, {})
    event = _event(account, queue, arn)
    found = account.ended(name)
    assert (event["source"], event["account"], event["region"]) == (
        "aws.sagemaker",
        "123456789012",
        "us-east-1",
    )
    detail = event["detail"]
    created = detail.pop("creationTime")
    assert MOMENT.fullmatch(created)
    assert datetime.fromisoformat(created) == found["CreationTime"]
    assert detail == {
        "failureCode": None,
        "failureReason": None,
        "flowDefinitionArn": flow,
        "humanLoopArn": arn,
        "humanLoopName": name,
        "humanLoopOutput": {"outputS3Uri": found["HumanLoopOutput"]["OutputS3Uri"]},
        "humanLoopStatus": "Completed",
    }


def test_a_loop_that_nobody_answers_in_time_fails_as_expired(account, name, queue):
    arn = account.start(name, account.flow(name, TaskAvailabilityLifetimeInSeconds=1, TaskCount=2))
    id_ = account.claim("ann", arn)
    account.answer("bob", arn, {})
    found = account.ended(name)
    assert (found["HumanLoopStatus"], found["FailureCode"]) == ("Failed", "Expired")
    assert found["FailureReason"].endswith("with 1 of 2 answers.")
    detail = _event(account, queue, arn)["detail"]
    assert (detail["humanLoopStatus"], detail["failureCode"], detail["humanLoopOutput"]) == (
        "Failed",
        "Expired",
        None,
    )
    with pytest.raises(NotOpenError):
        review.tasks().submit(account.worker("ann"), id_, {})


def test_a_stopped_loop_takes_its_task_from_who_holds_it(account, name, queue):
    arn = account.start(name, account.flow(name))
    id_ = account.claim("ann", arn)
    account.a2i.stop_human_loop(HumanLoopName=name)
    assert account.describe(name)["HumanLoopStatus"] in {"Stopping", "Stopped"}
    with pytest.raises(NotOpenError, match="is not open"):
        review.tasks().submit(account.worker("ann"), id_, {})
    assert review.tasks().held(account.worker("ann")) is None
    assert account.ended(name)["HumanLoopStatus"] == "Stopped"
    assert _event(account, queue, arn)["detail"]["humanLoopStatus"] == "Stopped"
    with pytest.raises(ClientError, match=r"ValidationException.*is Stopped: only one in progress"):
        account.a2i.stop_human_loop(HumanLoopName=name)


def test_of_a_stop_and_the_last_answer_at_once_the_loop_ends_one_way(account, name):
    flow = account.flow(name)
    for n in range(10):
        loop = f"{name}-{n}"
        arn = account.start(loop, flow)
        id_ = account.claim("ann", arn)
        with ThreadPoolExecutor(2) as pool:
            answer = pool.submit(review.tasks().submit, account.worker("ann"), id_, {})
            stop = pool.submit(account.a2i.stop_human_loop, HumanLoopName=loop)
        errors = [future.exception() for future in (answer, stop)]
        found = account.ended(loop)
        assert ("HumanLoopOutput" in found) == (found["HumanLoopStatus"] == "Completed")
        assert (found["HumanLoopStatus"] == "Completed") or errors[1] is None
        assert not isinstance(errors[0], NotOpenError) or found["HumanLoopStatus"] == "Stopped"


def test_a_loop_is_deleted_after_its_end_and_its_output_stays(account, name):
    arn = account.start(name, account.flow(name))
    with pytest.raises(ClientError, match=r"ValidationException.*is InProgress: stop it"):
        account.a2i.delete_human_loop(HumanLoopName=name)
    account.answer("ann", arn, {})
    uri = account.ended(name)["HumanLoopOutput"]["OutputS3Uri"]
    account.a2i.delete_human_loop(HumanLoopName=name)
    for operation in ("describe", "stop", "delete"):
        with pytest.raises(account.a2i.exceptions.ResourceNotFoundException, match=name):
            getattr(account.a2i, f"{operation}_human_loop")(HumanLoopName=name)
    assert account.get(uri)["ContentLength"] > 0


def test_a_loop_that_is_started_again_as_it_was_is_the_same(account, name):
    flow = account.flow(name)
    arn = account.start(name, flow)
    assert account.start(name, flow) == arn
    assert [t.reference for t in review.tasks().open_for(account.worker("ann"))].count(arn) == 1


def test_a_name_is_of_one_loop(account, name):
    flow = account.flow(name)
    arn = account.start(name, flow)
    with pytest.raises(account.a2i.exceptions.ConflictException, match=f"loop {name} already"):
        account.start(name, flow, '{"heard": "something else"}')
    account.answer("ann", arn, {})
    account.ended(name)
    with pytest.raises(account.a2i.exceptions.ConflictException, match="its status is Completed"):
        account.start(name, flow)


def test_of_many_starts_of_one_name_one_makes_the_loop(account, name):
    flow = account.flow(name)

    def start(n):
        try:
            return account.start(name, flow, json.dumps({"n": n}))
        except account.a2i.exceptions.ConflictException:
            return None

    with ThreadPoolExecutor(8) as pool:
        started = [arn for arn in pool.map(start, range(8)) if arn]
    assert len(started) == 1
    assert [t.reference for t in review.tasks().open_for(account.worker("ann"))].count(started[0]) == 1


def test_loops_are_listed_by_flow_definition_time_and_page(account, name):
    flow = account.flow(name)
    names = [f"{name}-{n}" for n in range(3)]
    for loop in names:
        account.start(loop, flow)
    middle = account.describe(names[1])["CreationTime"]

    def listed(**options):
        answer = account.a2i.list_human_loops(FlowDefinitionArn=flow, **options)
        assert problems("ListHumanLoops", answer, A2I) == []
        return [summary["HumanLoopName"] for summary in answer["HumanLoopSummaries"]], answer.get("NextToken")

    assert listed() == (names[::-1], None)
    first, token = listed(SortOrder="Ascending", MaxResults=2)
    assert (first, listed(SortOrder="Ascending", MaxResults=2, NextToken=token)) == (
        names[:2],
        (names[2:], None),
    )
    assert listed(CreationTimeAfter=middle)[0] == names[2:]
    assert listed(CreationTimeBefore=middle)[0] == names[:1]


def test_an_answered_loop_can_be_adopted_while_others_run(account, name):
    flow = account.flow(name)
    arns = [account.start(f"{name}-{n}", flow) for n in range(20)]
    for arn in arns[::2]:
        account.answer("ann", arn, {})
    for n in range(0, 20, 2):
        assert account.ended(f"{name}-{n}")["HumanLoopStatus"] == "Completed"
    statuses = [
        s["HumanLoopStatus"]
        for s in account.a2i.list_human_loops(FlowDefinitionArn=flow)["HumanLoopSummaries"]
    ]
    assert statuses.count("InProgress") == 10
    assert not set(statuses) & set(ENDED) - {"Completed"}


@pytest.mark.parametrize("loop", ["Upper", "under_score", "-dash", "dash-", "", "x" * 64, "ä"])
def test_a_name_that_is_none_is_refused(account, loop):
    with pytest.raises(account.a2i.exceptions.ValidationException, match="'humanLoopName' failed to satisfy"):
        account.start(loop, f"{ARN}:flow-definition/any")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{not json", "not valid JSON"),
        ("", "not valid JSON"),
        ('{"x": NaN}', "NaN is no JSON"),
        ("[1]", "has to be a JSON object"),
        ('{"x": "' + "ä" * 51_200 + '"}', "InputContent has 102409 bytes; the limit is 102400"),
        ("[" * 50_000, "not valid JSON"),
    ],
)
def test_an_input_that_is_none_is_refused(account, content, message):
    with pytest.raises(account.a2i.exceptions.ValidationException, match=message):
        account.start("refused", f"{ARN}:flow-definition/any", content)


@pytest.mark.parametrize(
    ("flow", "message"),
    [
        (f"{ARN}:flow-definition/nowhere", "flow definition .*nowhere does not exist"),
        ("arn:aws:sagemaker:eu-west-1:123456789012:flow-definition/other", "other does not exist"),
        ("nonsense", "'flowDefinitionArn' failed to satisfy"),
    ],
)
def test_a_flow_definition_that_is_not_there_is_refused(account, flow, message):
    account.flow("other") if "other" in flow else None
    with pytest.raises(account.a2i.exceptions.ValidationException, match=message):
        account.start("refused", flow)
