"""What the service needs of the running server. Not part of the saved state."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from local.aws.clients import Clients
from local.aws.current import Current
from local.aws.runtime.queue import JobQueue

if TYPE_CHECKING:
    from local.aws.services.redshift.engine import Engine
    from local.aws.services.redshift.execution import Execution


@dataclass
class Context(Clients):
    """The server, the engine, and the statements that wait for it.

    Attributes:
        folder: has the files of clusters and the results of statements.
    """

    engine: "Engine"
    queue: JobQueue["Execution"]
    folder: Path

    @property
    def scratch(self) -> Path:
        """The folder with one folder for each statement that runs."""
        return self.aws.home / "jobs" / "redshift"


current = Current[Context]("Redshift")
