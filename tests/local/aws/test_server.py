"""The front door: routing, persistent connections, clean errors, who may come in."""

import re
import socket
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from local.aws.http import bind
from local.aws.server import LocalAws
from tests.local.conftest import connect

ClientOf = Callable[..., Any]


def test_health_says_ok(aws: LocalAws) -> None:
    answer = httpx.get(f"{aws.endpoint_url}/_millrace/health")

    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


def test_listens_on_the_loopback_address_only(aws: LocalAws) -> None:
    port = int(aws.endpoint_url.rpartition(":")[2])
    addresses = {info[4][0] for info in socket.getaddrinfo(socket.gethostname(), None, socket.AF_INET)}

    for address in addresses - {"127.0.0.1"}:
        if address.startswith("127."):
            continue
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection((address, port), timeout=2).close()
    with closing(socket.create_connection(("127.0.0.1", port), timeout=2)) as connection:
        assert connection.getpeername() == ("127.0.0.1", port)


def test_one_connection_serves_many_requests(aws: LocalAws) -> None:
    with closing(socket.create_connection(("127.0.0.1", int(aws.endpoint_url.rpartition(":")[2])))) as raw:
        stream = raw.makefile("rb")
        for _ in range(3):
            raw.sendall(b"GET /_millrace/health HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
            assert stream.readline() == b"HTTP/1.1 200 OK\r\n"
            length = 0
            while (line := stream.readline()) != b"\r\n":
                if line.lower().startswith(b"content-length:"):
                    length = int(line.split(b":")[1])
            assert stream.read(length) == b'{"status": "ok"}'


def test_a_body_that_nobody_read_is_not_taken_for_the_next_request(aws: LocalAws) -> None:
    with httpx.Client(base_url=aws.endpoint_url) as client:
        refused = client.post("/moto-api/reset", content=b"GET / HTTP/1.1\r\n\r\n" * 100)
        health = client.get("/_millrace/health")

    assert refused.status_code == 404
    assert health.json() == {"status": "ok"}


@pytest.mark.parametrize(
    ("service", "call", "operation"),
    [
        ("sagemaker", lambda client: client.list_edge_packaging_jobs(), "ListEdgePackagingJobs"),
        ("sns", lambda client: client.list_sms_sandbox_phone_numbers(), "ListSMSSandboxPhoneNumbers"),
        ("events", lambda client: client.list_endpoints(), "ListEndpoints"),
        ("glue", lambda client: client.list_blueprints(), "ListBlueprints"),
        (
            "sagemaker-featurestore-runtime",
            lambda client: client.update_record(
                FeatureGroupName="a",
                RecordIdentifierValueAsString="1",
                Features=[{"FeatureName": "a", "ValueAsString": "1"}],
            ),
            "UpdateRecord",
        ),
    ],
)
def test_an_unimplemented_operation_is_answered_once(
    client: ClientOf, service: str, call: Callable[[Any], Any], operation: str
) -> None:
    requests: list[Any] = []
    caller = client(service, config=Config(retries={"mode": "adaptive", "max_attempts": 4}))
    caller.meta.events.register("before-send.*", lambda request, **_: requests.append(request))

    with pytest.raises(ClientError, match=r"(?i)local AWS") as caught:
        call(caller)

    assert caught.value.response["Error"]["Code"] == "NotImplemented"
    assert operation in caught.value.response["Error"]["Message"]
    assert len(requests) == 1


def test_a_path_that_no_operation_has_is_no_html_page(aws: LocalAws) -> None:
    scope = (
        "AWS4-HMAC-SHA256 Credential=x/20260101/us-east-1/eks/aws4_request, SignedHeaders=host, Signature=0"
    )

    answer = httpx.get(f"{aws.endpoint_url}/no/such/thing", headers={"Authorization": scope})

    assert answer.status_code == 404
    assert answer.json()["__type"] == "UnknownOperationException"


def test_an_error_of_a_service_is_its_own(client: ClientOf) -> None:
    with pytest.raises(ClientError) as caught:
        client("iam").get_role(RoleName="nobody")

    assert caught.value.response["Error"]["Code"] == "NoSuchEntity"
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 404


@pytest.mark.parametrize("header", [{"Origin": "https://example.com"}, {"Host": "attacker.example:4566"}])
def test_a_web_page_cannot_use_the_server(aws: LocalAws, client: ClientOf, header: dict[str, str]) -> None:
    client("s3").create_bucket(Bucket="safe")

    answer = httpx.delete(f"{aws.endpoint_url}/safe", headers=header)

    assert answer.status_code == 403
    assert client("s3").list_buckets()["Buckets"][0]["Name"] == "safe"


def test_long_polls_do_not_hold_others_up(client: ClientOf) -> None:
    sqs = client("sqs", config=Config(max_pool_connections=20))
    url = sqs.create_queue(QueueName="idle")["QueueUrl"]
    with ThreadPoolExecutor(12) as pool:
        polls = [pool.submit(sqs.receive_message, QueueUrl=url, WaitTimeSeconds=20) for _ in range(12)]
        time.sleep(0.3)
        for number in range(20):
            client("s3").create_bucket(Bucket=f"bucket-{number}")
        still_waiting = [poll for poll in polls if not poll.done()]
        for number in range(12):
            sqs.send_message(QueueUrl=url, MessageBody=str(number))
        received = [poll.result()["Messages"] for poll in polls]

    assert len(still_waiting) == 12
    assert {message["Body"] for messages in received for message in messages} == set(map(str, range(12)))


def test_two_receivers_never_take_the_same_message(client: ClientOf) -> None:
    sqs = client("sqs", config=Config(max_pool_connections=20))
    url = sqs.create_queue(QueueName="shared")["QueueUrl"]
    for batch in range(10):
        entries = [{"Id": str(n), "MessageBody": f"{batch}-{n}"} for n in range(10)]
        sqs.send_message_batch(QueueUrl=url, Entries=entries)

    def drain() -> list[str]:
        bodies: list[str] = []
        while messages := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=3).get("Messages", []):
            bodies += [message["Body"] for message in messages]
        return bodies

    with ThreadPoolExecutor(6) as pool:
        taken = [body for bodies in pool.map(lambda _: drain(), range(6)) for body in bodies]

    assert sorted(taken) == sorted(f"{batch}-{n}" for batch in range(10) for n in range(10))


def test_a_stopping_server_ends_long_polls(tmp_path: Path) -> None:
    answers: list[Any] = []
    with LocalAws(home=tmp_path / "aws", images=tmp_path / "images") as aws:
        sqs = connect(aws.endpoint_url, "sqs")
        url = sqs.create_queue(QueueName="idle")["QueueUrl"]
        poll = threading.Thread(
            target=lambda: answers.append(sqs.receive_message(QueueUrl=url, WaitTimeSeconds=20))
        )
        poll.start()
        time.sleep(0.3)
    poll.join(timeout=5)

    assert [answer.get("Messages") for answer in answers] == [None]


def test_a_second_server_in_one_process_is_refused(aws: LocalAws, tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match=re.escape(aws.endpoint_url)):
        LocalAws(home=tmp_path / "other", images=tmp_path / "images").start()


def test_a_port_in_use_ends_with_one_sentence(child: Any) -> None:
    with closing(bind(child.port)):
        process = child.launch()
        _, errors = process.communicate(timeout=60)

    assert process.returncode == 2
    assert errors.strip().splitlines()[-1].startswith(f"Port {child.port} of 127.0.0.1 is in use: stop")
    assert "Traceback" not in errors
