"""The stores behind an endpoint, as its environment names them: clients are made when they are first needed.

``MILLRACE_FEATURE_GROUPS``
    A JSON object: the name that Feature Store has for each of the five groups.
``MILLRACE_REDIS_SECRET_ARN``
    The secret in Secrets Manager that is the URL of Redis, which has a password.
``MILLRACE_STORE_MILLISECONDS``
    How long a request waits for an answer of either.
"""

import json
import threading
from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta
from typing import Any

import boto3
import redis.exceptions
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, ConnectTimeoutError, ReadTimeoutError
from redis.backoff import NoBackoff
from redis.retry import Retry

import listing
import reading
from circuit import Circuit
from connection import connect, url_of
from listing import Show
from online_features import newest
from online_store import AT_A_TIME, Key, OnlineStore, Record, UnreadRecordsError
from reading import PointInTime

GROUPS, SECRET, MILLISECONDS = (
    "MILLRACE_FEATURE_GROUPS",
    "MILLRACE_REDIS_SECRET_ARN",
    "MILLRACE_STORE_MILLISECONDS",
)
DEFAULT_MILLISECONDS = 100
"""Several times what AWS's own stores need, and half of what a listener may wait."""
AT_LEAST_KEPT = timedelta(days=1)
"""From the first day of which counts are kept: another one may begin while they are read."""


class BadSecretError(Exception):
    """The secret is no URL of a Redis. The message does not say what it is."""


class FeatureStore:
    """Daily features.

    Args:
        groups: short name -> name.
        seconds: how long an answer may take.
        region: AWS's; None for boto3's default.
    """

    def __init__(self, groups: Mapping[str, str], seconds: float, region: str | None) -> None:
        self._groups, self._seconds, self._region = groups, seconds, region
        late = f"did not answer within {1000 * seconds:.0f} ms"
        self._circuit = Circuit(
            "Feature Store",
            {
                ReadTimeoutError: late,
                ConnectTimeoutError: late,
                UnreadRecordsError: "did not give all records",
                ClientError: "refused to answer",
                BotoCoreError: "cannot be reached",
            },
        )
        self._store = _Once(self._made)

    def records(self, keys: Sequence[Key]) -> dict[Key, Record]:
        """Those that are there; raises `circuit.UnavailableError`."""
        return self._circuit.call(lambda: self._store.get().records(keys))

    def _made(self) -> OnlineStore:
        config = Config(
            connect_timeout=self._seconds,
            read_timeout=self._seconds,
            retries={"total_max_attempts": 1},
            max_pool_connections=2 * AT_A_TIME,
            tcp_keepalive=True,
        )
        client = boto3.Session(region_name=self._region).client(
            "sagemaker-featurestore-runtime", config=config
        )
        return OnlineStore(client, self._groups)


class Counters:
    """What was counted since, and the catalog of shows: Redis.

    Args:
        secret: ARN of the secret with its URL.
        seconds: how long an answer may take.
    """

    def __init__(self, secret: str, seconds: float) -> None:
        self._secret, self._seconds = secret, seconds
        self._circuit = Circuit(
            "Redis",
            {
                redis.exceptions.TimeoutError: f"did not answer within {1000 * seconds:.0f} ms",
                redis.exceptions.AuthenticationError: "refused the password",
                redis.exceptions.RedisError: "cannot be reached",
                redis.exceptions.RedisClusterException: "cannot be reached",
                BadSecretError: "has no URL: the secret is none",
                ClientError: "has no URL: Secrets Manager refused to answer",
                BotoCoreError: "has no URL: Secrets Manager cannot be reached",
            },
        )
        self._client = _Once(self._made)

    def shows(self) -> list[Show]:
        """The catalog; raises `circuit.UnavailableError`."""
        return self._circuit.call(lambda: self._asked(listing.read))

    def counts(self, user: str, shows: Sequence[Show], records: Mapping[Key, Record]) -> PointInTime:
        """Of user, shows and creators, each since the version of its record, without one since the newest.

        Raises:
            circuit.UnavailableError: the store does not answer.
        """
        first = reading.oldest() + AT_LEAST_KEPT
        since = max(first, newest(records))
        others: dict[Any, date] = {
            key: max(first, record.version) for key, record in records.items() if record.version != since
        }
        creators = dict.fromkeys(show.creator_id for show in shows if show.creator_id)
        names = [show.show_id for show in shows]
        counts: PointInTime = self._circuit.call(
            lambda: self._asked(reading.read, user, names, creators, since=since, others=others)
        )
        return counts

    def _asked(self, ask: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
        try:
            return ask(self._client.get(), *arguments, **options)
        except redis.exceptions.AuthenticationError:
            # The password was changed: the next request reads the secret anew.
            self._client.forget()
            raise

    def _made(self) -> Any:
        url = url_of(self._secret)
        try:
            # A server that was restarted has closed the connections that are kept.
            return connect(url, self._seconds, retry=Retry(NoBackoff(), 1))
        except ValueError:
            raise BadSecretError("The secret is no URL such as rediss://:password@host:6379.") from None


class _Once:
    """Makes what it gives when first asked, and again if it could not be made or was forgotten."""

    def __init__(self, make: Callable[[], Any]) -> None:
        self._make, self._lock, self._made = make, threading.Lock(), None

    def get(self) -> Any:
        with self._lock:
            if self._made is None:
                self._made = self._make()
            return self._made

    def forget(self) -> None:
        with self._lock:
            self._made = None


def from_environment(environ: Mapping[str, str]) -> tuple[FeatureStore | None, Counters | None]:
    """Those that the environment names.

    Raises:
        ValueError: a variable is not what it should be.
    """
    milliseconds = environ.get(MILLISECONDS, str(DEFAULT_MILLISECONDS))
    if not milliseconds.isdigit() or not int(milliseconds):
        raise ValueError(f"{MILLISECONDS} is {milliseconds!r}; give a whole number of at least 1.")
    seconds = int(milliseconds) / 1000
    groups, secret = environ.get(GROUPS), environ.get(SECRET)
    if secret and not secret.startswith("arn:"):
        # Not its value: who puts the URL itself there has put a password there.
        raise ValueError(f"{SECRET} is no ARN of a secret.")
    return (
        FeatureStore(json.loads(groups), seconds, environ.get("AWS_REGION")) if groups else None,
        Counters(secret, seconds) if secret else None,
    )
