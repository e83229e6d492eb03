"""What the service needs of the running server. Not part of the saved state."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from local.aws.clients import Clients
from local.aws.current import Current
from local.aws.runtime.images import ImageStore
from local.aws.runtime.queue import JobQueue

if TYPE_CHECKING:
    from local.aws.services.transcribe.run import Run


@dataclass
class Context(Clients):
    """The server, its engines and the queues of what runs.

    Attributes:
        engines: the programs that recognise speech, and their environments.
        queue: jobs and trainings of language models.
        vocabularies: what becomes of vocabularies, which is no work for the engine.
    """

    engines: ImageStore
    queue: JobQueue["Run[Any]"]
    vocabularies: JobQueue["Run[Any]"]

    @property
    def models(self) -> Path:
        """The folder with one folder per language model."""
        return self.aws.home / "transcribe" / "models"

    @property
    def scratch(self) -> Path:
        """The folder with one folder for each run."""
        return self.aws.home / "jobs" / "transcribe"


current = Current[Context]("Transcribe")
