"""What moto's backend has no place for."""

from typing import TYPE_CHECKING, Any

from moto.transcribe.models import TranscribeBackend

if TYPE_CHECKING:
    from local.aws.services.transcribe.records import CallAnalyticsJob, LanguageModel, VocabularyFilter


class TranscribeRecords(TranscribeBackend):
    """moto's backend with all the collections; its own ones are `transcriptions` and `vocabularies`."""

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self.transcriptions: dict[str, Any] = {}  # not moto's own kinds of record
        self.vocabularies: dict[str, Any] = {}
        self.call_analytics_jobs: dict[str, CallAnalyticsJob] = {}
        self.vocabulary_filters: dict[str, VocabularyFilter] = {}
        self.language_models: dict[str, LanguageModel] = {}

    def arn(self, resource: str, name: str) -> str:
        """The ARN of what has this name."""
        return f"arn:{self.partition}:transcribe:{self.region_name}:{self.account_id}:{resource}/{name}"
