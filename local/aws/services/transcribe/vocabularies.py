"""Custom vocabularies.

https://docs.aws.amazon.com/transcribe/latest/dg/custom-vocabulary.html
"""

from typing import Any

from local.aws.services.transcribe import context, storage, validation, vocabulary_table
from local.aws.services.transcribe.base import TranscribeRecords
from local.aws.services.transcribe.files import small_file
from local.aws.services.transcribe.listing import listed
from local.aws.services.transcribe.records import Job, Request, Vocabulary, now
from local.aws.services.transcribe.run import Run
from local.aws.services.transcribe.validation import BadRequestError, ConflictError, LimitExceededError

MOST = 100
MAX_BYTES = 50 * 1024


class VocabularyRun(Run[Vocabulary]):
    """Checks a vocabulary and makes it usable."""

    def run(self) -> None:
        """Reads the source, keeps it where `GetVocabulary` finds it, checks its rows."""
        phrases, language = self.job.source.get("Phrases"), self.job.description["LanguageCode"]
        text = vocabulary_table.as_text(vocabulary_table.rows_of(phrases)) if phrases else self._file()
        key = f"{self.job.account}/{self.job.name}/{self.root.name}/input.txt"
        storage.put_text(storage.dictionaries(self.job.region), key, text, self.job.region)
        self.job.service_key = key
        of_list, of_table = vocabulary_table.of_list, vocabulary_table.of_table
        self.job.rows = of_list(phrases, language) if phrases else of_table(text, language)
        self.job.move("READY", LastModifiedTime=now())

    def failed(self, reason: str) -> None:
        """Records why it cannot be used."""
        self.job.move("FAILED", LastModifiedTime=now(), FailureReason=reason)

    def _file(self) -> str:
        uri = self.job.source["VocabularyFileUri"]
        return small_file(uri, "VocabularyFileUri", self.job.account, self.job.region, MAX_BYTES)


class VocabularyOperations(TranscribeRecords):
    """The part of the backend that keeps vocabularies."""

    def new_vocabulary(self, request: Request) -> dict[str, Any]:
        """CreateVocabulary."""
        self._check_vocabulary("CreateVocabulary", request)
        name = request["VocabularyName"]
        if name in self.vocabularies:
            raise ConflictError(
                "The requested vocabulary name already exists. Use a different vocabulary name."
            )
        if len(self.vocabularies) >= MOST:
            raise LimitExceededError(f"You have {MOST} vocabularies already: delete one first.")
        description = {
            "VocabularyName": name,
            "LanguageCode": request["LanguageCode"],
            "VocabularyState": "PENDING",
            "LastModifiedTime": now(),
        }
        arn, tags = self.arn("vocabulary", name), request.get("Tags") or []
        vocabulary = Vocabulary(arn, self.region_name, description, tags, request)
        self.vocabularies[name] = vocabulary
        answer = vocabulary.description
        context.current().vocabularies.submit(VocabularyRun(vocabulary))
        return answer

    def change_vocabulary(self, request: Request) -> dict[str, Any]:
        """UpdateVocabulary: the whole content is replaced."""
        self._check_vocabulary("UpdateVocabulary", request)
        vocabulary = self._vocabulary("UpdateVocabulary", request["VocabularyName"])
        if vocabulary.status == "PENDING":
            raise ConflictError(
                f"The vocabulary {vocabulary.name} is being processed: wait until it is READY or FAILED."
            )
        vocabulary.begin_again(request, LanguageCode=request["LanguageCode"], LastModifiedTime=now())
        answer = vocabulary.description
        context.current().vocabularies.submit(VocabularyRun(vocabulary))
        return answer

    def describe_vocabulary(self, request: Request) -> dict[str, Any]:
        """GetVocabulary, with a temporary address of the content."""
        vocabulary = self._vocabulary("GetVocabulary", request["VocabularyName"])
        if vocabulary.status == "PENDING" or vocabulary.service_key is None:
            return vocabulary.description
        bucket = storage.dictionaries(self.region_name)
        address = storage.temporary_address(bucket, vocabulary.service_key, self.region_name)
        return vocabulary.description | {"DownloadUri": address}

    def list_all_vocabularies(self, request: Request) -> dict[str, Any]:
        """ListVocabularies."""
        validation.check_request("ListVocabularies", request)
        ours = [v for v in self.vocabularies.values() if isinstance(v, Vocabulary)]
        return listed("ListVocabularies", "Vocabularies", ours, request)

    def remove_vocabulary(self, request: Request) -> None:
        """DeleteVocabulary; refused while a job that names it has not ended."""
        vocabulary = self._vocabulary("DeleteVocabulary", request["VocabularyName"])
        jobs: list[Any] = [*self.transcriptions.values(), *self.call_analytics_jobs.values()]
        for job in jobs:
            if isinstance(job, Job) and not job.ended:
                _refuse_in_use(vocabulary.name, job)
        del self.vocabularies[vocabulary.name]
        context.current().vocabularies.stop(vocabulary.arn)

    def ready_vocabulary(self, name: str, language: str | None) -> Vocabulary:
        """The vocabulary that a job names. Raises `BadRequestError` where the job cannot use it."""
        vocabulary = self.vocabularies.get(name)
        if not isinstance(vocabulary, Vocabulary):
            raise BadRequestError(
                "The requested vocabulary couldn't be found. Check the vocabulary name and try your request "
                "again."
            )
        if vocabulary.status != "READY":
            raise BadRequestError(
                f"The vocabulary {name} can't be used: its state is {vocabulary.status}, and must be READY."
            )
        if language and vocabulary.description["LanguageCode"] != language:
            raise BadRequestError(
                f"The vocabulary {name} is for {vocabulary.description['LanguageCode']} and the job for "
                f"{language}: name a vocabulary of the job's language."
            )
        return vocabulary

    def recover_vocabularies(self) -> None:
        """Begins again with those whose processing was cut short."""
        for vocabulary in list(self.vocabularies.values()):
            if isinstance(vocabulary, Vocabulary) and vocabulary.status == "PENDING":
                context.current().vocabularies.submit(VocabularyRun(vocabulary))

    def _vocabulary(self, operation: str, name: str) -> Vocabulary:
        vocabulary = self.vocabularies.get(name)
        if not isinstance(vocabulary, Vocabulary):
            raise validation.not_found(operation, "vocabulary")
        return vocabulary

    def _check_vocabulary(self, operation: str, request: Request) -> None:
        validation.check_request(operation, request)
        phrases, uri = request.get("Phrases"), request.get("VocabularyFileUri")
        if (not phrases and uri is None) or (phrases is not None and uri is not None):
            raise BadRequestError("Either Phrases or VocabularyFileUri field should be provided.")
        validation.check_role(request.get("DataAccessRoleArn"), self.account_id, self.region_name)
        if uri is not None:
            place = validation.s3_uri(uri, "VocabularyFileUri")
            validation.check_object(place, self.account_id, self.region_name)


def _refuse_in_use(name: str, job: Job) -> None:
    if job.settings.get("VocabularyName") == name:
        raise BadRequestError(
            f"The vocabulary {name} is in use by the job {job.name}, which is {job.status}. Delete it "
            "when the job has ended."
        )
