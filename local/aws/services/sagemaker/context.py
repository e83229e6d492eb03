"""What the service needs of the running server. Not part of the saved state."""

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from local.aws.clients import Clients
from local.aws.current import Current
from local.aws.runtime.addresses import Addresses
from local.aws.runtime.images import ImageStore
from local.aws.runtime.queue import JobQueue
from local.aws.services.sagemaker.spot import SpotMarket

if TYPE_CHECKING:
    from local.aws.services.sagemaker.endpoint import Fleet
    from local.aws.services.sagemaker.run import JobRun


@dataclass
class Context(Clients):
    """The server, its images and clients that talk to it.

    Attributes:
        queue: of jobs; those that wait are ``Starting``.
        coordinators: the queue of tuning jobs, which only wait for their training jobs and take none of their
            places.
        fleet: the model servers.
        quota: jobs of one kind that may be in progress; one more is refused.
        market: when spot jobs are interrupted and what they cost.
        addresses: lent to the hosts of jobs that run.
        patience: seconds without a byte read after which the log tells of a pipe's reader.
    """

    images: ImageStore
    queue: JobQueue["JobRun"]
    coordinators: JobQueue["JobRun"]
    fleet: "Fleet"
    quota: int
    market: SpotMarket = field(default_factory=lambda: SpotMarket.of(os.environ))
    addresses: Addresses = field(default_factory=Addresses)
    patience: float = 30.0

    def job_root(self, kind: str, name: str) -> Path:
        """The folder of a job, with one folder per host in it."""
        return self.aws.home / "jobs" / kind / name


current = Current[Context]("SageMaker")
