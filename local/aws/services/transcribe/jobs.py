"""Transcription jobs.

https://docs.aws.amazon.com/transcribe/latest/APIReference/API_StartTranscriptionJob.html
"""

from collections.abc import Mapping
from typing import Any

from local.aws.runtime.transfer import S3Uri
from local.aws.services.transcribe import context, results, validation
from local.aws.services.transcribe.engine import InputError
from local.aws.services.transcribe.job_operations import JobOperations, refuse_unsupported
from local.aws.services.transcribe.listing import listed
from local.aws.services.transcribe.recognition import Recognition
from local.aws.services.transcribe.records import Request, TranscriptionJob
from local.aws.services.transcribe.validation import BadRequestError

CHANNELS = 2
MAX_BYTES = 2 * 1024**3
"""https://docs.aws.amazon.com/general/latest/gr/transcribe.html"""


class TranscriptionRun(Recognition):
    """Executes a transcription job."""

    max_bytes = MAX_BYTES

    @property
    def separate_channels(self) -> bool:
        """As the request says."""
        return bool(self.job.settings.get("ChannelIdentification"))

    def document(self, recognised: Mapping[str, Any]) -> dict[str, Any]:
        """The transcript."""
        if self.separate_channels and recognised["channels"] != CHANNELS:
            raise InputError(
                f"ChannelIdentification needs a media file with {CHANNELS} channels, and this one has "
                f"{recognised['channels']}."
            )
        alternatives = self.job.settings.get("MaxAlternatives", 1)
        return results.document(
            self.job.name,
            self.job.account,
            results.results(
                self.word_filter().applied(recognised["items"]),
                separate_channels=self.separate_channels,
                alternatives=alternatives,
            ),
        )


class TranscriptionOperations(JobOperations):
    """The part of the backend that transcribes."""

    def start_job(self, request: Request) -> dict[str, Any]:
        """StartTranscriptionJob."""
        validation.check_request("StartTranscriptionJob", request)
        self._check(request)
        job = self.new_job(TranscriptionJob, "TranscriptionJob", request)
        place = "CUSTOMER_BUCKET" if request.get("OutputBucketName") else "SERVICE_BUCKET"
        job.description["OutputLocationType"] = place
        run = TranscriptionRun(job, output_place(request))
        return {"TranscriptionJob": self.launch(job, self.transcriptions, run)}

    def get_job(self, request: Request) -> dict[str, Any]:
        """GetTranscriptionJob."""
        job = self._transcription_job(request["TranscriptionJobName"])
        return {"TranscriptionJob": self.job_answer(job)}

    def list_jobs(self, request: Request) -> dict[str, Any]:
        """ListTranscriptionJobs."""
        validation.check_request("ListTranscriptionJobs", request)
        jobs = [job for job in self.transcriptions.values() if isinstance(job, TranscriptionJob)]
        return listed("ListTranscriptionJobs", "TranscriptionJobSummaries", jobs, request)

    def delete_transcription(self, request: Request) -> None:
        """DeleteTranscriptionJob."""
        self.delete_job(self.transcriptions, request["TranscriptionJobName"], "DeleteTranscriptionJob")

    def resume_jobs(self) -> None:
        """Queues again the jobs that had not begun when the last process ended."""
        for job in list(self.transcriptions.values()):
            if isinstance(job, TranscriptionJob) and job.status == "QUEUED":
                context.current().queue.submit(TranscriptionRun(job, output_place(job.request)))

    def _transcription_job(self, name: str) -> TranscriptionJob:
        job = self.transcriptions.get(name)
        if not isinstance(job, TranscriptionJob):
            raise validation.not_found("GetTranscriptionJob", "job")
        return job

    def _check(self, request: Request) -> None:
        execution = request.get("JobExecutionSettings") or {}
        role = execution.get("DataAccessRoleArn")
        self.check_job(request, self.transcriptions, request["TranscriptionJobName"], role)
        if execution.get("AllowDeferredExecution") and not role:
            raise BadRequestError(
                "You specified AllowDeferredExecution without DataAccessRoleArn: give the role that reads "
                "the media file when the job leaves the queue."
            )
        _check_languages(request)
        _check_settings(request)
        if bucket := request.get("OutputBucketName"):
            validation.check_bucket(bucket, self.account_id, self.region_name)


def output_place(request: Request) -> S3Uri | None:
    """Where the transcript goes; None for the service's own bucket.

    A key that ends in ``.json`` is the transcript's own, any other one is a folder.

    >>> str(output_place({"TranscriptionJobName": "a", "OutputBucketName": "bucket", "OutputKey": "folder"}))
    's3://bucket/folder/a.json'
    """
    bucket, key = request.get("OutputBucketName"), request.get("OutputKey", "")
    if not bucket:
        return None
    if key.endswith(".json"):
        return S3Uri(bucket, key)
    return S3Uri(bucket, key.rstrip("/")).child(f"{request['TranscriptionJobName']}.json")


def _check_languages(request: Request) -> None:
    names = ("LanguageCode", "IdentifyLanguage", "IdentifyMultipleLanguages")
    given = [name for name in names if request.get(name)]
    if len(given) != 1:
        raise BadRequestError(
            f"You must specify exactly one of {', '.join(names)}; given: {', '.join(given) or 'none'}."
        )


def _check_settings(request: Request) -> None:
    settings = request.get("Settings") or {}
    if bool(settings.get("ShowAlternatives")) != ("MaxAlternatives" in settings):
        raise BadRequestError(
            "ShowAlternatives and MaxAlternatives belong together: give MaxAlternatives (2 to 10) with "
            "ShowAlternatives set to true, or neither."
        )
    if settings.get("ShowSpeakerLabels") and settings.get("ChannelIdentification"):
        raise BadRequestError("ShowSpeakerLabels and ChannelIdentification can't both be true.")
    for name in ("OutputKey", "OutputEncryptionKMSKeyId"):
        if request.get(name) and not request.get("OutputBucketName"):
            raise BadRequestError(f"You specified {name} without OutputBucketName: give both.")
    asked = ("ContentRedaction", "Subtitles", "ToxicityDetection")
    speakers = {"Settings.ShowSpeakerLabels": settings.get("ShowSpeakerLabels")}
    refuse_unsupported({name: request.get(name) for name in asked} | speakers)
