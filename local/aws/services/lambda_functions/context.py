"""What the service needs of the running server. Not part of the saved state."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from local.aws.clients import Clients
from local.aws.current import Current
from local.aws.runtime.images import ImageStore
from local.aws.services.lambda_functions.code import CodeStore

if TYPE_CHECKING:
    from local.aws.services.lambda_functions.asynchronous import AsynchronousInvoker
    from local.aws.services.lambda_functions.pool import Pool
    from local.aws.services.lambda_functions.sources import Sources


@dataclass
class Context(Clients):
    """The server, its environments of Python, and what runs.

    Attributes:
        engines: brings the runtime, with AWS's Runtime Interface Client.
        minute: seconds that a minute of Lambda's own waits takes.
    """

    engines: ImageStore
    code: CodeStore
    minute: float = 60.0
    pool: "Pool" = field(init=False)
    invoker: "AsynchronousInvoker" = field(init=False)
    sources: "Sources" = field(init=False)

    def kinesis(self, region: str) -> Any:
        """A client that threads may share."""
        return self._client("kinesis", region)

    @property
    def scratch(self) -> Path:
        """The folder with one folder for each execution environment."""
        return self.aws.home / "lambda" / "environments"


current = Current[Context]("Lambda")
