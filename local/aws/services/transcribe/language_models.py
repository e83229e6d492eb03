"""Custom language models.

https://docs.aws.amazon.com/transcribe/latest/dg/custom-language-models.html
"""

import shutil
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from local.aws.runtime.transfer import download, files, objects, with_sizes
from local.aws.services.transcribe import context, engine, validation
from local.aws.services.transcribe.base import TranscribeRecords
from local.aws.services.transcribe.engine import EndedError, InputError
from local.aws.services.transcribe.listing import listed
from local.aws.services.transcribe.records import UNSUPPORTED_LANGUAGE, LanguageModel, Request, now
from local.aws.services.transcribe.run import RESTARTED, Run
from local.aws.services.transcribe.validation import BadRequestError, ConflictError, LimitExceededError

if TYPE_CHECKING:
    from pathlib import Path

LANGUAGE = "en-US"
MOST = 10
TRAINING_BYTES = 2 * 1024**3
TUNING_BYTES = 200 * 1024**2
"""https://docs.aws.amazon.com/transcribe/latest/dg/custom-language-models.html, limits of the data."""


class TrainingRun(Run[LanguageModel]):
    """Trains a language model on text in S3."""

    def run(self) -> None:
        """Fetches the text, trains, keeps the model."""
        description = self.job.description
        if description["LanguageCode"] != LANGUAGE:
            raise InputError(UNSUPPORTED_LANGUAGE.format(language=description["LanguageCode"]))
        data, output = description["InputDataConfig"], self.root / "model"
        request = {
            "training": self._fetch(data["S3Uri"], "S3Uri", TRAINING_BYTES),
            "tuning": self._fetch(data.get("TuningDataS3Uri"), "TuningDataS3Uri", TUNING_BYTES),
            "base_model": description["BaseModelName"],
            "output": str(output),
        }
        engine.run("train_language_model.py", request, self.root, self.ended)
        if self.ended.is_set():
            raise EndedError
        place = context.current().models / self.job.folder
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.move(output, place)
        self.job.move("COMPLETED", LastModifiedTime=now())

    def failed(self, reason: str) -> None:
        """Records why there is no model."""
        self.job.move("FAILED", LastModifiedTime=now(), FailureReason=reason)

    def _fetch(self, uri: str | None, field: str, most: int) -> list[str]:
        """The files below a prefix, on disk."""
        if uri is None:
            return []
        place, client = validation.s3_uri(uri, field), self.clients.s3(self.job.region)
        found = objects(client, place)
        size = sum(item.size for item in with_sizes(client, found))
        if size > most:
            raise InputError(f"The data at {field} is too large: {size:,} bytes; the limit is {most:,}.")
        if wrong := [item.name for item in found if not item.name.endswith((".txt", "/"))]:
            raise InputError(f"The data at {field} must be .txt files, and {wrong[0]} is none.")
        folder: Path = self.root / field
        download(client, place, folder)
        return [str(path) for path in files(folder)]


class LanguageModelOperations(TranscribeRecords):
    """The part of the backend that keeps language models."""

    def new_language_model(self, request: Request) -> dict[str, Any]:
        """CreateLanguageModel."""
        validation.check_request("CreateLanguageModel", request)
        name, data = request["ModelName"], request["InputDataConfig"]
        if name in self.language_models:
            raise ConflictError("The requested model name already exists. Use a different model name.")
        self._check_number_of_models()
        validation.check_role(data["DataAccessRoleArn"], self.account_id, self.region_name)
        for field in ("S3Uri", "TuningDataS3Uri"):
            if field in data:
                validation.s3_uri(data[field], field)
        moment = now()
        description = validation.copied("LanguageModel", request) | {
            "ModelStatus": "IN_PROGRESS",
            "CreateTime": moment,
            "LastModifiedTime": moment,
            "UpgradeAvailability": False,
        }
        arn, tags = self.arn("language-model", name), request.get("Tags") or []
        model = LanguageModel(arn, self.region_name, description, tags, str(uuid4()))
        self.language_models[name] = model
        answer = model.description
        context.current().queue.submit(TrainingRun(model))
        return answer

    def describe_model(self, request: Request) -> dict[str, Any]:
        """DescribeLanguageModel."""
        model = self.language_models.get(request["ModelName"])
        if model is None:
            raise validation.not_found("DescribeLanguageModel", "model")
        return {"LanguageModel": model.description}

    def list_models(self, request: Request) -> dict[str, Any]:
        """ListLanguageModels."""
        validation.check_request("ListLanguageModels", request)
        return listed("ListLanguageModels", "Models", self.language_models.values(), request)

    def remove_language_model(self, request: Request) -> None:
        """DeleteLanguageModel. A training that runs is killed; jobs that have the model open keep it."""
        model = self.language_models.pop(request["ModelName"], None)
        if model is None:
            raise validation.not_found("DeleteLanguageModel", "model")
        context.current().queue.stop(model.arn)
        shutil.rmtree(context.current().models / model.folder, ignore_errors=True)

    def ready_model(self, name: str, language: str | None) -> LanguageModel:
        """The model that a job names. Raises `BadRequestError` where the job cannot use it."""
        model = self.language_models.get(name)
        if model is None:
            raise BadRequestError(
                "The requested model couldn't be found. Check the model name and try your request again."
            )
        if model.status != "COMPLETED":
            raise BadRequestError(
                f"The language model {name} can't be used: its status is {model.status}, not COMPLETED."
            )
        if language and model.description["LanguageCode"] != language:
            raise BadRequestError(
                f"The language model {name} is for {model.description['LanguageCode']} and the job for "
                f"{language}: name a model of the job's language."
            )
        return model

    def fail_interrupted_trainings(self) -> None:
        """After a restart: nothing trains any more."""
        for model in list(self.language_models.values()):
            model.move("FAILED", LastModifiedTime=now(), FailureReason=RESTARTED)

    def _check_number_of_models(self) -> None:
        models = self.language_models.values()
        if len(models) >= MOST:
            oldest = min(models, key=lambda model: model.description["CreateTime"]).name
            raise LimitExceededError(
                f"You have {len(models)} custom language models and may have {MOST}. Delete one first; the "
                f"oldest is {oldest}."
            )
