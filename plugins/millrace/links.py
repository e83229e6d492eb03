"""The buttons on a task's page that lead to what it started."""

from typing import Any

from airflow.sdk import BaseOperatorLink
from typing_extensions import override


class _RemoteLink(BaseOperatorLink):
    """A link that its operator knows, under ``links``, once it has started something.

    Airflow keeps it as an XCom when the task defers and again when it ends, so it is there
    while the job runs.
    """

    @override
    def get_link(self, operator: Any, *, ti_key: Any) -> str:
        found: str | None = getattr(operator, "links", {}).get(self.name)
        return found or ""


class JobLink(_RemoteLink):
    """The job: AWS's console, or the local AWS's page."""

    name = "Job"


class LogLink(_RemoteLink):
    """What the job prints."""

    name = "Job log"


class OutputLink(_RemoteLink):
    """What the job leaves in S3."""

    name = "Output"


class DescriptionLink(_RemoteLink):
    """All that AWS says of the job once it is over, as JSON."""

    name = "Description"


class ReportLink(_RemoteLink):
    """The page for people that a job has left."""

    name = "Report"


class TensorBoardLink(_RemoteLink):
    """What a training job writes for TensorBoard, while it runs; ``millrace tensorboard`` shows it."""

    name = "TensorBoard"


LINKS: tuple[BaseOperatorLink, ...] = (JobLink(), LogLink(), OutputLink(), DescriptionLink())
"""Those of every job."""
