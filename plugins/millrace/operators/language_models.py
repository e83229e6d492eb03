"""The custom language models of an account: how many there are, and those that nobody needs any more."""

from collections.abc import Iterator
from functools import cached_property
from typing import Any

from airflow.sdk import Context
from botocore.exceptions import ClientError
from typing_extensions import override

from millrace.hooks.aws import AwsHook
from millrace.hooks.jobs import is_one_of
from millrace.jobs import LANGUAGE_MODEL
from millrace.operators.choice import DecisionOperator

PAGE = 100


class LanguageModelDecisionOperator(DecisionOperator):
    """A decision that depends on the account's models: ``decide`` takes them as ``models`` too.

    Each has ``name`` and ``created``, a date in ISO's form, and they are of every owner and state, since
    every one takes a place.
    """

    ui_color = "#f3ead3"

    @override
    def execute(self, context: Context) -> Any:
        return self.decided(context, models=list(self.models()))

    def models(self) -> Iterator[dict[str, str]]:
        """All of them; botocore has no paginator for them."""
        request: dict[str, Any] = {"MaxResults": PAGE}
        while True:
            answer = self.client.list_language_models(**request)
            for model in answer.get("Models", []):
                yield {"name": model["ModelName"], "created": model["CreateTime"].isoformat()}
            if not answer.get("NextToken"):
                return
            request["NextToken"] = answer["NextToken"]

    @cached_property
    def client(self) -> Any:
        """boto3's client of Transcribe."""
        return AwsHook("transcribe", self.aws_conn_id, self.region_name).conn


class DeleteLanguageModelsOperator(LanguageModelDecisionOperator):
    """Deletes the models that ``decide`` names; the result has their names as ``deleted``."""

    @override
    def execute(self, context: Context) -> dict[str, list[str]]:
        names: list[str] = super().execute(context)
        refused = {name: error for name in names if (error := self._delete(name))}
        if refused:
            name, error = next(iter(refused.items()))
            raise RuntimeError(
                f"{len(refused)} of {len(names)} language models are still there: {name}: {error}"
            )
        return {"deleted": names}

    def _delete(self, name: str) -> ClientError | None:
        """The error with which AWS refuses; that it is not there is none."""
        try:
            self.client.delete_language_model(ModelName=name)
        except ClientError as error:
            return None if is_one_of(error, LANGUAGE_MODEL.not_found) else error
        self.log.info("deleted the language model %s", name)
        return None
