"""Call analytics jobs.

https://docs.aws.amazon.com/transcribe/latest/APIReference/API_StartCallAnalyticsJob.html
"""

from collections.abc import Mapping
from typing import Any

from local.aws.runtime.transfer import S3Uri
from local.aws.services.transcribe import analytics, context, validation
from local.aws.services.transcribe.engine import InputError
from local.aws.services.transcribe.job_operations import JobOperations, refuse_unsupported
from local.aws.services.transcribe.listing import listed
from local.aws.services.transcribe.recognition import LANGUAGE, Recognition
from local.aws.services.transcribe.records import CallAnalyticsJob, Request
from local.aws.services.transcribe.validation import BadRequestError

CHANNELS = 2
MAX_BYTES = 500 * 1024**2
"""https://docs.aws.amazon.com/general/latest/gr/transcribe.html"""


class CallAnalyticsRun(Recognition):
    """Executes a call analytics job."""

    max_bytes = MAX_BYTES

    @property
    def separate_channels(self) -> bool:
        """Always: each channel is a participant."""
        return True

    def document(self, recognised: Mapping[str, Any]) -> dict[str, Any]:
        """The transcript by turns."""
        if recognised["channels"] != CHANNELS:
            raise InputError(
                f"Call Analytics needs a media file with {CHANNELS} channels, one for each participant, and "
                f"this one has {recognised['channels']}."
            )
        roles = {int(c["ChannelId"]): c["ParticipantRole"] for c in self.job.request["ChannelDefinitions"]}
        items = self.word_filter().applied(recognised["items"])
        about = {
            "JobStatus": "COMPLETED",
            "JobName": self.job.name,
            "AccountId": self.job.account,
            "LanguageCode": LANGUAGE,
        }
        return about | analytics.call(items, roles, recognised["seconds"])


class AnalyticsOperations(JobOperations):
    """The part of the backend that transcribes calls."""

    def start_call(self, request: Request) -> dict[str, Any]:
        """StartCallAnalyticsJob."""
        validation.check_request("StartCallAnalyticsJob", request)
        self._check_call(request)
        # The language is not part of this request, and identifying it is beyond the local engine.
        request = {**request, "LanguageCode": _language(request)}
        job = self.new_job(CallAnalyticsJob, "CallAnalyticsJob", request)
        run = CallAnalyticsRun(job, output_place(request))
        return {"CallAnalyticsJob": self.launch(job, self.call_analytics_jobs, run)}

    def get_call(self, request: Request) -> dict[str, Any]:
        """GetCallAnalyticsJob."""
        job = self.call_analytics_jobs.get(request["CallAnalyticsJobName"])
        if job is None:
            raise validation.not_found("GetCallAnalyticsJob", "job")
        return {"CallAnalyticsJob": self.job_answer(job)}

    def list_calls(self, request: Request) -> dict[str, Any]:
        """ListCallAnalyticsJobs."""
        validation.check_request("ListCallAnalyticsJobs", request)
        jobs = list(self.call_analytics_jobs.values())
        return listed("ListCallAnalyticsJobs", "CallAnalyticsJobSummaries", jobs, request)

    def delete_call(self, request: Request) -> None:
        """DeleteCallAnalyticsJob."""
        self.delete_job(self.call_analytics_jobs, request["CallAnalyticsJobName"], "DeleteCallAnalyticsJob")

    def resume_calls(self) -> None:
        """Queues again the jobs that had not begun when the last process ended."""
        for job in list(self.call_analytics_jobs.values()):
            if job.status == "QUEUED":
                context.current().queue.submit(CallAnalyticsRun(job, output_place(job.request)))

    def _check_call(self, request: Request) -> None:
        role = request.get("DataAccessRoleArn")
        self.check_job(request, self.call_analytics_jobs, request["CallAnalyticsJobName"], role)
        channels = request.get("ChannelDefinitions") or []
        roles = {c.get("ParticipantRole") for c in channels}
        if {c.get("ChannelId") for c in channels} != {0, 1} or roles != {"AGENT", "CUSTOMER"}:
            raise BadRequestError(
                "ChannelDefinitions must give channel 0 and channel 1 the roles AGENT and CUSTOMER, one each."
            )
        if request.get("OutputEncryptionKMSKeyId") and not request.get("OutputLocation"):
            raise BadRequestError("You specified OutputEncryptionKMSKeyId without OutputLocation: give both.")
        if place := output_place(request):
            validation.check_bucket(place.bucket, self.account_id, self.region_name)
        settings = request.get("Settings") or {}
        refuse_unsupported(
            {f"Settings.{name}": settings.get(name) for name in ("ContentRedaction", "Summarization")}
        )


def output_place(request: Request) -> S3Uri | None:
    """Where the transcript goes; None for the service's own bucket.

    >>> str(output_place({"CallAnalyticsJobName": "a", "OutputLocation": "s3://bucket"}))
    's3://bucket/a.json'
    """
    location = request.get("OutputLocation")
    if not location:
        return None
    try:
        place = S3Uri.parse(location)
    except ValueError as error:
        raise BadRequestError(
            f"OutputLocation {location!r} is no S3 URI: give s3://bucket/folder/."
        ) from error
    return place if place.key.endswith(".json") else place.child(f"{request['CallAnalyticsJobName']}.json")


def _language(request: Request) -> str:
    """The language that the options name; US English if they name none, as nothing identifies it here."""
    options = (request.get("Settings") or {}).get("LanguageOptions") or [LANGUAGE]
    return str(next((option for option in options if option != LANGUAGE), LANGUAGE))
