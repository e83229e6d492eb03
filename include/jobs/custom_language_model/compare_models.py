"""Measures every variant of the recogniser on held-out recordings.

Output, under ``--output``:

- ``report.html``: the report for people
- ``wer.png``: its picture
- ``rates.json``: word error rates with intervals, differences, rates by recording
- ``metrics.json``: flat numbers
"""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

import models_report
import rate_plot
import recordings
from documents import write_json
from failure import run_job
from transcripts import Transcript
from variants import GENERIC, Comparison, Recording, label


def heard(known: Path, transcripts: Path, variants: Sequence[str]) -> list[Recording]:
    """The recordings with their references and what each variant has heard.

    Args:
        known: folder with the list of recordings and their references.
        transcripts: folder with a folder for each variant.
        variants: their names.

    Raises:
        TranscriptError: a transcript is no result of Transcribe.
    """
    return [
        Recording(
            each.name,
            (known / "references" / f"{each.name}.txt").read_text(encoding="utf-8"),
            {name: Transcript.read(transcripts / name / f"{each.name}.json").text for name in variants},
        )
        for each in recordings.read(known)
    ]


def compare(comparison: Comparison, output: Path) -> dict[str, float]:
    """Writes everything and returns the metrics.

    Raises:
        ValueError: there are fewer than two sentences.
    """
    found = comparison.document()
    write_json(output / "rates.json", found)
    intervals = {label(name): interval for name, interval in comparison.intervals.items()}
    picture = rate_plot.rates(intervals, label(comparison.baseline))
    (output / "wer.png").write_bytes(picture)
    (output / "report.html").write_text(models_report.page(comparison, found, picture), encoding="utf-8")
    metrics = {"recordings": len(comparison.recordings), "sentences": found["sentences"]}
    metrics |= comparison.metrics()
    write_json(output / "metrics.json", metrics)
    return metrics


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the job from the command line; returns the exit code."""
    parser = argparse.ArgumentParser(description="Word error rates of language models, with intervals.")
    add = parser.add_argument
    add("--recordings", type=Path, required=True, help="folder with recordings and references")
    add("--transcripts", type=Path, required=True, help="folder with a folder for each variant")
    add("--variants", nargs="+", required=True, help=f"their names; {GENERIC!r} is one of them")
    add("--baseline", default=GENERIC, help="the variant that the others have to beat")
    add("--output", type=Path, required=True, help="folder to write")
    args = parser.parse_args(argv)
    if not {GENERIC, args.baseline} <= {*args.variants}:
        parser.error(f"{GENERIC} and {args.baseline} have to be among the variants {args.variants}")

    def work() -> None:
        known = heard(args.recordings, args.transcripts, args.variants)
        print(json.dumps(compare(Comparison(known, args.baseline), args.output)))

    return run_job(work, ValueError)


if __name__ == "__main__":
    sys.exit(main())
