"""What the service needs of the running server. Not part of the saved state."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from local.aws.clients import Clients
from local.aws.current import Current
from local.aws.runtime.images import ImageStore
from local.aws.runtime.queue import JobQueue

if TYPE_CHECKING:
    from local.aws.services.glue.crawl_run import CrawlRun


@dataclass
class Context(Clients):
    """The server, the engine that reads schemas, and the queue of crawls."""

    engines: ImageStore
    queue: JobQueue["CrawlRun"]

    @property
    def scratch(self) -> Path:
        """The folder with one folder for each crawl that runs."""
        return self.aws.home / "jobs" / "glue"


current = Current[Context]("Glue")
