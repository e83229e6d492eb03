"""Finds the words that the recogniser was unsure of, and makes the tasks in which people listen to them.

Output, under ``--output``:

- ``tasks.json``: what people are asked: ``[{"id": ..., "input": {...}}, ...]``
- ``words.csv``, ``sentences.csv``: everything that was heard, with times and confidences
- ``confidence.png``, ``low_confidence.png``: histograms; ``tasks.png``: tasks by threshold
- ``thresholds.json``: what each threshold would cost and catch
- ``metrics.json``: flat numbers

Only recordings that are not held out are asked about and counted; the words of all of them are listed.
"""

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import confidences
import recordings
import windows
from bounds import number
from documents import write_json
from failure import run_job
from recordings import Recording
from transcripts import Transcript, write_sentences, write_words
from windows import TaskCount, Window

Heard = Mapping[Recording, Transcript]


def heard(transcripts: Path, known: Sequence[Recording]) -> dict[Recording, Transcript]:
    """The transcript of each recording.

    Raises:
        TranscriptError: a file is no result of Transcribe.
        JobError: there is none of a recording.
    """
    return {recording: Transcript.read(transcripts / f"{recording.name}.json") for recording in known}


def tasks(found: Heard, threshold: float, context: int) -> list[dict[str, Any]]:
    """What people are asked; a task's id says where it is, so that a rerun asks the same."""
    return [
        {
            "id": _id(recording, window),
            "input": windows.task_input(window, media=recording.uri, file=recording.name),
        }
        for recording, transcript in found.items()
        for window in windows.windows(transcript.words, threshold, context)
    ]


def find(found: Heard, output: Path, threshold: float, context: int) -> dict[str, float]:
    """Writes everything and returns the metrics."""
    output.mkdir(parents=True, exist_ok=True)
    by_name = [(recording.name, transcript) for recording, transcript in found.items()]
    write_words(output / "words.csv", by_name)
    write_sentences(output / "sentences.csv", by_name)
    asked = {recording: transcript for recording, transcript in found.items() if recording.in_sample}
    listed = tasks(asked, threshold, context)
    write_json(output / "tasks.json", listed)
    values = [word.confidence for transcript in asked.values() for word in transcript.words]
    counts = windows.total(
        windows.task_counts(transcript.words, _thresholds(threshold), context)
        for transcript in asked.values()
    )
    write_json(output / "thresholds.json", [asdict(count) for count in counts])
    _draw(output, values, counts, threshold)
    metrics = {
        "recordings": len(found),
        "words": len(values),
        "low_words": sum(value < threshold for value in values),
        "mean_confidence": round(sum(values) / max(len(values), 1), 6),
        "review_tasks": len(listed),
        **{f"review_tasks_at_{count.threshold:g}": count.tasks for count in counts},
    }
    write_json(output / "metrics.json", metrics)
    return metrics


def _id(recording: Recording, window: Window) -> str:
    channel = window.words[0].channel
    place = f"{window.start:.2f}-{window.end:.2f}"
    return "/".join(part for part in (recording.name, channel, place) if part)


def _thresholds(own: float) -> list[float]:
    return sorted({*windows.THRESHOLDS, own})


def _draw(output: Path, values: Sequence[float], counts: Sequence[TaskCount], threshold: float) -> None:
    (output / "confidence.png").write_bytes(confidences.histogram(values, threshold))
    (output / "low_confidence.png").write_bytes(confidences.low_histogram(values, threshold))
    (output / "tasks.png").write_bytes(confidences.tasks(counts, threshold, len(values)))


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the job from the command line; returns the exit code."""
    parser = argparse.ArgumentParser(description="Words of low confidence, as tasks for people.")
    add = parser.add_argument
    add("--transcripts", type=Path, required=True, help="folder with the results of Amazon Transcribe")
    add("--recordings", type=Path, required=True, help="folder with the list of recordings")
    add("--output", type=Path, required=True, help="folder to write")
    add("--threshold", type=number(float, 0, 1), default=0.4, help="a word with less confidence is low")
    add("--context", type=number(int, 0, 50), default=3, help="words on each side of a low one")
    args = parser.parse_args(argv)

    def work() -> None:
        found = heard(args.transcripts, recordings.read(args.recordings))
        print(json.dumps(find(found, args.output, args.threshold, args.context)))

    return run_job(work)


if __name__ == "__main__":
    sys.exit(main())
