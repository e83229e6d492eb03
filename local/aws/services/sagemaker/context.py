"""What the service needs of the running server. Not part of the saved state."""

import os
from dataclasses import dataclass, field
from pathlib import Path

from local.aws.clients import Clients
from local.aws.runtime.addresses import Addresses
from local.aws.runtime.images import ImageStore
from local.aws.services.sagemaker.spot import SpotMarket


@dataclass
class Context(Clients):
    """The server, its images and clients that talk to it.

    Attributes:
        concurrency: jobs that run at a time; others wait in ``Starting``.
        quota: jobs of one kind that may be in progress; one more is refused.
        market: when spot jobs are interrupted and what they cost.
        addresses: lent to the hosts of jobs that run.
        patience: seconds without a byte read after which the log tells of a pipe's reader.
    """

    images: ImageStore
    concurrency: int = 2
    quota: int = 100
    market: SpotMarket = field(default_factory=lambda: SpotMarket.of(os.environ))
    addresses: Addresses = field(default_factory=Addresses)
    patience: float = 30.0

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
