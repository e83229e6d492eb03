"""Jobs as they are saved: plain data, no thread, no handle."""

import threading
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, ClassVar

from local.aws.services.sagemaker import context, events

RUNNING = ("InProgress", "Stopping")
ENDED = ("Completed", "Failed", "Stopped")
RESTARTED = (
    "InternalServerError: the local AWS stopped while this job ran. Start the job again under a new name."
)

# A request to stop and the job's own thread may change a job at the same moment.
_changing = threading.RLock()


def now() -> datetime:
    """The present, to the millisecond, as AWS's answers have it."""
    moment = datetime.now(UTC)
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


class Job:
    """A job's description. It is replaced as a whole, so a reader never sees half a change.

    Attributes:
        description: the answer of the describe operation.
        tags: as `ListTags` gives them.
    """

    kind: ClassVar[str]
    subject: ClassVar[str]
    status_field: ClassVar[str]
    end_field: ClassVar[str]

    def __init__(
        self, arn: str, region: str, description: dict[str, Any], tags: list[dict[str, str]]
    ) -> None:
        self.arn = arn
        self.region = region
        self.tags = tags
        self.description: dict[str, Any] = description

    @property
    def name(self) -> str:
        """The name, unique per kind of job."""
        return str(self.description[self.status_field.replace("Status", "Name")])

    @property
    def status(self) -> str:
        """`InProgress`, `Completed`, `Failed`, `Stopping` or `Stopped`."""
        return str(self.description[self.status_field])

    @property
    def creation_time(self) -> datetime:
        """When the request came."""
        created: datetime = self.description["CreationTime"]
        return created

    @property
    def response_object(self) -> dict[str, Any]:
        """What moto's search looks into."""
        return self.description

    def update(self, **changes: Any) -> None:
        """Changes fields and the time of modification, with no event."""
        with context.current().aws.changing():
            self.description = self.description | changes | {"LastModifiedTime": now()}

    def move(self, status: str, **changes: Any) -> None:
        """Goes to a status and announces it. A job that has ended stays as it ended."""
        with _changing:
            if self.description.get(self.status_field) in ENDED:
                return
            self.update(**{self.status_field: status}, **changes)
        self.announce()

    def announce(self) -> None:
        """Publishes the event of the present state."""
        events.announce(self.subject, self.event_detail(), self.arn, self.region)

    def event_detail(self) -> dict[str, Any]:
        """The description and the tags, which events of most kinds carry as a map."""
        return self.description | {"Tags": {tag["Key"]: tag["Value"] for tag in self.tags}}

    def summary(self) -> dict[str, Any]:
        """The entry of a list answer."""
        fields = self.summary_fields()
        return {name: self.description[name] for name in fields if name in self.description}

    def summary_fields(self) -> tuple[str, ...]:
        """Members of the description that a list answer shows."""
        prefix = self.status_field.removesuffix("Status")
        common = (f"{prefix}Name", f"{prefix}Arn", "CreationTime", "LastModifiedTime", self.status_field)
        return (*common, self.end_field)


class TrainingJob(Job):
    """A training job. Its secondary status has a history.

    Attributes:
        objective_values: all that its log has said so far of the metric that it is tuned for.
    """

    kind = "training"
    subject = "Training Job"
    status_field = "TrainingJobStatus"
    end_field = "TrainingEndTime"
    objective_values: Sequence[float] = ()

    @property
    def was_interrupted(self) -> bool:
        """Whether it was the end of the server that ended it, and nothing of its own."""
        return self.description.get("FailureReason") == RESTARTED

    @property
    def training_job_name(self) -> str:
        """For moto, which sorts by it."""
        return self.name

    def summary_fields(self) -> tuple[str, ...]:
        """Members of the description that a list answer shows."""
        return (*super().summary_fields(), "SecondaryStatus")

    def step(self, secondary: str, message: str, status: str | None = None, **changes: Any) -> None:
        """Goes to a secondary status, closes the one before and announces it."""
        with _changing:
            history = self._history(secondary, message, ended=status in ENDED)
            changes |= {"SecondaryStatus": secondary, "SecondaryStatusTransitions": history}
            self.move(status or self.status, **changes)

    def _history(self, secondary: str, message: str, *, ended: bool) -> list[dict[str, Any]]:
        moment = now()
        history = [dict(entry) for entry in self.description.get("SecondaryStatusTransitions", [])]
        if history and "EndTime" not in history[-1]:
            history[-1]["EndTime"] = moment
        entry = {"Status": secondary, "StartTime": moment, "StatusMessage": message}
        return [*history, entry | ({"EndTime": moment} if ended else {})]


class ProcessingJob(Job):
    """A processing job."""

    kind = "processing"
    subject = "Processing Job"
    status_field = "ProcessingJobStatus"
    end_field = "ProcessingEndTime"

    @property
    def processing_job_name(self) -> str:
        """For moto, which sorts by it."""
        return self.name

    def summary_fields(self) -> tuple[str, ...]:
        """Members of the description that a list answer shows."""
        return (*super().summary_fields(), "ExitMessage", "FailureReason")

    def event_detail(self) -> dict[str, Any]:
        """The description: AWS's events of processing jobs carry no tags."""
        return self.description


class TransformJob(Job):
    """A batch transform job."""

    kind = "transform"
    subject = "Transform Job"
    status_field = "TransformJobStatus"
    end_field = "TransformEndTime"

    def summary_fields(self) -> tuple[str, ...]:
        """Members of the description that a list answer shows."""
        return (*super().summary_fields(), "FailureReason")


class TuningJob(Job):
    """A hyperparameter tuning job. Its work is done by training jobs."""

    kind = "tuning"
    subject = "HyperParameter Tuning Job"
    status_field = "HyperParameterTuningJobStatus"
    end_field = "HyperParameterTuningEndTime"

    def summary(self) -> dict[str, Any]:
        """The entry of a list answer, with what it takes from the configuration."""
        config = self.description["HyperParameterTuningJobConfig"]
        limits = {name: config[name] for name in ("Strategy", "ResourceLimits")}
        return super().summary() | limits

    def summary_fields(self) -> tuple[str, ...]:
        """Members of the description that a list answer shows."""
        return (*super().summary_fields(), "TrainingJobStatusCounters", "ObjectiveStatusCounters")
