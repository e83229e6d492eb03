"""What the service needs of the running server. Not part of the saved state."""

import base64
import hashlib
import os
import threading
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import boto3
from botocore.config import Config

from local.aws.runtime.addresses import Addresses
from local.aws.runtime.images import ImageStore
from local.aws.services.sagemaker.spot import SpotMarket

if TYPE_CHECKING:
    from mypy_boto3_logs import CloudWatchLogsClient
    from mypy_boto3_s3 import S3Client

    from local.aws.server import LocalAws


ACCESS_KEY = "LOCALSAGEMAKER"
"""The access key of what this service does on nobody's behalf."""


@dataclass
class Context:
    """The server, its images and clients that talk to it.

    Attributes:
        concurrency: jobs that run at a time; others wait in ``Starting``.
        quota: jobs of one kind that may be in progress; one more is refused.
        market: when spot jobs are interrupted and what they cost.
        addresses: lent to the hosts of jobs that run.
        patience: seconds without a byte read after which the log tells of a pipe's reader.
        access_key: signs the calls of the clients and of containers.
    """

    aws: "LocalAws"
    images: ImageStore
    concurrency: int = 2
    quota: int = 100
    market: SpotMarket = field(default_factory=lambda: SpotMarket.of(os.environ))
    addresses: Addresses = field(default_factory=Addresses)
    patience: float = 30.0
    access_key: str = ACCESS_KEY
    _arns: dict[str, str] = field(default_factory=dict)
    _clients: dict[tuple[str, str], Any] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _session: boto3.session.Session = field(default_factory=boto3.session.Session)

    def acting_for(self, arn: str) -> "Context":
        """The same context with an access key of the job's own, as on AWS a session of the job's role.

        Its clients read inputs and write outputs and logs; the container gets the key.
        """
        key = access_key(arn)
        self._arns[key] = arn
        return replace(self, access_key=key, _clients={})

    def arn_of(self, key: str) -> str | None:
        """The job or endpoint that was given this access key."""
        return self._arns.get(key)

    def s3(self, region: str) -> "S3Client":
        """A client that threads may share."""
        return cast("S3Client", self._client("s3", region))

    def logs(self, region: str) -> "CloudWatchLogsClient":
        """A client that threads may share."""
        return cast("CloudWatchLogsClient", self._client("logs", region))

    def job_root(self, kind: str, name: str) -> Path:
        """The folder of a job, with one folder per host in it."""
        return self.aws.home / "jobs" / kind / name

    def container_environment(self, region: str) -> dict[str, str]:
        """What a container's SDK finds: on AWS from the instance, here from variables."""
        return {
            "AWS_ENDPOINT_URL": self.aws.endpoint_url,
            "AWS_REGION": region,
            "AWS_DEFAULT_REGION": region,
            "AWS_ACCESS_KEY_ID": self.access_key,
            "AWS_SECRET_ACCESS_KEY": "local",
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    def _client(self, service: str, region: str) -> Any:
        with self._lock:
            if (service, region) not in self._clients:
                self._clients[service, region] = self._session.client(
                    service,  # type: ignore[call-overload]
                    region_name=region,
                    endpoint_url=self.aws.endpoint_url,
                    aws_access_key_id=self.access_key,
                    aws_secret_access_key="local",  # noqa: S106
                    config=Config(max_pool_connections=20, s3={"addressing_style": "path"}),
                )
            return self._clients[service, region]


def access_key(arn: str) -> str:
    """The access key of a job or endpoint: 20 capitals and digits, the same at every start."""
    return f"LOCALJOB{base64.b32encode(hashlib.sha256(arn.encode()).digest())[:12].decode()}"


_current: Context | None = None


def set_current(context: Context | None) -> None:
    """Called by `install`; None after `stop`."""
    global _current  # noqa: PLW0603
    _current = context


def current() -> Context:
    """The context of the server that runs in this process."""
    if _current is None:
        raise RuntimeError("SageMaker is used before the local AWS was started.")
    return _current
