"""Measures what the vocabulary has changed, on recordings whose text is known.

Output, under ``--output``:

- ``report.html``: the report for people
- ``rates.json``: word error rates and terms, before and after, by recording
- ``metrics.json``: flat numbers
"""

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import rates
import recordings
import report
import vocabulary
from documents import write_json
from failure import run_job
from rates import File
from report import Improvement
from transcripts import Transcript
from windows import TaskCount

PLOTS = {
    "confidence.png": "Confidence of all words",
    "low_confidence.png": "Words under the threshold",
    "tasks.png": "What a threshold costs and catches",
}


def compared(checked: Path, before: Path, after: Path) -> Iterator[File]:
    """The recordings that have a reference, with what was heard.

    Args:
        checked: folder with recordings and references.
        before: folder with the transcripts without the new vocabulary.
        after: folder with those with it.

    Raises:
        TranscriptError: a transcript is no result of Transcribe.
        JobError: a reference is not UTF-8.
    """
    for recording in recordings.read(checked):
        said = recordings.reference(checked, recording)
        if said is not None:
            first, second = (Transcript.read(folder / f"{recording.name}.json") for folder in (before, after))
            yield File(recording.name, said, first.text, second.text, recording.in_sample)


def compare(
    files: Sequence[File], table: str, unsure: Path, threshold: float, output: Path
) -> dict[str, float]:
    """Writes everything and returns the metrics.

    Args:
        files: with a reference each.
        table: of the vocabulary.
        unsure: folder with the pictures and counts of unsure words.
        threshold: under which words were unsure.
        output: folder to write.

    Raises:
        ValueError: a reference has no words.
    """
    rows = vocabulary.parse(table)
    found = rates.document(files, [row.shown for row in rows])
    write_json(output / "rates.json", found)
    counts = [TaskCount(**each) for each in json.loads((unsure / "thresholds.json").read_text())]
    page = report.page(
        Improvement(
            "Transcript improvement",
            found,
            facts={"recordings with a reference": len(files), "vocabulary rows": len(rows)},
            threshold=threshold,
            counts=counts,
            plots={caption: (unsure / name).read_bytes() for name, caption in PLOTS.items()},
            changes=[change for file in files for change in report.changes(file)],
        )
    )
    (output / "report.html").write_text(page, encoding="utf-8")
    metrics = {name: round(value, 6) for name, value in rates.metrics(found).items()}
    write_json(output / "metrics.json", metrics)
    return metrics


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the job from the command line; returns the exit code."""
    parser = argparse.ArgumentParser(description="Word errors and terms, without and with a vocabulary.")
    add = parser.add_argument
    add("--recordings", type=Path, required=True, help="folder with recordings and references")
    add("--before", type=Path, required=True, help="folder with the transcripts without the new vocabulary")
    add("--after", type=Path, required=True, help="folder with those with it")
    add("--table", type=Path, required=True, help="folder with the vocabulary's table")
    add("--unsure", type=Path, required=True, help="folder with the pictures and counts of unsure words")
    add("--threshold", type=float, default=0.4, help="under which words were unsure")
    add("--output", type=Path, required=True, help="folder to write")
    args = parser.parse_args(argv)

    def work() -> None:
        files = list(compared(args.recordings, args.before, args.after))
        [table] = args.table.glob("*.tsv")
        print(
            json.dumps(
                compare(files, table.read_text(encoding="utf-8"), args.unsure, args.threshold, args.output)
            )
        )

    return run_job(work, ValueError)


if __name__ == "__main__":
    sys.exit(main())
