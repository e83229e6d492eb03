"""Looks at the text before a model is trained on it, and at what it is measured with.

Output, under ``--output``:

- ``corpus.json``: how much text there is, what is wrong with it, advice, and held-out sentences in it
- ``metrics.json``: flat numbers
"""

import argparse
import json
import sys
from collections.abc import Sequence
from itertools import islice
from pathlib import Path

import corpus
import leaks
from corpus import Report
from documents import write_json
from failure import JobError, run_job
from leaks import Leak

MOST_LEAKS = 1000
"""Kept in the document; a corpus that has more is of the wrong text."""
MOST_SHOWN = 5


def check(training: Path, tuning: Path | None, references: Path, output: Path) -> dict[str, int]:
    """Writes everything and returns the metrics.

    Args:
        training: folder of text to train on.
        tuning: folder of text to tune with, if there is any.
        references: folder with the texts of the held-out recordings.
        output: folder to write.

    Raises:
        JobError: the text breaks a rule of Transcribe's, or has a held-out sentence.
    """
    report = corpus.check(training, tuning)
    sentences = leaks.held_out(references)
    folders = {"training": training, **({"tuning": tuning} if tuning else {})}
    found = (leak for use, folder in folders.items() for leak in leaks.find(folder, use, sentences))
    # Only text that can be decoded is looked through.
    leaked = [] if report.problem_count else list(islice(found, MOST_LEAKS))
    write_json(
        output / "corpus.json",
        {**report.document(), "leaks": [leak.document() for leak in leaked]},
    )
    metrics = {
        **{f"training_{name}": count for name, count in report.training.counts().items()},
        **{f"tuning_{name}": count for name, count in report.tuning.counts().items() if tuning},
        "held_out_sentences": len(sentences),
        "held_out_sentences_in_corpus": len(leaked),
    }
    write_json(output / "metrics.json", metrics)
    for advice in report.advice:
        print(advice)
    _refuse(report, leaked)
    return metrics


def _refuse(report: Report, leaked: Sequence[Leak]) -> None:
    if count := report.problem_count:
        shown = " ".join(map(str, report.problems[:MOST_SHOWN]))
        raise JobError(f"The corpus has {count} problem{'s' * (count > 1)}: {shown}")
    if leaked:
        shown = " ".join(map(str, leaked[:MOST_SHOWN]))
        raise JobError(
            f"{len(leaked)} held-out sentence{'s' * (len(leaked) > 1)} in the corpus, which would measure "
            f"what was read and not what is heard: {shown} Take them out of the corpus or out of the "
            "recordings."
        )


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the job from the command line; returns the exit code."""
    parser = argparse.ArgumentParser(description="Text for a custom language model, by Transcribe's rules.")
    add = parser.add_argument
    add("--training", type=Path, required=True, help="folder of text to train on")
    add("--tuning", type=Path, help="folder of text to tune with")
    add("--references", type=Path, required=True, help="folder with the texts of held-out recordings")
    add("--output", type=Path, required=True, help="folder to write")
    args = parser.parse_args(argv)

    def work() -> None:
        print(json.dumps(check(args.training, args.tuning, args.references, args.output)))

    return run_job(work)


if __name__ == "__main__":
    sys.exit(main())
