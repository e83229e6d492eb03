"""Tags of whatever has an ARN.

https://docs.aws.amazon.com/transcribe/latest/dg/tagging.html
"""

from typing import TYPE_CHECKING, Any

from local.aws.services.transcribe import validation
from local.aws.services.transcribe.base import TranscribeRecords
from local.aws.services.transcribe.records import (
    CallAnalyticsJob,
    LanguageModel,
    Record,
    Request,
    TranscriptionJob,
    Vocabulary,
    VocabularyFilter,
)
from local.aws.services.transcribe.validation import BadRequestError, NotFoundError

if TYPE_CHECKING:
    from collections.abc import Mapping

MOST = 50


class TagOperations(TranscribeRecords):
    """The part of the backend that tags."""

    def tag(self, request: Request) -> None:
        """TagResource."""
        validation.check_request("TagResource", request)
        record = self._tagged(request["ResourceArn"])
        tags = {tag["Key"]: tag for tag in [*record.tags, *request["Tags"]]}
        if len(tags) > MOST:
            raise BadRequestError(f"{record.arn} would have {len(tags)} tags, and may have {MOST}.")
        record.tags = list(tags.values())

    def untag(self, request: Request) -> None:
        """UntagResource."""
        validation.check_request("UntagResource", request)
        record = self._tagged(request["ResourceArn"])
        record.tags = [tag for tag in record.tags if tag["Key"] not in request["TagKeys"]]

    def tags_of(self, request: Request) -> dict[str, Any]:
        """ListTagsForResource."""
        validation.check_request("ListTagsForResource", request)
        record = self._tagged(request["ResourceArn"])
        return {"ResourceArn": record.arn} | ({"Tags": record.tags} if record.tags else {})

    def _tagged(self, arn: str) -> Record:
        resource, _, name = arn.split(":", 5)[5].partition("/")
        collections: dict[str, Mapping[str, Any]] = {
            TranscriptionJob.resource: self.transcriptions,
            CallAnalyticsJob.resource: self.call_analytics_jobs,
            Vocabulary.resource: self.vocabularies,
            VocabularyFilter.resource: self.vocabulary_filters,
            LanguageModel.resource: self.language_models,
        }
        record = collections.get(resource, {}).get(name)
        if not isinstance(record, Record) or record.arn != arn:
            raise NotFoundError(f"The resource {arn} couldn't be found. Check the ARN and try again.")
        return record
