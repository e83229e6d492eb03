"""Transcripts, vocabularies and language models; each is a row of the table and a request builder."""

from collections.abc import Callable
from functools import cached_property
from typing import Any

from airflow.sdk import Context
from airflow.sdk.exceptions import AirflowSkipException
from botocore.exceptions import ClientError
from typing_extensions import override

from include.transcribe import (
    CallAnalyticsJob,
    LanguageModel,
    TranscriptionJob,
    Vocabulary,
    VocabularyFilter,
    transcript_uri,
)
from millrace.context import run_of
from millrace.descriptions import JobDescription
from millrace.hooks.aws import AwsHook
from millrace.hooks.jobs import is_one_of
from millrace.jobs import CALL_ANALYTICS, LANGUAGE_MODEL, TRANSCRIPTION, VOCABULARY
from millrace.launching import Launch
from millrace.operators.base import BuildingOperator
from millrace.operators.job import AwsJobOperator

WRITTEN_KEY = "written"
"""Under which a task keeps the number of the launch whose vocabulary AWS has accepted."""


class _TranscriptOperator(AwsJobOperator):
    """The result has the S3 URI of the ``transcript`` and, where there is one, ``redacted_transcript``."""

    @override
    def result(self, context: Context, launch: Launch, description: JobDescription) -> dict[str, Any]:
        result = super().result(context, launch, description)
        transcripts = {
            name: transcript_uri(uri) for name, uri in result.items() if name.endswith("transcript")
        }
        return {**result, **transcripts}


class TranscriptionJobOperator(_TranscriptOperator):
    """The transcript of one media file; map it over many."""

    ui_color = "#e4f0d8"

    def __init__(self, *, build: Callable[..., TranscriptionJob | None], **kwargs: Any) -> None:
        super().__init__(kind=TRANSCRIPTION, build=build, **kwargs)


class CallAnalyticsJobOperator(_TranscriptOperator):
    """The transcript and analysis of one call; map it over many."""

    ui_color = "#d8efe8"

    def __init__(self, *, build: Callable[..., CallAnalyticsJob | None], **kwargs: Any) -> None:
        super().__init__(kind=CALL_ANALYTICS, build=build, **kwargs)


class LanguageModelOperator(AwsJobOperator):
    """A custom language model; the result names it as ``model``. An account may have ten."""

    ui_color = "#f3ead3"

    def __init__(self, *, build: Callable[..., LanguageModel | None], **kwargs: Any) -> None:
        super().__init__(kind=LANGUAGE_MODEL, build=build, **kwargs)


class VocabularyOperator(AwsJobOperator):
    """A vocabulary that keeps its name: created or, if it is there, updated. The result names it.

    Jobs go on using the old words until the new ones are ready, and after they have failed, so cancelling the
    task leaves an update to AWS, which takes minutes. What has been updated by somebody else meanwhile is not
    noticed: whoever updates a vocabulary last wins.
    """

    ui_color = "#ece4f7"

    def __init__(self, *, build: Callable[..., Vocabulary | None], **kwargs: Any) -> None:
        super().__init__(kind=VOCABULARY, build=build, **kwargs)

    @override
    def remote_name(self, context: Context, launch: Launch) -> str:
        return self.vocabulary(context).name

    @override
    def describe(self, context: Context, launch: Launch) -> JobDescription | None:
        """The vocabulary's description, if it is this launch that has written it."""
        if context["task_state_store"].get(WRITTEN_KEY) != launch.number:
            return None
        return super().describe(context, launch)

    @override
    def start(self, context: Context, launch: Launch) -> None:
        """Every call of it may be repeated; an update that is under way is waited for first."""
        run, vocabulary = run_of(context), self.vocabulary(context)
        current = self.hook.describe(vocabulary.name)
        if current and not current.is_over:
            self.wait_until_settled(current)
        self.request = vocabulary.request(run)
        tags = {"Tags": run.tags(self.task_id)}
        if current or not self.hook.start(vocabulary.name, {**self.request, **tags}).is_new:
            self.hook.conn.update_vocabulary(VocabularyName=vocabulary.name, **self.request)
        context["task_state_store"].set(WRITTEN_KEY, launch.number)
        self.log.info("%s %s %s", self.kind.name, vocabulary.name, "updated" if current else "created")

    @override
    def result(self, context: Context, launch: Launch, description: JobDescription) -> dict[str, Any]:
        return {**super().result(context, launch, description), "name": description.name}

    def vocabulary(self, context: Context) -> Vocabulary:
        """What the builder makes of this run."""
        vocabulary: Vocabulary = self.job(context)  # type: ignore[assignment]  # it is what ``build`` returns
        return vocabulary


class VocabularyFilterOperator(BuildingOperator):
    """A vocabulary filter that keeps its name: created or, if it is there, updated, which takes no waiting.

    Args:
        build: makes the filter from the run and ``arguments``, or None where there are no words, which skips
            the task.
        arguments: what the builder takes beside the run; may hold XComArgs and templates.
    """

    ui_color = "#ece4f7"

    @override
    def execute(self, context: Context) -> dict[str, Any]:
        run = run_of(context)
        wanted: VocabularyFilter | None = self.build(run, **self.arguments)
        if wanted is None:
            raise AirflowSkipException("nothing is filtered")
        request = {"VocabularyFilterName": wanted.name, **wanted.request(run)}
        try:
            self.client.create_vocabulary_filter(**request, Tags=run.tags(self.task_id))
        except ClientError as error:
            if not is_one_of(error, VOCABULARY.exists):
                raise
            # The language is the filter's for ever.
            del request["LanguageCode"]
            self.client.update_vocabulary_filter(**request)
        self.log.info("vocabulary filter %s has the words of %s", wanted.name, wanted.words)
        return {"filter": wanted.name}

    @cached_property
    def client(self) -> Any:
        """boto3's client of Transcribe."""
        return AwsHook("transcribe", self.aws_conn_id, self.region_name).conn
