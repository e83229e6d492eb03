"""Connects to Redis: a server, or the cluster that it is in. It ships with `reading.py`.

Its URL has a password: it is a secret in Secrets Manager, and no variable of whoever connects.
"""

from typing import Any

import boto3
import redis
from botocore.config import Config

Client = Any
"""`redis.Redis` or `redis.RedisCluster`, which share no class."""
SECONDS = 5
SECRET_SECONDS = 1
"""How long Secrets Manager may take; it is asked once."""


def connect(url: str, seconds: float = SECONDS, **options: Any) -> Client:
    """A client.

    Args:
        url: as ``redis://:password@host:6379/0``; ``rediss://`` with TLS, ``unix://`` on this machine.
        seconds: how long connecting may take, and each answer.
        options: more of the client's own.

    Raises:
        redis.exceptions.RedisError: the server does not answer, or refuses the password.
    """
    limits = {"socket_timeout": seconds, "socket_connect_timeout": seconds, **options}
    client = redis.Redis.from_url(url, **limits)
    if client.info("cluster")["cluster_enabled"]:
        client.close()
        return redis.RedisCluster.from_url(url, **limits)
    return client


def url_of(secret: str) -> str:
    """The URL that a secret is.

    Args:
        secret: its ARN.

    Raises:
        botocore.exceptions.ClientError: Secrets Manager refuses to answer.
        botocore.exceptions.BotoCoreError: it does not answer.
    """
    config = Config(
        connect_timeout=SECRET_SECONDS, read_timeout=SECRET_SECONDS, retries={"total_max_attempts": 1}
    )
    # arn:aws:secretsmanager:<region>:<account>:secret:<name>
    client = boto3.Session(region_name=secret.split(":")[3]).client("secretsmanager", config=config)
    return str(client.get_secret_value(SecretId=secret).get("SecretString", ""))
