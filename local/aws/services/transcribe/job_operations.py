"""What the operations of both kinds of job share."""

from collections.abc import Mapping
from typing import Any, TypeVar

from local.aws.services.transcribe import context, storage, validation
from local.aws.services.transcribe.filters import FilterOperations
from local.aws.services.transcribe.language_models import LanguageModelOperations
from local.aws.services.transcribe.recognition import Recognition
from local.aws.services.transcribe.records import Job, Request, now
from local.aws.services.transcribe.run import RESTARTED
from local.aws.services.transcribe.validation import BadRequestError, ConflictError
from local.aws.services.transcribe.vocabularies import VocabularyOperations

JobT = TypeVar("JobT", bound=Job)


class JobOperations(VocabularyOperations, FilterOperations, LanguageModelOperations):
    """Starting, describing and deleting."""

    def launch(self, job: Job, jobs: dict[str, Any], run: Recognition) -> dict[str, Any]:
        """Queues a job whose request was checked; returns the description that it has before it runs."""
        queued = job.description
        jobs[job.name] = job
        context.current().queue.submit(run)
        return queued

    def new_job(self, kind: type[JobT], shape: str, request: Request) -> JobT:
        """A queued job, with copies of what it uses: later changes of those do not reach it."""
        name = request[kind.name_field]
        repeated = validation.copied(shape, {k: v for k, v in request.items() if k != "Tags"})
        description = repeated | {kind.status_field: "QUEUED", "CreationTime": now()}
        arn = self.arn(kind.resource, name)
        job = kind(arn, self.region_name, description, request.get("Tags") or [], request)
        language = request.get("LanguageCode")
        if vocabulary := job.settings.get("VocabularyName"):
            job.rows = self.ready_vocabulary(vocabulary, language).rows
        if name := job.settings.get("VocabularyFilterName"):
            job.filter_words = self.usable_filter(name, language).words
        if job.language_model:
            job.model_folder = self.ready_model(job.language_model, language).folder
        return job

    def check_job(self, request: Request, jobs: Mapping[str, Any], name: str, role: str | None) -> None:
        """What both kinds refuse."""
        if name in jobs:
            raise ConflictError("The requested job name already exists. Use a different job name.")
        settings = request.get("Settings") or {}
        if settings.get("VocabularyFilterMethod") and not settings.get("VocabularyFilterName"):
            raise BadRequestError(
                "You specified VocabularyFilterMethod without VocabularyFilterName: give both or neither."
            )
        if settings.get("VocabularyFilterName") and not settings.get("VocabularyFilterMethod"):
            raise BadRequestError(
                "You specified VocabularyFilterName without VocabularyFilterMethod: give mask, remove or tag."
            )
        validation.check_role(role, self.account_id, self.region_name)
        media = (request.get("Media") or {}).get("MediaFileUri")
        if not media:
            raise BadRequestError("Media.MediaFileUri is required: give the S3 URI of the media file.")
        validation.check_object(validation.s3_uri(media, "MediaFileUri"), self.account_id, self.region_name)

    def job_answer(self, job: Job) -> dict[str, Any]:
        """The description; where the transcript is in the service's bucket, with a fresh address of it."""
        answer = job.description | ({"Tags": job.tags} if job.tags else {})
        if job.status != "COMPLETED" or job.service_key is None:
            return answer
        bucket = storage.transcripts(self.region_name)
        address = storage.temporary_address(bucket, job.service_key, self.region_name)
        return answer | {"Transcript": {"TranscriptFileUri": address}}

    def fail_interrupted_jobs(self) -> None:
        """After a restart: nothing runs any more, so what ran has failed."""
        jobs: list[Any] = [*self.transcriptions.values(), *self.call_analytics_jobs.values()]
        for job in jobs:
            if isinstance(job, Job) and job.status == "IN_PROGRESS":
                job.move("FAILED", FailureReason=RESTARTED, CompletionTime=now())

    def delete_job(self, jobs: dict[str, Any], name: str, operation: str) -> None:
        """Forgets a job; one that runs is killed. Its transcript stays where it is."""
        job = jobs.get(name)
        if not isinstance(job, Job):
            raise validation.not_found(operation, "job")
        del jobs[name]
        context.current().queue.stop(job.arn)


def refuse_unsupported(what: Mapping[str, Any]) -> None:
    """Raises `BadRequestError` for what the local engine cannot do, rather than leave it out."""
    asked = [name for name, value in what.items() if value]
    if asked:
        raise BadRequestError(
            f"{', '.join(asked)}: the local engine does not do this. Leave it out, or use Amazon Transcribe."
        )
