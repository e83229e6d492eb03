"""Clients for what the server calls of itself, each signing for the job that the call is made for."""

import base64
import hashlib
import threading
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Self, cast

import boto3
from botocore.config import Config

if TYPE_CHECKING:
    from mypy_boto3_logs import CloudWatchLogsClient
    from mypy_boto3_s3 import S3Client

    from local.aws.server import LocalAws

_arns: dict[str, str] = {}


@dataclass
class Clients:
    """The server and clients that talk to it.

    Attributes:
        access_key: signs the calls of the clients, and of containers.
    """

    aws: "LocalAws"
    access_key: str = field(default="LOCALSERVICE", kw_only=True)
    _clients: dict[tuple[str, str], Any] = field(default_factory=dict, kw_only=True)
    _lock: threading.Lock = field(default_factory=threading.Lock, kw_only=True)
    _session: boto3.session.Session = field(default_factory=boto3.session.Session, kw_only=True)

    def acting_for(self, arn: str) -> Self:
        """The same with an access key of the job's own, as on AWS a session of the job's role.

        Its clients read inputs and write outputs and logs; a container gets the key.
        """
        key = access_key(arn)
        _arns[key] = arn
        return replace(self, access_key=key, _clients={})

    def s3(self, region: str) -> "S3Client":
        """A client that threads may share."""
        return cast("S3Client", self._client("s3", region))

    def glue(self, region: str) -> Any:
        """A client that threads may share."""
        return self._client("glue", region)

    def logs(self, region: str) -> "CloudWatchLogsClient":
        """A client that threads may share."""
        return cast("CloudWatchLogsClient", self._client("logs", region))

    def functions(self, region: str) -> Any:
        """A client of Lambda that threads may share, and that waits as long as a function may take."""
        return self._client("lambda", region, read_timeout=920, retries={"total_max_attempts": 1})

    def of(self, service: str, region: str) -> Any:
        """A client of any service, by botocore's name, that threads may share."""
        return self._client(service, region)

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

    def _client(self, service: str, region: str, **options: Any) -> Any:
        with self._lock:
            if (service, region) not in self._clients:
                self._clients[service, region] = self._session.client(
                    service,  # type: ignore[call-overload]
                    region_name=region,
                    endpoint_url=self.aws.endpoint_url,
                    aws_access_key_id=self.access_key,
                    aws_secret_access_key="local",  # noqa: S106
                    config=Config(max_pool_connections=20, s3={"addressing_style": "path"}, **options),
                )
            return self._clients[service, region]


def arn_of(key: str) -> str | None:
    """The job or endpoint that was given this access key."""
    return _arns.get(key)


def access_key(arn: str) -> str:
    """The access key of a job or endpoint: 20 capitals and digits, the same at every start."""
    return f"LOCALJOB{base64.b32encode(hashlib.sha256(arn.encode()).digest())[:12].decode()}"
