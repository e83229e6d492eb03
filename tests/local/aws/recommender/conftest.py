"""The recommender in a local AWS, with a Redis beside it that a test may take away."""

import json
import os
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest

from bench.amp_serving_rig.modules import FLATTENING, FUNCTION, JOB, load
from bench.amp_serving_rig.recommender import Recommender
from bench.amp_serving_rig.trees import stumps
from local.stack.redis_server import executable
from tests.redis_servers import running
from tests.stack import IMAGES, free_port

TODAY = f"{datetime.now(UTC):%Y-%m-%dT00:00:00Z}"
PATIENT = 10_000
"""Milliseconds: this machine may be busy, and slow is not what these tests are about."""
USER = {
    "listening_minutes": 90.5,
    "sessions": 3,
    "long_sessions": 2,
    "shows_liked": 1,
    "creators_followed": 0,
    "notifications_enabled": 0,
    "active_days": 2,
}
SPLITS = [("user_creator_affinity", 5.0), ("show_likes", 2.5)]
"""What the forest has learned: a creator that the user has listened to, and a show with three likes."""


class Redis:
    """A server whose data outlive it."""

    def __init__(self, home):
        self._server, self._home, self.port = executable(IMAGES), home, free_port()
        self.url = f"redis://127.0.0.1:{self.port}"

    @contextmanager
    def running(self):
        with running(self._server, self._home, "--appendonly", "yes", port=self.port):
            yield


@pytest.fixture(scope="module")
def images():
    """Those that all tests share: one of them is large."""
    IMAGES.mkdir(parents=True, exist_ok=True)
    return IMAGES


@pytest.fixture(scope="module")
def redis(tmp_path_factory):
    return Redis(tmp_path_factory.mktemp("redis"))


@pytest.fixture(scope="module")
def function():
    return load(FUNCTION, FLATTENING)


@pytest.fixture(scope="module")
def forest():
    features = load(JOB, names=["ranking_features"]).ranking_features.FEATURES
    return stumps(list(features), SPLITS)


@pytest.fixture(scope="module")
def recommender(server, redis, forest):
    """It serves; user u has listened to creator c0, and has declared jazz."""
    made = Recommender(server.endpoint_url, redis.url, store_milliseconds=PATIENT)
    made.make_groups()
    made.put("user", [{"user_id": "u", "event_time": TODAY, **USER}])
    made.put("user_creator", [pair("creator", "c0", affinity=30.5, long_sessions=2)])
    made.put("user_topic", [pair("topic", "jazz", affinity=0.5, likes=1, declared=1)])
    made.put("show", [{"show_id": "s1", "event_time": TODAY, "listens": 4, "likes": 1}])
    made.deploy(forest)
    return made


def pair(of: str, name: str, **features):
    """A record of user u and a creator or topic."""
    return {f"user_{of}": f"u:{name}", "user_id": "u", f"{of}_id" if of == "creator" else of: name} | {
        "event_time": TODAY,
        **features,
    }


@pytest.fixture
def send(function, redis):
    """Gives the function events."""

    def send(*events):
        records = [
            {"messageId": str(n), "eventSource": "aws:sqs", "body": json.dumps(each)}
            for n, each in enumerate(events)
        ]
        assert function.handler.handler({"Records": records}, None) == {"batchItemFailures": []}

    function.handler._client.cache_clear()
    os.environ["MILLRACE_REDIS_URL"] = redis.url
    yield send
    os.environ.pop("MILLRACE_REDIS_URL")


def show(number: int, status: str = "live", *, starts=timedelta(), topics=("news",)):
    """What the catalog says now of show s<number> of creator c<number>."""
    now = datetime.now(UTC)
    return {
        "event_id": f"{number}-{now.timestamp()}",
        "event_type": "show",
        "event_time": f"{now:%Y-%m-%dT%H:%M:%S.%fZ}",
        "show_id": f"s{number}",
        "creator_id": f"c{number}",
        "title": "A show",
        "topics": list(topics),
        "starts_at": f"{now + starts:%Y-%m-%dT%H:%M:%S.%fZ}",
        "minutes": 60,
        "status": status,
    }


def like(user: str, number: int):
    return {**show(number), "event_type": "like", "user_id": user}
