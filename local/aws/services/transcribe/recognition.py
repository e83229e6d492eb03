"""A job: media from S3, the engine, a document to S3."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from local.aws.runtime.transfer import S3Uri
from local.aws.services.transcribe import context, engine, storage
from local.aws.services.transcribe.engine import EndedError, InputError
from local.aws.services.transcribe.filters import WordFilter
from local.aws.services.transcribe.records import UNSUPPORTED_LANGUAGE, Job, now
from local.aws.services.transcribe.run import Run
from local.aws.services.transcribe.validation import s3_uri

if TYPE_CHECKING:
    from datetime import datetime

TOO_LARGE = "Invalid file size: file size too large."
LANGUAGE = "en-US"


class Recognition(Run[Job]):
    """Executes a job of one of the two kinds.

    Attributes:
        place: where the caller wants the document; None for the service's own bucket.
        max_bytes: of the media file.
    """

    max_bytes: int

    def __init__(self, job: Job, place: S3Uri | None) -> None:
        super().__init__(job)
        self.place = place

    def run(self) -> None:
        """Fetches, recognises, writes."""
        self.job.move("IN_PROGRESS", StartTime=now())
        self._check_language()
        output = self.root / "output.json"
        request = self.engine_request(self._fetch(), output)
        engine.run("recognise.py", request, self.root, self.ended)
        recognised = json.loads(output.read_text())
        self._write(self.document(recognised))
        self.completed(recognised)

    def engine_request(self, media: Path, output: Path) -> dict[str, Any]:
        """What the engine is asked for."""
        request = self.job.request
        return {
            "media": str(media),
            "media_format": request.get("MediaFormat"),
            "sample_rate": request.get("MediaSampleRateHertz"),
            "separate_channels": self.separate_channels,
            "vocabulary": self.job.rows,
            "language_model": self._language_model(),
            "alternatives": self.job.settings.get("MaxAlternatives", 1),
            "output": str(output),
            "progress": False,
        }

    @property
    def separate_channels(self) -> bool:
        """Whether each channel is recognised by itself."""
        raise NotImplementedError

    def document(self, recognised: Mapping[str, Any]) -> dict[str, Any]:
        """The JSON that the job is for."""
        raise NotImplementedError

    def completed(self, recognised: Mapping[str, Any]) -> None:
        """Records the end, with what was found out about the media."""
        found: dict[str, Any] = {
            "MediaFormat": recognised["media_format"],
            "MediaSampleRateHertz": recognised["sample_rate"],
        }
        if self.place is not None:
            address = storage.lasting_address(self.place, self.job.region)
            found["Transcript"] = {"TranscriptFileUri": address}
        self.job.move("COMPLETED", CompletionTime=now(), **found)

    def failed(self, reason: str) -> None:
        """Records why it failed."""
        moment = now()
        start: datetime = self.job.description.get("StartTime", moment)
        self.job.move("FAILED", FailureReason=reason, StartTime=start, CompletionTime=moment)

    def word_filter(self) -> WordFilter:
        """What the vocabulary filter does."""
        return WordFilter(self.job.filter_words, self.job.settings.get("VocabularyFilterMethod", "mask"))

    def _check_language(self) -> None:
        language = self.job.request.get("LanguageCode", "identification of the language")
        if language != LANGUAGE:
            raise InputError(UNSUPPORTED_LANGUAGE.format(language=language))

    def _language_model(self) -> str | None:
        folder = self.job.model_folder
        return str(context.current().models / folder) if folder else None

    def _fetch(self) -> Path:
        """The media in a file that has no name of the caller's. Raises `InputError` if it is too large."""
        uri = s3_uri(self.job.request["Media"]["MediaFileUri"], "MediaFileUri")
        client = self.clients.s3(self.job.region)
        if client.head_object(Bucket=uri.bucket, Key=uri.key)["ContentLength"] > self.max_bytes:
            raise InputError(TOO_LARGE)
        media = self.root / "media"
        client.download_file(uri.bucket, uri.key, str(media))
        return media

    def _write(self, document: Mapping[str, Any]) -> None:
        if self.ended.is_set():
            raise EndedError
        text, region = json.dumps(document, ensure_ascii=False), self.job.region
        if self.place is None:
            self.job.service_key = f"{self.job.account}/{self.job.name}/{self.root.name}/asrOutput.json"
            storage.put_text(storage.transcripts(region), self.job.service_key, text, region)
            return
        key = self.job.request.get("OutputEncryptionKMSKeyId")
        encryption: Any = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": key} if key else {}
        self.clients.s3(region).put_object(
            Bucket=self.place.bucket,
            Key=self.place.key,
            Body=text.encode(),
            ContentType="application/json",
            **encryption,
        )
