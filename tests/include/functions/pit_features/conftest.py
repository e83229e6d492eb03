"""The function's modules, and real servers for it: the wheel's, the machine's own, a cluster of three."""

import json
import os
import shutil
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
import redis

from bench.amp_serving_rig.modules import FLATTENING, FUNCTION, load
from local.stack.redis_server import executable
from tests.redis_servers import running, until
from tests.stack import IMAGES

SLOTS = 16_384


@pytest.fixture(scope="session")
def function():
    """Its modules by name."""
    return load(FUNCTION, FLATTENING)


@contextmanager
def cluster(server: Path, home: Path):
    """Three servers with a third of the slots each; the URL of one."""
    with ExitStack() as stack:
        options = ("--cluster-enabled", "yes")
        urls = [stack.enter_context(running(server, home / str(node), *options)) for node in range(3)]
        nodes = [stack.enter_context(redis.Redis.from_url(url)) for url in urls]
        for number, node in enumerate(nodes):
            node.execute_command("CLUSTER ADDSLOTS", *range(SLOTS * number // 3, SLOTS * (number + 1) // 3))
            node.execute_command(f"CLUSTER SET-CONFIG-EPOCH {number + 1}")
            node.execute_command(
                "CLUSTER MEET", "127.0.0.1", nodes[0].connection_pool.connection_kwargs["port"]
            )
        until(lambda: all(is_whole(node) for node in nodes))
        yield urls[0]


def is_whole(node: redis.Redis) -> bool:
    state = node.execute_command("CLUSTER INFO")
    return state["cluster_state"] == "ok" and state["cluster_known_nodes"] == "3"


@pytest.fixture(scope="session")
def wheel():
    return executable(IMAGES)


@pytest.fixture(scope="module", params=["wheel", "PATH", "cluster"])
def url(request, tmp_path_factory, wheel):
    """Of a server of each sort."""
    home, own = tmp_path_factory.mktemp("redis"), shutil.which("redis-server")
    if request.param == "PATH" and own is None:
        pytest.skip("there is no redis-server on PATH")
    with (
        cluster(wheel, home)
        if request.param == "cluster"
        else running(wheel if request.param == "wheel" else Path(own), home / "0")
    ) as found:
        yield found


@pytest.fixture
def client(function, url):
    """Of an empty server, which is also the handler's."""
    made = function.connection.connect(url)
    made.flushall()
    os.environ["MILLRACE_REDIS_URL"] = url
    function.handler._client.cache_clear()
    yield made
    function.handler._client().close()
    function.handler._client.cache_clear()
    os.environ.pop("MILLRACE_REDIS_URL")
    made.close()


@pytest.fixture
def handle(function, client):
    """Gives the function a batch of bodies; the numbers of those that it reports."""

    def handle(*bodies):
        return failures(function, *bodies)

    return handle


def failures(function, *bodies) -> list[int]:
    records = [
        {
            "messageId": str(number),
            "eventSource": "aws:sqs",
            "body": body if isinstance(body, str) else json.dumps(body),
        }
        for number, body in enumerate(bodies)
    ]
    answer = function.handler.handler({"Records": records}, None)
    return sorted(int(each["itemIdentifier"]) for each in answer["batchItemFailures"])


def event(kind: str, number: int, moment: datetime, **fields):
    """One of user u, show s and creator c, if nothing else is said."""
    return {
        "event_id": f"event-{number}",
        "event_type": kind,
        "event_time": moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        "user_id": "u",
        "show_id": "s",
        "creator_id": "c",
        **fields,
    }
