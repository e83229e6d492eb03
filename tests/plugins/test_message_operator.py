"""A text is sent once for each marker, whoever asks and wherever a try of the task ends."""

import json
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import boto3
import pytest
from airflow.sdk.exceptions import AirflowFailException
from botocore.exceptions import ClientError, EndpointConnectionError, ReadTimeoutError

from include.messages import TextMessage
from include.settings import settings
from local.aws.deliveries import newest_first
from local.stack.config import NOBODYS_NUMBER
from millrace.context import run_of
from millrace.defaults import AwsRetryPolicy
from millrace.operators.messages import TextMessageOperator

TEXT = "Voice message: hello"


class Killed(BaseException):
    """The task's process is gone: nothing in it catches this."""


@pytest.fixture
def inbox(aws):
    """The texts that this test's calls have delivered."""
    before = {delivery.message_id for delivery in newest_first(aws.account_id)}

    def delivered():
        return [each for each in newest_first(aws.account_id) if each.message_id not in before]

    return delivered


@pytest.fixture
def operator(context, s3):
    """A new try of the task, or of another with the same marker."""
    transcript = run_of(context).uri("transcript.json")
    bucket, key = transcript.removeprefix("s3://").split("/", 1)
    s3.put_object(Bucket=bucket, Key=key, Body=json.dumps({"text": "hello"}))
    marker = run_of(context).sent_uri(f"{context['ti'].run_id}.json")

    def build(run, recording, transcript):
        return TextMessage(f"Voice message: {transcript['text']}", marker, f"s3://b/{recording}.json")

    def make():
        return TextMessageOperator(
            task_id="send",
            build=build,
            arguments={"recording": "r"},
            documents={"transcript": lambda run, recording: transcript},
            aws_conn_id=None,
        )

    return make


@pytest.fixture
def marker(context, s3):
    """Reads the marker; None if there is none."""

    def read():
        uri = run_of(context).sent_uri(f"{context['ti'].run_id}.json")
        bucket, key = uri.removeprefix("s3://").split("/", 1)
        try:
            return json.loads(s3.get_object(Bucket=bucket, Key=key)["Body"].read())
        except s3.exceptions.NoSuchKey:
            return None

    return read


def another(context, **changes):
    """The context of another task instance."""
    other = {**context, "ti": SimpleNamespace(**{**vars(context["ti"]), **changes})}
    other["dag_run"] = SimpleNamespace(**{**vars(context["dag_run"]), "run_id": other["ti"].run_id})
    return other


def breaking(task, operation, error, *, after=False):
    """Has an operation of a client end with ``error``, before AWS hears of it or after it has answered."""
    client, name = operation

    def fail(**_):
        raise error

    client(task).meta.events.register(f"{'after' if after else 'before'}-call.{name}", fail)
    return task


def killed(task, operation, *, after=False):
    return breaking(task, operation, Killed(), after=after)


PUBLISH = (lambda task: task.sns, "sns.Publish")


def killed_when_marking(task):
    """Ends when it wants to write down that the message was sent."""
    task.s3.write = lambda *_: (_ for _ in ()).throw(Killed())
    return task


def answered(task, status, code, message="m"):
    """SNS answers with an error, and has not sent anything."""

    def answer(**_):
        return SimpleNamespace(status_code=status), {
            "Error": {"Code": code, "Message": message},
            "ResponseMetadata": {"HTTPStatusCode": status},
        }

    task.sns.meta.events.register("before-call.sns.Publish", answer)
    return task


def test_a_text_goes_to_the_number_of_the_deployment(operator, context, inbox, marker):
    result = operator().execute(context)
    [delivery] = inbox()
    assert (delivery.to, delivery.text) == (NOBODYS_NUMBER, TEXT)
    assert result == {"sent": True, "message_id": delivery.message_id}
    assert (marker()["state"], marker()["message_id"]) == ("sent", delivery.message_id)


def test_another_run_that_hears_of_the_same_upload_sends_nothing(operator, context, inbox):
    first = operator().execute(context)
    second = operator().execute(another(context, run_id="another"))
    assert second == {"sent": False, "message_id": first["message_id"]}
    assert len(inbox()) == 1


def test_of_runs_at_the_same_time_one_sends(operator, context, inbox):
    contexts = [another(context, run_id=f"run-{number}") for number in range(8)]
    tasks = [operator() for _ in contexts]
    for task in tasks:
        assert task.s3.client
        assert task.sns
    with ThreadPoolExecutor(len(tasks)) as pool:
        results = list(pool.map(lambda pair: pair[0].execute(pair[1]), zip(tasks, contexts, strict=True)))
    assert [result["sent"] for result in results].count(True) == 1
    assert len(inbox()) == 1


def test_a_task_that_ends_before_its_marker_is_written_sends_when_it_is_tried_again(operator, context, inbox):
    with pytest.raises(Killed):
        killed(operator(), (lambda task: task.s3.client, "s3.PutObject")).execute(context)
    assert operator().execute(context)["sent"]
    assert len(inbox()) == 1


def test_a_lost_answer_about_the_marker_is_no_other_s_marker(operator, context, inbox):
    """botocore asks S3 again, which then has one already."""
    task = operator()
    create, written = task.s3.create, []
    task.s3.create = lambda uri, content: (written.append(create(uri, content)), create(uri, content))[1]
    assert task.execute(context)["sent"]
    assert written == [True]
    assert len(inbox()) == 1


@pytest.mark.parametrize("sent", [False, True])
def test_a_task_that_ends_while_sns_is_asked_is_not_repeated_and_people_are_told(
    operator, context, inbox, marker, sent
):
    with pytest.raises(Killed):
        killed(operator(), PUBLISH, after=sent).execute(context)
    assert marker()["state"] == "sending"
    for _ in range(2):  # a retry, a clear
        with pytest.raises(AirflowFailException, match=r"not known.*text is in s3://b/r\.json.*delete s3://"):
            operator().execute(context)
    assert len(inbox()) == sent


def test_a_task_that_ends_after_the_message_and_before_its_marker_says_so_is_not_repeated(
    operator, context, inbox
):
    with pytest.raises(Killed):
        killed_when_marking(operator()).execute(context)
    with pytest.raises(AirflowFailException, match="an earlier try of this task ended"):
        operator().execute(context)
    assert len(inbox()) == 1


def test_a_task_that_ends_after_all_is_written_succeeds_when_it_is_tried_again(operator, context, inbox):
    first = operator().execute(context)
    assert operator().execute(context) == {"sent": False, "message_id": first["message_id"]}
    assert len(inbox()) == 1


def test_what_another_run_left_unfinished_is_that_run_s_to_tell(operator, context, inbox):
    with pytest.raises(Killed):
        killed(operator(), PUBLISH).execute(context)
    result = operator().execute(another(context, run_id="another"))
    assert result == {"sent": False, "message_id": None}
    assert inbox() == []


def test_who_deletes_the_marker_has_the_message_sent(operator, context, inbox, s3):
    with pytest.raises(Killed):
        killed(operator(), PUBLISH).execute(context)
    uri = run_of(context).sent_uri(f"{context['ti'].run_id}.json")
    bucket, key = uri.removeprefix("s3://").split("/", 1)
    s3.delete_object(Bucket=bucket, Key=key)
    assert operator().execute(context)["sent"]
    assert len(inbox()) == 1


@pytest.mark.parametrize(
    ("status", "code"), [(400, "Throttling"), (400, "InvalidParameter"), (403, "AuthorizationError")]
)
def test_what_sns_refuses_may_be_tried_again(operator, context, inbox, marker, status, code):
    with pytest.raises(ClientError, match=code):
        answered(operator(), status, code).execute(context)
    assert marker() is None
    assert operator().execute(context)["sent"]
    assert len(inbox()) == 1


def test_throttling_is_waited_out_by_airflow(operator, context):
    with pytest.raises(ClientError) as refused:
        answered(operator(), 400, "Throttling").execute(context)
    assert AwsRetryPolicy().evaluate(refused.value, 1, 2).action.name == "RETRY"


def test_without_a_connection_nothing_was_sent(operator, context, inbox, marker):
    error = EndpointConnectionError(endpoint_url="https://sns")
    with pytest.raises(EndpointConnectionError):
        breaking(operator(), PUBLISH, error).execute(context)
    assert marker() is None
    assert operator().execute(context)["sent"]


def test_an_answer_that_does_not_come_leaves_it_unknown(operator, context, inbox, marker):
    error = ReadTimeoutError(endpoint_url="https://sns")
    with pytest.raises(AirflowFailException, match="no answer of SNS: Read timeout"):
        breaking(operator(), PUBLISH, error, after=True).execute(context)
    assert marker()["state"] == "sending"
    assert len(inbox()) == 1


def test_botocore_asks_sns_once(operator, context):
    """What it repeats after a lost answer would be a second message."""
    task, asked = operator(), []

    def cut_off(**_):
        asked.append(1)
        raise ReadTimeoutError(endpoint_url="https://sns")

    task.sns.meta.events.register("before-send.sns.Publish", cut_off)
    with pytest.raises(AirflowFailException, match="no answer of SNS"):
        task.execute(context)
    assert len(asked) == 1


def test_a_failure_inside_sns_leaves_it_unknown(operator, context, marker):
    with pytest.raises(AirflowFailException, match="InternalError"):
        answered(operator(), 500, "InternalError").execute(context)
    assert marker()["state"] == "sending"


def _forget(context):
    uri = run_of(context).sent_uri(f"{context['ti'].run_id}.json")
    bucket, key = uri.removeprefix("s3://").split("/", 1)
    boto3.client("s3").delete_object(Bucket=bucket, Key=key)


def test_the_number_is_in_no_error_log_marker_or_field(operator, context, marker, capsys):
    task = operator()
    result = task.execute(context)
    shown = [json.dumps(marker()), json.dumps(result), json.dumps(task.arguments)]
    _forget(context)
    reason = f"Invalid parameter: PhoneNumber Reason: {NOBODYS_NUMBER} is not valid to publish to"
    with pytest.raises(ClientError, match=r"\*{10}23 is not valid") as refused:
        answered(operator(), 400, "InvalidParameter", reason).execute(context)
    shown += [str(refused.value), str(refused.value.response), repr(refused.value.__cause__)]
    assert refused.value.__suppress_context__
    shown += [log := capsys.readouterr().out]
    assert not [text for text in shown if NOBODYS_NUMBER[1:] in text]
    assert "**********23" in log


def test_without_a_number_nothing_is_claimed(operator, context, marker, monkeypatch):
    monkeypatch.delenv("MILLRACE_PHONE_NUMBER")
    settings.cache_clear()
    try:
        with pytest.raises(ValueError, match="MILLRACE_PHONE_NUMBER"):
            operator().execute(context)
    finally:
        monkeypatch.undo()
        settings.cache_clear()
    assert marker() is None
