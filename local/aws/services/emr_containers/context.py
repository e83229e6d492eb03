"""What the service needs of the running server. Not part of the saved state."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from local.aws.clients import Clients
from local.aws.current import Current
from local.aws.runtime.images import ImageStore
from local.aws.runtime.queue import JobQueue

if TYPE_CHECKING:
    from local.aws.services.emr_containers.execution import Execution


@dataclass
class Context(Clients):
    """The server, its images and the queue of what runs."""

    images: ImageStore
    queue: JobQueue["Execution"]

    @property
    def scratch(self) -> Path:
        """The folder with one folder for each job run."""
        return self.aws.home / "jobs" / "emr-containers"


current = Current[Context]("EMR on EKS")
