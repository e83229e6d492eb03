"""Requests and decisions of the call transcription.

Calls are transcribed without a vocabulary and, where there is one, again with it. It is a table that the run
names or that lies beside the calls, or one that Transcribe has already, by its name.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from include.pipelines import speech
from include.run import Run
from include.sagemaker import INPUT, ProcessingJob
from include.transcribe import CallAnalyticsJob, Vocabulary

WITHOUT, WITH = "without", "with"
"""What a call's two transcripts are called."""


def checking(run: Run) -> ProcessingJob:
    """The calls that call analytics takes, and the others with the reason."""
    return speech.checking(run, calls=True)


def table_check(run: Run, checked: Mapping[str, float]) -> ProcessingJob | None:
    """The run's table of words by Transcribe's rules; nothing where it has none."""
    table = run.params["vocabulary"]
    if not table and checked["vocabulary_tables"]:
        table = speech.media_uri(run) + speech.TABLE
    return speech.table_check(run, table) if table and _is_table(table) else None


def vocabulary(run: Run) -> Vocabulary:
    """The vocabulary of the table; every run of a language has it anew under the same name."""
    language = run.params["language_code"]
    return Vocabulary(
        name=f"{run.resource_name}-{language.lower()}", table=speech.table_uri(run), language=language
    )


def calls(_run: Run, recordings: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The arguments of each transcription without a vocabulary."""
    return [
        {"recording": each["name"], "media": each["uri"], "when": WITHOUT, "vocabulary": None}
        for each in recordings
    ]


def calls_again(run: Run, calls: Sequence[Mapping[str, Any]], created: str | None) -> list[dict[str, Any]]:
    """The arguments of each transcription with the vocabulary; none where there is no vocabulary."""
    name = _vocabulary_name(run, created)
    return [{**each, "when": WITH, "vocabulary": name} for each in calls] if name else []


def transcription(
    run: Run, recording: str, media: str, when: str, vocabulary: str | None
) -> CallAnalyticsJob:
    """What each participant of a call says."""
    return CallAnalyticsJob(
        media=media,
        output=run.uri("transcripts", when, f"{recording}.json"),
        agent_channel=run.params["agent_channel"],
        language=run.params["language_code"],
        vocabulary=vocabulary,
    )


def comparison(run: Run, created: str | None) -> ProcessingJob:
    """The errors of each sentence, and of all together, without and with the vocabulary."""
    folders = {"recordings": run.uri("recordings"), WITHOUT: run.uri("transcripts", WITHOUT) + "/"}
    if _vocabulary_name(run, created):
        folders[WITH] = run.uri("transcripts", WITH) + "/"
    return speech.script(
        run,
        "compare_calls.py",
        inputs=folders,
        arguments=[text for name in folders for text in (f"--{name}", f"{INPUT}/{name}")],
        output="comparison",
    )


def _vocabulary_name(run: Run, created: str | None) -> str | None:
    """The vocabulary made by this run, or the one that it names."""
    named: str | None = run.params["vocabulary"]
    return created or (named if named and not _is_table(named) else None)


def _is_table(vocabulary: str) -> bool:
    return vocabulary.startswith("s3://")
