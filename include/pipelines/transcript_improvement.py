"""Requests and decisions of the transcript improvement.

The live vocabulary of a language is what the newest promotion says it is; which one was live before stands
there too, so that a promotion can be taken back.
"""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from include.a2i import HumanReview
from include.gates import Verdict
from include.pipelines import speech
from include.run import Run
from include.sagemaker import INPUT, ProcessingJob
from include.transcribe import TranscriptionJob, Vocabulary

BEFORE, AFTER = "before", "after"
TEAM, FORMS = "review.ask_team", "review.list_clips"
"""The first tasks of the two ways to ask people: a work team through A2I, or forms on Airflow's page."""
COLOURS = ("blue", "green")
"""Two vocabularies in turn: one is live while the other is made, so a promotion is one document."""


def checking(run: Run) -> ProcessingJob:
    """The recordings that Transcribe takes, and the others with the reason."""
    return speech.checking(run, held_out=run.params["held_out"])


def live(_run: Run, live: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
    """What is live, or None before the first promotion."""
    return live


def transcriptions(
    _run: Run, recordings: Sequence[Mapping[str, Any]], live: Mapping[str, Any] | None
) -> list[dict[str, Any]]:
    """The arguments of each transcription, with the words that are live."""
    vocabulary = live["vocabulary"] if live else None
    return [
        {"recording": each["name"], "media": each["uri"], "when": BEFORE, "vocabulary": vocabulary}
        for each in recordings
    ]


def retranscriptions(
    _run: Run, transcriptions: Sequence[Mapping[str, Any]], vocabulary: str
) -> list[dict[str, Any]]:
    """The arguments of each transcription with this run's words."""
    return [{**each, "when": AFTER, "vocabulary": vocabulary} for each in transcriptions]


def transcription(
    run: Run, recording: str, media: str, when: str, vocabulary: str | None
) -> TranscriptionJob:
    """What Transcribe hears of a recording."""
    return TranscriptionJob(
        media=media,
        output=run.uri("transcripts", when, f"{recording}.json"),
        language=run.params["language_code"],
        vocabulary=vocabulary,
    )


def unsure_words(run: Run) -> ProcessingJob:
    """Words of low confidence: histograms, what each threshold would cost, and the tasks for people."""
    return speech.script(
        run,
        "find_unsure_words.py",
        inputs={"transcripts": run.uri("transcripts", BEFORE) + "/", "recordings": run.uri("recordings")},
        arguments=[
            *("--transcripts", f"{INPUT}/transcripts"),
            *("--recordings", f"{INPUT}/recordings"),
            *("--threshold", str(run.params["confidence_threshold"])),
            *("--context", str(run.params["context_words"])),
        ],
        output="unsure",
    )


def tasks_uri(run: Run) -> str:
    """What people are asked."""
    return run.uri("unsure", "tasks.json")


def deadline(run: Run) -> timedelta:
    """How long people have."""
    return timedelta(minutes=run.params["review_minutes"])


def review(run: Run) -> HumanReview:
    """The review by a work team."""
    return HumanReview(
        items=tasks_uri(run),
        template="transcript_review.html",
        work_team_arn=run.params["work_team_arn"] or run.settings.work_team_arn,
        title="Write what you hear",
        description="Listen to a few seconds of a recording and write down the words.",
        deadline=deadline(run),
        sufficient=run.params["sufficient_answers"],
        answers=run.params["answers_per_task"],
        keywords=("transcription", "audio"),
    )


def reviewers(run: Run) -> str:
    """The first task of the way that the run has chosen."""
    return {"work team": TEAM, "Airflow": FORMS}[run.params["reviewers"]]


def form_answers(run: Run, forms: Sequence[Mapping[str, Any]]) -> tuple[str, list[dict[str, Any]]]:
    """The answers that were given in forms, like those of human loops: an item's id stands for its loop."""
    answers = [{"id": each["id"], "loop": each["id"], "answers": each["answers"]} for each in forms]
    return run.uri("answers", "forms", "answers.json"), answers


def terms(
    run: Run,
    team: Mapping[str, Any] | None,
    forms: Mapping[str, Any] | None,
    live: Mapping[str, Any] | None,
) -> ProcessingJob:
    """A table of the live vocabulary's terms and those that answers bring, whichever way these came."""
    review = team["answers"] if team else forms["outputs"]["answers"] if forms else ""
    inputs = {"tasks": tasks_uri(run), "review": review}
    arguments = [
        *("--tasks", f"{INPUT}/tasks/tasks.json"),
        *("--review", f"{INPUT}/review"),
        *("--language", run.params["language_code"]),
    ]
    if live:
        inputs["live"] = live["table"]
        arguments += ["--live", f"{INPUT}/live/{speech.TABLE}"]
    return speech.script(run, "propose_terms.py", inputs=inputs, arguments=arguments, output="proposal")


def vocabulary(run: Run, live: Mapping[str, Any] | None) -> Vocabulary:
    """The vocabulary of this run, beside the live one."""
    return Vocabulary(
        name=next(name for name in _names(run) if not live or name != live["vocabulary"]),
        table=speech.table_uri(run),
        language=run.params["language_code"],
    )


def comparison(run: Run, checked: Mapping[str, float]) -> ProcessingJob | None:
    """Word errors and terms before and after; nothing where no recording has a reference."""
    if not checked["references"]:
        return None
    folders = {
        "recordings": run.uri("recordings"),
        BEFORE: run.uri("transcripts", BEFORE) + "/",
        AFTER: run.uri("transcripts", AFTER) + "/",
        "table": speech.table_uri(run),
        "unsure": run.uri("unsure"),
    }
    arguments = [text for name in folders for text in (f"--{name}", f"{INPUT}/{name}")]
    threshold = str(run.params["confidence_threshold"])
    return speech.script(
        run,
        "compare_transcripts.py",
        inputs=folders,
        arguments=[*arguments, "--threshold", threshold],
        output="comparison",
    )


def verdict(run: Run, comparison: Mapping[str, Any] | None) -> Verdict:
    """Whether the new vocabulary becomes the live one: on held-out recordings it must not hear worse."""
    measured = comparison["metrics"] if comparison else {}
    before, after = (measured.get(f"wer_{when}_out_sample") for when in (BEFORE, AFTER))
    if before is None or after is None:
        asked = is_approval_wanted(run)
        looked = "a person has approved it" if asked else "nobody has approved it"
        return Verdict(asked, f"no held-out recording has a reference, and {looked}")
    word = "rises" if after > before else "does not rise"
    return Verdict(
        after <= before, f"the held-out word error rate {word}: {before:.4f} before, {after:.4f} after"
    )


def live_uri(run: Run) -> str:
    """What says which vocabulary is live in the run's language."""
    return run.live_uri(f"vocabulary-{run.params['language_code']}.json")


def promotion(run: Run, vocabulary: str, live: Mapping[str, Any] | None) -> tuple[str, dict[str, Any]]:
    """Makes this run's vocabulary the live one."""
    before = {name: value for name, value in (live or {}).items() if name != "before"}
    document = {"vocabulary": vocabulary, "table": speech.table_uri(run), "run": run.run_id}
    return live_uri(run), {**document, "before": before or None}


def proposed_table(run: Run) -> str:
    """Where the proposed table is."""
    return run.uri("proposal", speech.TABLE)


def edited_table(run: Run) -> str:
    """Where a table goes that a person has changed."""
    return run.uri("approval", speech.TABLE)


def is_approval_wanted(run: Run) -> bool:
    """Whether a person looks at the table before it is used."""
    return bool(run.params["approve_vocabulary"])


def _names(run: Run) -> list[str]:
    return [f"{run.resource_name}-{run.params['language_code'].lower()}-{colour}" for colour in COLOURS]
