"""Makes a vocabulary of what people heard: new terms, after those of the vocabulary that is live.

Output, under ``--output``:

- ``vocabulary.tsv``: the table, new terms at its end
- ``new_terms.tsv``: the new ones alone
- ``answers.json``: each task with its answers, the text agreed on, and the tasks that nobody answered
- ``metrics.json``: flat numbers
"""

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import vocabulary
from answers import LoopOutput, Review, collect
from documents import write_json
from failure import JobError, run_job
from terms import proposals
from vocabulary import Row

TABLE = "vocabulary.tsv"


def asked(tasks: Path, review: Path) -> tuple[dict[str, Mapping[str, Any]], list[LoopOutput]]:
    """The tasks by the names of their human loops, and what these left.

    Args:
        tasks: the file of tasks.
        review: folder with ``answers.json``, which names the loop of each task, and with what A2I has
            written of a loop; or else the answers stand in that file themselves.
    """
    by_id = {task["id"]: task["input"] for task in json.loads(tasks.read_text(encoding="utf-8"))}
    listed = json.loads((review / "answers.json").read_text(encoding="utf-8"))
    outputs = [LoopOutput.read(path) for path in sorted(review.rglob("output.json"))]
    outputs += [LoopOutput(each["loop"], each["answers"]) for each in listed if "answers" in each]
    return {each["loop"]: by_id[each["id"]] for each in listed}, outputs


def live_rows(table: Path | None) -> list[Row]:
    """The live vocabulary's rows; none where there is none."""
    return vocabulary.parse(table.read_text(encoding="utf-8")) if table else []


def propose(review: Review, live: Sequence[Row], language: str, output: Path) -> dict[str, float]:
    """Writes everything and returns the metrics.

    Raises:
        JobError: the table breaks a rule of Transcribe's, or there is neither a live nor a new term.
    """
    write_json(output / "answers.json", review.document())
    texts = [answer.text for answer in review.answers]
    new = proposals(texts, [answer.task["heard"] for answer in review.answers], live)
    rows = vocabulary.merge(live, new)
    if not rows:
        raise JobError(
            f"{len(texts)} answers gave no term, and no vocabulary is live: a higher confidence threshold "
            "asks about more words."
        )
    table = vocabulary.render(rows)
    if broken := vocabulary.problems(table, language):
        raise JobError(f"The table breaks {len(broken)} rules: {' '.join(map(str, broken[:5]))}")
    (output / TABLE).write_text(table, encoding="utf-8")
    (output / "new_terms.tsv").write_text(vocabulary.render(new), encoding="utf-8")
    metrics: dict[str, float] = {
        "answers": len(review.answers),
        "unanswered": len(review.unanswered),
        "terms": len(rows),
        "new_terms": len(new),
    }
    write_json(output / "metrics.json", metrics)
    return metrics


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the job from the command line; returns the exit code."""
    parser = argparse.ArgumentParser(description="A vocabulary from people's answers.")
    add = parser.add_argument
    add("--tasks", type=Path, required=True, help="file with what people were asked")
    add("--review", type=Path, required=True, help="folder with their answers")
    add("--live", type=Path, help="the live vocabulary's table, if there is one")
    add("--language", required=True, help="language code, such as en-US")
    add("--output", type=Path, required=True, help="folder to write")
    args = parser.parse_args(argv)

    def work() -> None:
        review = collect(*asked(args.tasks, args.review))
        print(json.dumps(propose(review, live_rows(args.live), args.language, args.output)))

    return run_job(work, vocabulary.TableError)


if __name__ == "__main__":
    sys.exit(main())
