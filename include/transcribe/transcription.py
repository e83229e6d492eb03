"""Requests of transcription jobs.

https://docs.aws.amazon.com/transcribe/latest/APIReference/API_StartTranscriptionJob.html
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from include.bundles import Bundle
from include.run import Run
from include.transcribe.vocabulary import Filter, Request

OUTPUT_KEY = re.compile(r"[a-zA-Z0-9_.!*'()/-]{1,1024}")
"""What AWS takes as ``OutputKey``."""


@dataclass(frozen=True)
class TranscriptionJob:
    """One media file's transcript.

    ``output`` is an S3 URI: the transcript's own, which ends in ``.json``, or a folder's, which ends in
    ``/`` and in which the transcript has the job's name. Without a ``language`` AWS identifies it.
    ``alternatives`` is how many transcripts an uncertain passage may have, from 2 to 10; ``speakers`` how
    many voices are told apart, from 2 to 30. ``sample_rate`` in hertz, and ``media_format``, only need to be
    given where AWS is to refuse anything else.
    """

    media: str
    output: str
    language: str | None = "en-US"
    media_format: str | None = None
    sample_rate: int | None = None
    vocabulary: str | None = None
    vocabulary_filter: Filter | None = None
    language_model: str | None = None
    separate_channels: bool = False
    speakers: int | None = None
    alternatives: int | None = None
    subtitles: Sequence[Literal["vtt", "srt"]] = ()

    def __post_init__(self) -> None:
        """Raises ValueError for what AWS would refuse."""
        bucket, _, key = self.output.removeprefix("s3://").partition("/")
        if not self.output.startswith("s3://") or not bucket or not OUTPUT_KEY.fullmatch(key):
            raise ValueError(
                f"output {self.output!r} is not s3://bucket/key with a key of letters, digits and _.!*'()/-"
            )
        if not key.endswith(("/", ".json")):
            raise ValueError(f"output {self.output!r} ends neither in .json nor, for a folder, in /")
        if self.separate_channels and self.speakers:
            raise ValueError("channels and speakers are not told apart in one job: choose one of the two")

    def request(self, run: Run) -> Request:
        """The ``StartTranscriptionJob`` request, without its name.

        Where too many jobs run already, AWS queues it.
        """
        bucket, _, key = self.output.removeprefix("s3://").partition("/")
        request: Request = {
            "Media": {"MediaFileUri": self.media},
            "OutputBucketName": bucket,
            "OutputKey": key,
            "JobExecutionSettings": {
                "AllowDeferredExecution": True,
                "DataAccessRoleArn": run.settings.role_arn,
            },
        }
        optional = {
            "LanguageCode": self.language,
            "IdentifyLanguage": self.language is None,
            "MediaFormat": self.media_format,
            "MediaSampleRateHertz": self.sample_rate,
            "Settings": self._settings(),
            "ModelSettings": {"LanguageModelName": self.language_model} if self.language_model else None,
            "Subtitles": {"Formats": list(self.subtitles)} if self.subtitles else None,
            # Without a key AWS encrypts transcripts with S3's own, whatever the bucket's default is.
            "OutputEncryptionKMSKeyId": run.settings.output_kms_key,
        }
        return {**request, **{name: value for name, value in optional.items() if value}}

    def bundles(self) -> Sequence[Bundle]:
        """The media file is all that it needs."""
        return []

    def metrics_uri(self) -> None:
        """A transcription job leaves no metrics."""

    def _settings(self) -> Request:
        settings: Request = self.vocabulary_filter.settings() if self.vocabulary_filter else {}
        if self.vocabulary:
            settings["VocabularyName"] = self.vocabulary
        if self.separate_channels:
            settings["ChannelIdentification"] = True
        if self.speakers:
            settings |= {"ShowSpeakerLabels": True, "MaxSpeakerLabels": self.speakers}
        if self.alternatives:
            settings |= {"ShowAlternatives": True, "MaxAlternatives": self.alternatives}
        return settings
