"""Requests of call analytics jobs.

https://docs.aws.amazon.com/transcribe/latest/APIReference/API_StartCallAnalyticsJob.html
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from include.bundles import Bundle
from include.run import Run
from include.transcribe.vocabulary import Filter, Request


@dataclass(frozen=True)
class CallAnalyticsJob:
    """The transcript and analysis of a call, the agent on one of two channels, the customer on the other.

    ``output`` is an S3 URI: the transcript's own, which ends in ``.json``, or a folder's, which ends in
    ``/`` and below which AWS writes ``analytics/<job name>.json``. Without a ``language`` AWS identifies it.
    """

    media: str
    output: str
    agent_channel: Literal[0, 1] = 0
    language: str | None = "en-US"
    vocabulary: str | None = None
    vocabulary_filter: Filter | None = None
    language_model: str | None = None

    def request(self, run: Run) -> Request:
        """The ``StartCallAnalyticsJob`` request, without its name."""
        customer = 1 - self.agent_channel
        request: Request = {
            "Media": {"MediaFileUri": self.media},
            "OutputLocation": self.output,
            "DataAccessRoleArn": run.settings.role_arn,
            "ChannelDefinitions": [
                {"ChannelId": self.agent_channel, "ParticipantRole": "AGENT"},
                {"ChannelId": customer, "ParticipantRole": "CUSTOMER"},
            ],
        }
        if settings := self._settings():
            request["Settings"] = settings
        if run.settings.output_kms_key:
            request["OutputEncryptionKMSKeyId"] = run.settings.output_kms_key
        return request

    def bundles(self) -> Sequence[Bundle]:
        """The call is all that it needs."""
        return []

    def metrics_uri(self) -> None:
        """A call analytics job leaves no metrics."""

    def _settings(self) -> Request:
        settings: Request = self.vocabulary_filter.settings() if self.vocabulary_filter else {}
        if self.vocabulary:
            settings["VocabularyName"] = self.vocabulary
        if self.language_model:
            settings["LanguageModelName"] = self.language_model
        if self.language:
            settings["LanguageOptions"] = [self.language]
        return settings
