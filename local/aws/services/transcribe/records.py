"""Jobs, vocabularies and models as they are saved: plain data, no thread, no handle."""

import logging
import threading
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, ClassVar

from local.aws.services.transcribe import context

log = logging.getLogger(__name__)

Request = Mapping[str, Any]
ENDED = ("COMPLETED", "FAILED", "READY")
UNSUPPORTED_LANGUAGE = (
    "The local engine knows US English (en-US) only, and this request asks for {language}. "
    "Give LanguageCode en-US, or use Amazon Transcribe itself."
)

# A request and the thread of a job may change a record at the same moment.
_changing = threading.RLock()


def now() -> datetime:
    """The present, to the millisecond, as AWS's answers have it."""
    moment = datetime.now(UTC)
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


class Record:
    """Something with a name and tags. Its description is replaced as a whole: no reader sees half a change.

    Attributes:
        description: as the answer of the get operation has it.
        tags: as `ListTagsForResource` gives them.
    """

    resource: ClassVar[str]
    """Its type in an ARN."""
    name_field: ClassVar[str]

    def __init__(
        self, arn: str, region: str, description: dict[str, Any], tags: list[dict[str, str]]
    ) -> None:
        self.arn = arn
        self.region = region
        self.description = description
        self.tags = tags

    @property
    def name(self) -> str:
        """The name, unique per type."""
        return str(self.description[self.name_field])

    @property
    def account(self) -> str:
        """The account that it belongs to."""
        return self.arn.split(":")[4]

    def update(self, **changes: Any) -> None:
        """Changes fields."""
        with context.current().aws.changing():
            self.description = self.description | changes


class StatefulRecord(Record):
    """A record with a state, whose ends are events.

    https://docs.aws.amazon.com/transcribe/latest/dg/monitoring-events.html
    """

    status_field: ClassVar[str]
    detail_type: ClassVar[str]

    @property
    def status(self) -> str:
        """In the spelling of the get operation."""
        return str(self.description[self.status_field])

    @property
    def ended(self) -> bool:
        """Whether nothing happens to it any more by itself."""
        return self.status in ENDED

    def move(self, status: str, **changes: Any) -> None:
        """Goes to a state, and announces it if it is a last one. What has ended stays as it ended."""
        with _changing:
            if self.ended:
                return
            self.update(**{self.status_field: status}, **changes)
        if status in ENDED:
            self._announce()

    def event_detail(self) -> dict[str, Any]:
        """The event's detail: name and state."""
        return {field: self.description[field] for field in (self.name_field, self.status_field)}

    def _announce(self) -> None:
        """A failing subscriber must not change what happens to the record, so errors are logged here."""
        try:
            context.current().aws.put_event(
                "aws.transcribe", self.detail_type, self.event_detail(), region=self.region
            )
        except Exception:
            log.exception("The event %r of %s was not published", self.detail_type, self.arn)


class Job(StatefulRecord):
    """A transcription or call analytics job.

    Attributes:
        request: the start request.
        rows: of the vocabulary, as they were when the job was started.
        filter_words: of the vocabulary filter, likewise.
        model_folder: of the custom language model.
        service_key: of the transcript in the service's own bucket; None where the request names a place.
    """

    def __init__(
        self, arn: str, region: str, description: dict[str, Any], tags: list[dict[str, str]], request: Request
    ) -> None:
        super().__init__(arn, region, description, tags)
        self.request = dict(request)
        self.rows: list[dict[str, str]] = []
        self.filter_words: list[str] = []
        self.service_key: str | None = None
        self.model_folder: str | None = None

    @property
    def settings(self) -> Mapping[str, Any]:
        """The request's ``Settings``."""
        return self.request.get("Settings") or {}

    @property
    def language_model(self) -> str | None:
        """The name of the custom language model."""
        settings = self.request.get("ModelSettings") or self.settings
        return settings.get("LanguageModelName")


class TranscriptionJob(Job):
    """A transcription job."""

    resource = "transcription-job"
    name_field = "TranscriptionJobName"
    status_field = "TranscriptionJobStatus"
    detail_type = "Transcribe Job State Change"


class CallAnalyticsJob(Job):
    """A call analytics job."""

    resource = "analytics"
    name_field = "CallAnalyticsJobName"
    status_field = "CallAnalyticsJobStatus"
    detail_type = "Call Analytics Job State Change"

    def event_detail(self) -> dict[str, Any]:
        """This kind's events have field names of their own."""
        reason = {name: self.description[name] for name in ("FailureReason",) if name in self.description}
        return {
            "JobName": self.name,
            "JobStatus": self.status,
            **reason,
            "AnalyticsJobDetails": {"Skipped": []},
        }


class Vocabulary(StatefulRecord):
    """A custom vocabulary.

    Attributes:
        rows: what the engine takes: phrase, sounds_like, ipa, display_as. The last that were good.
        source: the request that created or last updated it.
        service_key: of its content in the service's own bucket.
    """

    resource = "vocabulary"
    name_field = "VocabularyName"
    status_field = "VocabularyState"
    detail_type = "Vocabulary State Change"

    def __init__(
        self, arn: str, region: str, description: dict[str, Any], tags: list[dict[str, str]], source: Request
    ) -> None:
        super().__init__(arn, region, description, tags)
        self.source = dict(source)
        self.rows: list[dict[str, str]] = []
        self.service_key: str | None = None

    def begin_again(self, source: Request, **changes: Any) -> None:
        """Takes another content; what it had stays good for the jobs that have begun."""
        with _changing:
            self.source = dict(source)
            self.description = {k: v for k, v in self.description.items() if k != "FailureReason"}
            self.update(**{self.status_field: "PENDING"}, **changes)


class VocabularyFilter(Record):
    """Words to mask, remove or tag. ``service_key`` is that of the list in the service's own bucket."""

    resource = "vocabulary-filter"
    name_field = "VocabularyFilterName"

    def __init__(
        self, arn: str, region: str, description: dict[str, Any], tags: list[dict[str, str]], words: list[str]
    ) -> None:
        super().__init__(arn, region, description, tags)
        self.words = words
        self.service_key = f"{self.account}/{self.name}/input.txt"


class LanguageModel(StatefulRecord):
    """A custom language model. ``folder`` is its name below the service's folder of models."""

    resource = "language-model"
    name_field = "ModelName"
    status_field = "ModelStatus"
    detail_type = "Transcribe Language Model State Change"

    def __init__(
        self, arn: str, region: str, description: dict[str, Any], tags: list[dict[str, str]], folder: str
    ) -> None:
        super().__init__(arn, region, description, tags)
        self.folder = folder
