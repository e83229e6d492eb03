"""Amazon Transcribe's jobs, vocabularies and language models.

The events are documented at https://docs.aws.amazon.com/transcribe/latest/dg/monitoring-events.html
and, that of language models by its name only, at
https://docs.aws.amazon.com/eventbridge/latest/ref/events-ref-transcribe.html.

Transcribe has no operation that stops anything. What runs is deleted instead, which AWS may refuse: an
entity in a non-terminal state is among the documented reasons of BadRequestException, for instance at
https://docs.aws.amazon.com/transcribe/latest/APIReference/API_DeleteTranscriptionJob.html. A job that is
not deleted runs to its end. No list operation can be asked for what has changed, so each job that is
waited for is described.
"""

from typing import Any

from millrace.jobs.kind import ErrorPattern, EventPattern, JobKind

NOT_FOUND = (ErrorPattern("NotFoundException"), ErrorPattern("BadRequestException", "couldn't be found"))
MEDIA_AT_FAULT = (
    "Unsupported media format",
    "The media format provided does not match",
    "Invalid sample rate",
    "The sample rate provided does not match",
    "Invalid file size",
    "Invalid number of channels",
)
"""https://docs.aws.amazon.com/transcribe/latest/APIReference/API_TranscriptionJob.html, ``FailureReason``."""
HOME = "transcribe/home?region={region}"


def _kind(**row: Any) -> JobKind:
    common: dict[str, Any] = {
        "service": "transcribe",
        "listing": None,
        "failed": frozenset({"FAILED"}),
        "stopped": frozenset(),
        "not_found": NOT_FOUND,
        "exists": (ErrorPattern("ConflictException"),),
        "cannot_stop": (ErrorPattern("BadRequestException"),),
        "console_page": HOME,
        "max_name_length": 200,
    }
    return JobKind(**{**common, **row})


def _job(kind: str, *, called: str, event: EventPattern, **row: Any) -> JobKind:
    """A row of the jobs that turn speech into text, e.g. ``TranscriptionJob``."""
    return _kind(
        name=f"Transcribe {called} job",
        start=f"Start{kind}",
        describe=f"Get{kind}",
        stop=f"Delete{kind}",
        name_field=f"{kind}Name",
        name_path=f"{kind}.{kind}Name",
        status=f"{kind}.{kind}Status",
        reason=f"{kind}.FailureReason",
        succeeded=frozenset({"COMPLETED"}),
        event=event,
        permanent=MEDIA_AT_FAULT,
        started=f"{kind}.StartTime",
        ended=f"{kind}.CompletionTime",
        result={
            "transcript": f"{kind}.Transcript.TranscriptFileUri",
            "redacted_transcript": f"{kind}.Transcript.RedactedTranscriptFileUri",
        },
        **row,
    )


def _event(detail_type: str, name: str, status: str) -> EventPattern:
    return EventPattern("aws.transcribe", detail_type, f"detail.{name}", f"detail.{status}")


TRANSCRIPTION = _job(
    "TranscriptionJob",
    called="transcription",
    event=_event("Transcribe Job State Change", "TranscriptionJobName", "TranscriptionJobStatus"),
    console="transcription-jobs",
    console_page=f"{HOME}#jobDetails/{{name}}",
)

CALL_ANALYTICS = _job(
    "CallAnalyticsJob",
    called="call analytics",
    event=_event("Call Analytics Job State Change", "JobName", "JobStatus"),
    console="call-analytics-jobs",
)

VOCABULARY = _kind(
    name="Transcribe vocabulary",
    start="CreateVocabulary",
    describe="GetVocabulary",
    # Jobs may use a vocabulary while it is updated: deleting it would take the last good one from them.
    stop=None,
    name_field="VocabularyName",
    status="VocabularyState",
    reason="FailureReason",
    succeeded=frozenset({"READY"}),
    event=_event("Vocabulary State Change", "VocabularyName", "VocabularyState"),
    # Whatever the reason, the same table would fail again.
    permanent=("",),
    result={"vocabulary": "VocabularyName"},
    console="vocabularies",
)

LANGUAGE_MODEL = _kind(
    name="Transcribe language model",
    start="CreateLanguageModel",
    describe="DescribeLanguageModel",
    stop="DeleteLanguageModel",
    name_field="ModelName",
    name_path="LanguageModel.ModelName",
    status="LanguageModel.ModelStatus",
    reason="LanguageModel.FailureReason",
    succeeded=frozenset({"COMPLETED"}),
    event=_event("Transcribe Language Model State Change", "ModelName", "ModelStatus"),
    started="LanguageModel.CreateTime",
    ended="LanguageModel.LastModifiedTime",
    result={"model": "LanguageModel.ModelName"},
    console="language-models",
)
