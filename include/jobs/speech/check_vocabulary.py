"""Checks a vocabulary's table by the rules of Amazon Transcribe, before Transcribe is asked to take it.

Output, under ``--output``: ``vocabulary.tsv``, the table as it was, and ``metrics.json``. A table that breaks
rules ends the job; the reason names each broken row by number, column and rule, as many as it has room for.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

import vocabulary
from character_sets import UnknownLanguageError
from documents import write_json
from failure import JobError, run_job

TABLE = "vocabulary.tsv"
MOST_SHOWN = 8
"""Problems in the failure reason, which has 1,024 characters; all of them are in the log."""


def check(table: Path, language: str) -> str:
    """The table's text.

    Raises:
        JobError: it breaks a rule, or is not UTF-8.
        UnknownLanguageError: the rules of the language are not known.
    """
    try:
        text = table.read_bytes().decode()
    except UnicodeDecodeError as error:
        raise JobError(f"The table is not UTF-8: {error}. Save it so.") from error
    if broken := vocabulary.problems(text, language):
        for problem in broken:
            print(problem, file=sys.stderr)
        rest = f" {len(broken) - MOST_SHOWN} more are in the log." if len(broken) > MOST_SHOWN else ""
        raise JobError(" ".join(map(str, broken[:MOST_SHOWN])) + rest)
    return text


def _only_file(folder: Path) -> Path:
    found = sorted(path for path in folder.rglob("*") if path.is_file())
    if len(found) != 1:
        names = ", ".join(path.name for path in found[:MOST_SHOWN])
        raise JobError(f"There are {len(found)} files where one table has to be ({names}): name its own URI.")
    return found[0]


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the job from the command line; returns the exit code."""
    parser = argparse.ArgumentParser(description="A vocabulary's table by the rules of Transcribe.")
    add = parser.add_argument
    add("--table", type=Path, required=True, help="folder with the one file of the table")
    add("--language", required=True, help="language code, such as en-US")
    add("--output", type=Path, required=True, help="folder to write")
    args = parser.parse_args(argv)

    def work() -> None:
        text = check(_only_file(args.table), args.language)
        args.output.mkdir(parents=True, exist_ok=True)
        (args.output / TABLE).write_text(text, encoding="utf-8")
        metrics = {"vocabulary_rows": len(vocabulary.parse(text))}
        write_json(args.output / "metrics.json", metrics)
        print(json.dumps(metrics))

    return run_job(work, UnknownLanguageError)


if __name__ == "__main__":
    sys.exit(main())
