"""An environment is taken away with everything in its buckets, if that is what was meant."""

import io
from datetime import UTC, datetime
from pathlib import Path

import boto3
import pytest
from botocore.exceptions import ClientError
from botocore.stub import Stubber

from local import teardown
from local.stack.config import StackConfig
from tests.aws import provisioned

STACK = StackConfig(home=Path()).stack_name


@pytest.fixture(scope="module")
def s3(tmp_path_factory):
    home = tmp_path_factory.mktemp("environment")
    with provisioned(home, home / "images"):
        yield boto3.client("s3")


@pytest.fixture
def buckets(s3):
    return teardown.buckets(boto3.client("cloudformation"), STACK)


@pytest.fixture
def answer(monkeypatch):
    return lambda text: monkeypatch.setattr("sys.stdin", io.StringIO(f"{text}\n"))


def test_whoever_does_not_mean_it_loses_nothing(s3, buckets, answer, capsys):
    s3.put_object(Bucket=buckets[1], Key="main/a", Body=b"1")
    answer("yes")
    assert teardown.main(["--stack-name", STACK]) == 1
    assert "Nothing is deleted." in capsys.readouterr().out
    assert s3.get_object(Bucket=buckets[1], Key="main/a")["Body"].read() == b"1"


def test_a_stack_that_is_not_there_is_named(s3, capsys):
    assert teardown.main(["--stack-name", "nobody-s"]) == 2
    assert "There is no stack nobody-s here" in capsys.readouterr().err


def test_a_protected_stack_keeps_what_is_in_its_buckets(answer, capsys, monkeypatch):
    # moto knows no protection.
    with Stubber(client := boto3.client("cloudformation")) as stub:
        found = {"StackName": STACK, "StackStatus": "CREATE_COMPLETE", "CreationTime": datetime.now(tz=UTC)}
        stub.add_response("describe_stacks", {"Stacks": [{**found, "EnableTerminationProtection": True}]})
        monkeypatch.setattr(boto3.session.Session, "client", lambda session, name: client)
        answer(STACK)
        assert teardown.main(["--stack-name", STACK]) == 2
    assert f"{STACK} is protected from being deleted: nothing is done" in capsys.readouterr().err


def test_whatever_is_no_absence_is_told_as_it_is():
    with Stubber(client := boto3.client("cloudformation")) as stub:
        stub.add_client_error("describe_stacks", "AccessDenied", "no right to that")
        with pytest.raises(ClientError, match="no right to that"):
            teardown.buckets(client, STACK)


def test_every_version_goes_and_then_stack_and_buckets(s3, buckets, answer, capsys):
    assert len(buckets) == 3
    for content in (b"old", b"new"):
        s3.put_object(Bucket=buckets[0], Key="main/a", Body=content)
    s3.delete_object(Bucket=buckets[0], Key="main/a")
    answer(STACK)
    assert teardown.main(["--stack-name", STACK]) == 0
    told = capsys.readouterr().out
    assert f"{buckets[0]}: 3 versions of objects deleted" in told
    assert {each["Name"] for each in s3.list_buckets()["Buckets"]} & set(buckets) == set()
    with pytest.raises(ClientError, match="does not exist"):
        boto3.client("cloudformation").describe_stacks(StackName=STACK)


def test_buckets_that_a_stack_has_left_are_named_for_another_try(s3, answer, capsys):
    for name in ("late-logs", "later-logs"):
        s3.create_bucket(Bucket=name)
        s3.put_object(Bucket=name, Key="written/after/the/first/look", Body=b"1")
    rest = ["late-logs", "gone-already", "later-logs"]
    with pytest.raises(
        teardown.TeardownError, match=r"gone-already could not .* --buckets gone-already later-logs$"
    ):
        list(teardown.delete_buckets(boto3.session.Session(), STACK, rest))
    answer(STACK)
    assert teardown.main(["--stack-name", STACK, "--buckets", "later-logs"]) == 0
    assert "later-logs: deleted" in capsys.readouterr().out
    assert not {each["Name"] for each in s3.list_buckets()["Buckets"]} & set(rest)
