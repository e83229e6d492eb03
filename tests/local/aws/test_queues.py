"""Messages that SQS has acknowledged outlive the server, however it ends."""

import contextlib
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from botocore.exceptions import BotoCoreError, ClientError

from local.aws.server import LocalAws
from tests.local.conftest import connect

PATIENCE = 60
SENDERS = 4


def make_queue(client, name, **attributes):
    """URL and ARN."""
    sqs = client("sqs")
    url = sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]
    found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
    return url, found["Attributes"]["QueueArn"]


def make_topic(client, queue_arn):
    sns = client("sns")
    topic = sns.create_topic(Name="topic")["TopicArn"]
    raw = {"RawMessageDelivery": "true"}
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue_arn, Attributes=raw)
    return topic


def saved(child, client):
    """Waits for a snapshot with all that has happened until now."""
    name = f"mark-{time.monotonic_ns()}"
    client("sns").create_topic(Name=name)
    snapshot, deadline = child.home / "snapshot", time.monotonic() + PATIENCE
    while not (snapshot.exists() and name.encode() in snapshot.read_bytes()):
        assert time.monotonic() < deadline, "no snapshot"
        time.sleep(0.05)


def files(home):
    return sorted(path.name for path in (home / "unsaved").iterdir())


def received(client, url, *, delete=True, **options):
    """All messages that are to be had, each once it is received."""
    sqs, found = client("sqs"), []
    options = {"MaxNumberOfMessages": 10, "WaitTimeSeconds": 1} | options
    while messages := sqs.receive_message(QueueUrl=url, **options).get("Messages"):
        found += messages
        entries = [{"Id": str(n), "ReceiptHandle": m["ReceiptHandle"]} for n, m in enumerate(messages)]
        if delete:
            sqs.delete_message_batch(QueueUrl=url, Entries=entries)
    return found


def bodies(messages):
    return sorted(each["Body"] for each in messages)


class Senders:
    """Threads that send in every way there is, until the server is gone; what it has acknowledged."""

    def __init__(self, child, url, topic, turn):
        self.acknowledged = []
        self._clients = [(child.client("sqs"), child.client("sns")) for _ in range(SENDERS)]
        self._url, self._topic, self._turn = url, topic, turn
        self._threads = [threading.Thread(target=self._send, args=(n,)) for n in range(SENDERS)]
        for thread in self._threads:
            thread.start()

    def join(self):
        for thread in self._threads:
            thread.join(PATIENCE)
            assert not thread.is_alive()

    def _send(self, sender):
        sqs, sns = self._clients[sender]
        ways = (self._single, self._batch, self._published, self._published_batch)
        number = 0
        with contextlib.suppress(BotoCoreError, ClientError):
            while True:
                name = f"{self._turn}-{sender}-{number}"
                self.acknowledged += ways[number % len(ways)](sqs, sns, name)
                number += 1

    def _single(self, sqs, _sns, name):
        sqs.send_message(QueueUrl=self._url, MessageBody=name)
        return [name]

    def _batch(self, sqs, _sns, name):
        entries = [{"Id": str(number), "MessageBody": f"{name}-{number}"} for number in range(10)]
        answer = sqs.send_message_batch(QueueUrl=self._url, Entries=entries)
        return [f"{name}-{each['Id']}" for each in answer["Successful"]]

    def _published(self, _sqs, sns, name):
        sns.publish(TopicArn=self._topic, Message=name)
        return [name]

    def _published_batch(self, _sqs, sns, name):
        entries = [{"Id": str(number), "Message": f"{name}-{number}"} for number in range(10)]
        answer = sns.publish_batch(TopicArn=self._topic, PublishBatchRequestEntries=entries)
        return [f"{name}-{each['Id']}" for each in answer["Successful"]]


@pytest.mark.slow
def test_each_acknowledged_message_outlives_kills_under_load(child):
    child.start()
    url, arn = make_queue(child.client, "queue")
    topic = make_topic(child.client, arn)
    saved(child, child.client)
    acknowledged = []
    # Before a snapshot that has messages, about when it is written, and after it; nobody receives meanwhile.
    for turn, seconds in enumerate((0.5, 1.1, 1.7, 2.9)):
        senders = Senders(child, url, topic, turn)
        time.sleep(seconds)
        child.end(kill=True)
        senders.join()
        assert senders.acknowledged, "nothing was acknowledged before the kill"
        acknowledged += senders.acknowledged
        child.start()

    found = received(child.client, url)

    assert set(acknowledged) <= set(bodies(found))
    # What was not acknowledged may be there too; nothing is there twice.
    assert len(bodies(found)) == len(set(bodies(found)))
    print(f"{len(acknowledged)} acknowledged, {len(found)} received")


def test_what_was_deleted_before_a_snapshot_does_not_come_again(child):
    child.start()
    url, _ = make_queue(child.client, "queue")
    sqs = child.client("sqs")
    for number in range(30):
        sqs.send_message(QueueUrl=url, MessageBody=str(number))
    assert len(received(child.client, url)) == 30
    saved(child, child.client)
    sqs.send_message(QueueUrl=url, MessageBody="new")
    child.end(kill=True)

    child.start()

    assert bodies(received(child.client, url)) == ["new"]


def test_everything_that_belongs_to_a_message_comes_back(child):
    child.start()
    url, _ = make_queue(child.client, "queue.fifo", FifoQueue="true")
    saved(child, child.client)
    sqs = child.client("sqs")
    given = {
        "text": {"DataType": "String", "StringValue": "ü"},
        "number": {"DataType": "Number", "StringValue": "1"},
        "base64": {"DataType": "Binary", "BinaryValue": b"\x00\xff"},
    }
    trace = {
        "AWSTraceHeader": {"DataType": "String", "StringValue": "Root=1-5759e988-bd862e3fe1be46a994272793"}
    }
    sent = [
        sqs.send_message(
            QueueUrl=url,
            MessageBody=f"{number} \u2028\U0001f600\n",
            MessageAttributes=given,
            MessageSystemAttributes=trace,
            MessageGroupId="group",
            MessageDeduplicationId=f"id-{number}",
        )
        for number in range(3)
    ]
    child.end(kill=True)

    child.start()
    sqs = child.client("sqs")
    repeated = sqs.send_message(
        QueueUrl=url, MessageBody="again", MessageGroupId="group", MessageDeduplicationId="id-1"
    )
    found = received(
        child.client, url, MessageAttributeNames=["All"], AttributeNames=["All"], MaxNumberOfMessages=1
    )

    assert repeated["MessageId"] not in {each["MessageId"] for each in found}
    for number, (before, after) in enumerate(zip(sent, found, strict=True)):
        assert after["MessageId"] == before["MessageId"]
        assert after["Body"] == f"{number} \u2028\U0001f600\n"
        assert after["MessageAttributes"] == given
        attributes = after["Attributes"]
        assert attributes["MessageGroupId"] == "group"
        assert attributes["MessageDeduplicationId"] == f"id-{number}"
        assert attributes["SequenceNumber"] == before["SequenceNumber"]
        assert attributes["AWSTraceHeader"] == trace["AWSTraceHeader"]["StringValue"]


def test_a_delay_goes_on_after_a_restart(child):
    child.start()
    url, _ = make_queue(child.client, "queue")
    saved(child, child.client)
    child.client("sqs").send_message(QueueUrl=url, MessageBody="later", DelaySeconds=600)
    child.end(kill=True)

    child.start()

    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesDelayed"]
    counts = child.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
    assert counts == {names[0]: "0", names[1]: "1"}


def test_a_dead_letter_is_in_one_queue_after_a_kill(child):
    child.start()
    letters, letters_arn = make_queue(child.client, "letters")
    policy = f'{{"deadLetterTargetArn": "{letters_arn}", "maxReceiveCount": "1"}}'
    url, _ = make_queue(child.client, "queue", RedrivePolicy=policy, VisibilityTimeout="0")
    saved(child, child.client)
    sqs = child.client("sqs")
    for number in range(5):
        sqs.send_message(QueueUrl=url, MessageBody=str(number))
    assert sqs.receive_message(QueueUrl=url)["Messages"]
    assert len(sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10)["Messages"]) == 4
    assert "Messages" not in sqs.receive_message(QueueUrl=url), "no dead letters"
    child.end(kill=True)

    child.start()

    assert bodies(received(child.client, letters)) == ["0", "1", "2", "3", "4"]
    assert received(child.client, url) == []


def test_messages_of_a_queue_that_is_younger_than_the_snapshot_are_there(child):
    child.start()
    saved(child, child.client)
    url, _ = make_queue(child.client, "young", VisibilityTimeout="7")
    child.client("sqs").send_message(QueueUrl=url, MessageBody="kept")
    child.end(kill=True)

    child.start()

    answer = child.client("sqs").receive_message(QueueUrl=url, VisibilityTimeout=0)
    assert bodies(answer["Messages"]) == ["kept"]
    # Whoever makes it again, with other attributes, gets what waits in it.
    url, _ = make_queue(child.client, "young", VisibilityTimeout="8")
    names = ["VisibilityTimeout"]
    found = child.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
    assert found == {"VisibilityTimeout": "8"}
    assert bodies(received(child.client, url)) == ["kept"]
    with pytest.raises(ClientError, match="QueueAlreadyExists"):
        make_queue(child.client, "young", VisibilityTimeout="9")


def test_a_line_that_was_not_written_to_its_end_takes_no_other_with_it(child):
    child.start()
    url, _ = make_queue(child.client, "queue")
    saved(child, child.client)
    child.client("sqs").send_message(QueueUrl=url, MessageBody="whole")
    child.end(kill=True)
    (file,) = (child.home / "unsaved").iterdir()
    whole = file.read_bytes()
    file.write_bytes(
        whole + whole[: len(whole) // 2] + whole.replace(b"whole", b"after").replace(b'"id": "', b'"id": "1')
    )

    child.start()

    assert bodies(received(child.client, url)) == ["after", "whole"]


def test_what_a_snapshot_has_is_kept_no_more(tmp_path):
    with LocalAws(home=tmp_path, images=tmp_path) as aws:
        url, _ = make_queue(lambda name: connect(aws.endpoint_url, name), "queue")
        connect(aws.endpoint_url, "sqs").send_message(QueueUrl=url, MessageBody="kept")
        assert files(tmp_path)
        assert (tmp_path / "unsaved").stat().st_mode & 0o777 == 0o700
        assert (tmp_path / "unsaved" / files(tmp_path)[0]).stat().st_mode & 0o777 == 0o600
    assert files(tmp_path) == []

    with LocalAws(home=tmp_path, images=tmp_path) as aws:
        url = connect(aws.endpoint_url, "sqs").get_queue_url(QueueName="queue")["QueueUrl"]
        assert bodies(received(lambda name: connect(aws.endpoint_url, name), url)) == ["kept"]


def test_what_belongs_to_a_snapshot_that_is_set_aside_goes_with_it(child):
    child.start()
    url, _ = make_queue(child.client, "queue")
    saved(child, child.client)
    child.client("sqs").send_message(QueueUrl=url, MessageBody="kept")
    child.end(kill=True)
    (child.home / "snapshot").write_bytes(b'{"format": 1, "moto": "4.0.0"}\nwhatever')

    child.start()

    assert child.client("sqs").list_queues().get("QueueUrls", []) == []
    (aside,) = child.home.glob("set-aside-*")
    (file,) = (aside / "unsaved").iterdir()
    assert b"kept" in file.read_bytes()


def test_a_message_that_the_disk_does_not_take_is_not_acknowledged(aws):
    def client(name):
        return connect(aws.endpoint_url, name)

    url, arn = make_queue(client, "queue")
    topic = make_topic(client, arn)
    full = aws.home / "unsaved" / "1.jsonl"
    full.symlink_to("/dev/full")
    with pytest.raises(ClientError, match="InternalFailure"):
        client("sqs").send_message(QueueUrl=url, MessageBody="refused")
    with pytest.raises(ClientError, match="InternalFailure"):
        client("sns").publish(TopicArn=topic, Message="refused")
    entries = [{"Id": "1", "Message": "refused"}]
    answer = client("sns").publish_batch(TopicArn=topic, PublishBatchRequestEntries=entries)
    assert (answer.get("Successful", []), [each["Code"] for each in answer["Failed"]]) == (
        [],
        ["InternalError"],
    )


def test_sending_receiving_and_saving_go_on_beside_each_other(aws):
    """Each takes a lock of the others; a wrong order would stop them all."""

    def client(name):
        return connect(aws.endpoint_url, name)

    letters, letters_arn = make_queue(client, "letters")
    policy = f'{{"deadLetterTargetArn": "{letters_arn}", "maxReceiveCount": "1"}}'
    url, _ = make_queue(client, "queue", RedrivePolicy=policy, VisibilityTimeout="0")

    def send(sender):
        sqs = client("sqs")
        for number in range(100):
            sqs.send_message(QueueUrl=url, MessageBody=f"{sender}-{number}")

    def receive(_):
        sqs = client("sqs")
        return [sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10) for _ in range(50)]

    with ThreadPoolExecutor(6) as pool:
        work = [*(pool.submit(send, n) for n in range(3)), *(pool.submit(receive, n) for n in range(3))]
        for each in work:
            each.result(timeout=PATIENCE)
    received(client, url, delete=False)

    assert len(set(bodies(received(client, letters)))) == 300
