"""What survives a restart, a kill, and files that must not be loaded."""

import json
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, ClassVar

import moto.backend_index
import moto.backends
import pytest
from moto.core.base_backend import BackendDict
from moto.s3.models import s3_backends
from moto.sqs.models import sqs_backends

from local.aws import pickling
from local.aws.server import LocalAws
from local.aws.state import StateRefusedError
from tests.local.conftest import Child, connect

ROLE_POLICY = json.dumps({"Version": "2012-10-17", "Statement": []})
TEMPLATE = json.dumps(
    {"Resources": {"Topic": {"Type": "AWS::SNS::Topic"}}, "Outputs": {"Arn": {"Value": {"Ref": "Topic"}}}}
)


LAST_MADE = "the-last-one-made"
SNAPSHOT_SECONDS = 60


def wait_for_a_snapshot_with(child: Child, name: str) -> None:
    """A snapshot is due a second after a change, but its writing takes as long as the machine is busy."""
    deadline = time.monotonic() + SNAPSHOT_SECONDS
    snapshot = child.home / "snapshot"
    while not (snapshot.exists() and name.encode() in snapshot.read_bytes()):
        assert time.monotonic() < deadline, f"no snapshot with {name} after {SNAPSHOT_SECONDS} s"
        time.sleep(0.1)


def fill(client: Callable[[str], Any]) -> None:
    """Makes one thing of each kind that the stack keeps."""
    s3, sqs, sns, events = client("s3"), client("sqs"), client("sns"), client("events")
    s3.create_bucket(Bucket="data")
    s3.put_object(Bucket="data", Key="a b/ü.txt", Body=b"kept", Metadata={"who": "me"})
    queue = sqs.create_queue(QueueName="queue")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    topic = sns.create_topic(Name="topic")["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn, Attributes={"RawMessageDelivery": "true"})
    events.put_rule(Name="rule", EventPattern='{"source": ["test"]}')
    events.put_targets(Rule="rule", Targets=[{"Id": "topic", "Arn": topic}])
    sqs.send_message(QueueUrl=queue, MessageBody="waiting")
    client("iam").create_role(RoleName="role", AssumeRolePolicyDocument=ROLE_POLICY)
    client("logs").create_log_group(logGroupName="/logs")
    client("cloudformation").create_stack(StackName="stack", TemplateBody=TEMPLATE)
    client("sagemaker").create_model_package_group(ModelPackageGroupName=LAST_MADE)


def check(client: Callable[[str], Any]) -> None:
    """All that :func:`fill` made is there and works together."""
    s3, sqs = client("s3"), client("sqs")
    kept = s3.get_object(Bucket="data", Key="a b/ü.txt")
    assert (kept["Body"].read(), kept["Metadata"]) == (b"kept", {"who": "me"})
    queue = sqs.get_queue_url(QueueName="queue")["QueueUrl"]
    client("events").put_events(Entries=[{"Source": "test", "DetailType": "T", "Detail": '{"n": 1}'}])
    bodies = []
    while messages := sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=1).get("Messages", []):
        bodies.append(messages[0]["Body"])
        sqs.delete_message(QueueUrl=queue, ReceiptHandle=messages[0]["ReceiptHandle"])
    assert bodies[0] == "waiting"
    assert json.loads(bodies[1])["detail"] == {"n": 1}
    assert client("iam").get_role(RoleName="role")["Role"]["AssumeRolePolicyDocument"] == json.loads(
        ROLE_POLICY
    )
    assert client("logs").describe_log_groups()["logGroups"][0]["logGroupName"] == "/logs"
    stack = client("cloudformation").describe_stacks(StackName="stack")["Stacks"][0]
    arns = [topic["TopicArn"] for topic in client("sns").list_topics()["Topics"]]
    assert stack["Outputs"][0]["OutputValue"] in arns
    groups = client("sagemaker").list_model_package_groups()["ModelPackageGroupSummaryList"]
    assert [group["ModelPackageGroupName"] for group in groups] == [LAST_MADE]


def test_everything_survives_sigterm(child: Child) -> None:
    child.start()
    fill(child.client)
    child.end()
    assert child.process is not None
    assert child.process.returncode == 0

    child.start()

    check(child.client)


def test_everything_survives_kill_9(child: Child) -> None:
    child.start()
    fill(child.client)
    wait_for_a_snapshot_with(child, LAST_MADE)
    child.end(kill=True)

    child.start()

    check(child.client)


def test_a_stack_can_be_updated_after_a_restart(tmp_path: Path) -> None:
    with LocalAws(home=tmp_path, images=tmp_path) as aws:
        connect(aws.endpoint_url, "cloudformation").create_stack(StackName="stack", TemplateBody=TEMPLATE)
    more = json.dumps(
        {"Resources": {"Topic": {"Type": "AWS::SNS::Topic"}, "Queue": {"Type": "AWS::SQS::Queue"}}}
    )

    with LocalAws(home=tmp_path, images=tmp_path) as aws:
        cloudformation = connect(aws.endpoint_url, "cloudformation")
        cloudformation.update_stack(StackName="stack", TemplateBody=more)
        resources = cloudformation.describe_stack_resources(StackName="stack")["StackResources"]
        queues = connect(aws.endpoint_url, "sqs").list_queues()["QueueUrls"]

    assert {resource["ResourceType"] for resource in resources} == {"AWS::SNS::Topic", "AWS::SQS::Queue"}
    assert len(queues) == 1


def test_bodies_that_nobody_names_are_removed(tmp_path: Path) -> None:
    with LocalAws(home=tmp_path, images=tmp_path) as aws:
        s3 = connect(aws.endpoint_url, "s3")
        s3.create_bucket(Bucket="data")
        for _ in range(5):
            s3.put_object(Bucket="data", Key="overwritten", Body=b"x")
        s3.put_object(Bucket="data", Key="deleted", Body=b"x")
        s3.delete_object(Bucket="data", Key="deleted")
    assert len(list((tmp_path / "objects").iterdir())) == 1
    (tmp_path / "objects" / "half-an-upload").write_bytes(b"x")

    with LocalAws(home=tmp_path, images=tmp_path) as aws:
        assert len(list((tmp_path / "objects").iterdir())) == 1
        body = connect(aws.endpoint_url, "s3").get_object(Bucket="data", Key="overwritten")["Body"].read()

    assert body == b"x"


def test_a_deleted_body_outlives_the_snapshot_that_names_it(child: Child) -> None:
    child.start()
    s3 = child.client("s3")
    s3.create_bucket(Bucket="data")
    s3.put_object(Bucket="data", Key="to-be-deleted", Body=b"old")
    wait_for_a_snapshot_with(child, "to-be-deleted")
    s3.delete_object(Bucket="data", Key="to-be-deleted")
    child.end(kill=True)

    child.start()

    listed = child.client("s3").list_objects_v2(Bucket="data").get("Contents", [])
    bodies = [child.client("s3").get_object(Bucket="data", Key=o["Key"])["Body"].read() for o in listed]
    assert bodies in ([], [b"old"])


def test_snapshots_are_whole_while_requests_change_the_state(aws: LocalAws) -> None:
    s3 = connect(aws.endpoint_url, "s3")
    s3.create_bucket(Bucket="busy")
    with ThreadPoolExecutor(4) as pool:
        puts = [pool.submit(s3.put_object, Bucket="busy", Key=f"{n}", Body=b"x") for n in range(300)]
        while not all(put.done() for put in puts):
            assert pickling.dump()
        assert [put.result()["ResponseMetadata"]["HTTPStatusCode"] for put in puts] == [200] * 300


class Consumer:
    """Deletes a message when S3 is copied, as whoever has put an object a moment later than that."""

    work: ClassVar[Callable[[], None]]

    def __reduce__(self) -> tuple[type["Consumer"], tuple[()]]:
        Consumer.work()
        return Consumer, ()


def test_a_copy_that_has_not_what_a_message_led_to_has_the_message(aws: LocalAws) -> None:
    s3, sqs = connect(aws.endpoint_url, "s3"), connect(aws.endpoint_url, "sqs")
    s3.create_bucket(Bucket="data")
    url = sqs.create_queue(QueueName="queue")["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody="work")
    [message] = sqs.receive_message(QueueUrl=url, VisibilityTimeout=0)["Messages"]

    def work() -> None:
        sqs_backends[aws.account_id][aws.region].delete_message("queue", message["ReceiptHandle"])

    Consumer.work = work
    vars(s3_backends[aws.account_id]["aws"])["consumer"] = Consumer()
    data = pickling.dump()
    assert "Messages" not in sqs.receive_message(QueueUrl=url), "nothing was deleted meanwhile"
    pickling.clear()

    pickling.restore(data)

    assert [m["Body"] for m in sqs.receive_message(QueueUrl=url)["Messages"]] == ["work"]
    del vars(s3_backends[aws.account_id]["aws"])["consumer"]


def test_every_service_of_moto_can_be_saved_and_loaded(aws: LocalAws) -> None:
    for name in {name for name, _ in moto.backend_index.backend_url_patterns}:
        backends = moto.backends.get_backend(name)
        if not isinstance(backends, BackendDict):
            continue
        regions = backends[aws.account_id]
        assert regions["us-east-1" if "us-east-1" in regions else "aws"]
    data = pickling.dump()
    names = {place for place, backends in pickling.places() if dict.__len__(backends)}
    pickling.clear()

    pickling.restore(data)

    assert len(names) > 100
    assert {place for place, backends in pickling.places() if dict.__len__(backends)} == names


def test_the_snapshot_is_for_its_owner_only(tmp_path: Path) -> None:
    with LocalAws(home=tmp_path / "aws", images=tmp_path):
        pass

    assert (tmp_path / "aws" / "snapshot").stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "aws").stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("mode", [0o602, 0o620])
def test_a_snapshot_that_others_can_write_is_refused(tmp_path: Path, mode: int) -> None:
    with LocalAws(home=tmp_path / "aws", images=tmp_path):
        pass
    (tmp_path / "aws" / "snapshot").chmod(mode)

    with pytest.raises(StateRefusedError, match=f"mode {mode:04o}, so others can change it: chmod go-w"):
        LocalAws(home=tmp_path / "aws", images=tmp_path).start()

    (tmp_path / "aws" / "snapshot").chmod(0o600)
    with LocalAws(home=tmp_path / "aws", images=tmp_path):  # nothing of the refused start is left
        pass


def test_a_refused_state_ends_the_command_with_one_sentence(child: Child) -> None:
    child.home.mkdir(mode=0o700)
    (child.home / "snapshot").write_bytes(b"x")
    (child.home / "snapshot").chmod(0o666)

    process = child.launch()
    _, errors = process.communicate(timeout=60)

    assert process.returncode == 2
    assert "others can change it" in errors.splitlines()[-1]
    assert "Traceback" not in errors


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b'{"format": 1, "moto": "4.0.0"}\nwhatever', "was written by"),
        (None, "does not load"),
    ],
)
def test_a_snapshot_that_cannot_be_used_is_set_aside(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, content: bytes | None, why: str
) -> None:
    with LocalAws(home=tmp_path, images=tmp_path) as aws:
        s3 = connect(aws.endpoint_url, "s3")
        s3.create_bucket(Bucket="data")
        s3.put_object(Bucket="data", Key="to-be-deleted", Body=b"precious")
    snapshot = tmp_path / "snapshot"
    content = content or snapshot.read_bytes()[:-20]
    snapshot.write_bytes(content)

    with LocalAws(home=tmp_path, images=tmp_path) as aws:
        assert connect(aws.endpoint_url, "s3").list_buckets()["Buckets"] == []

    (aside,) = tmp_path.glob("set-aside-*")
    assert (aside / "snapshot").read_bytes() == content
    assert [body.read_bytes() for body in (aside / "objects").iterdir()] == [b"precious"]
    assert why in caplog.text
    assert str(aside) in caplog.text


def test_two_servers_cannot_share_a_folder(child: Child) -> None:
    child.start()

    with pytest.raises(StateRefusedError, match="Another local AWS uses"):
        LocalAws(home=child.home, images=child.home).start()
