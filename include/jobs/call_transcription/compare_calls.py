"""Measures how well the sentences of calls are heard, without and with a vocabulary.

Output, under ``--output``:

- ``report.html``: the report for people
- ``rates.json``: every sentence of every call with its alignment and errors, and the totals
- ``without/<call>.txt``, ``with/<call>.txt``: the transcripts as text, each turn with its speaker
- ``metrics.json``: flat numbers

A call without a reference is listed and not measured.
"""

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import calls
import recordings
from calls import Comparison
from documents import write_json
from failure import JobError, run_job
from recordings import Recording
from transcripts import Transcript

TITLE = "Call transcription"


def compare(checked: Path, transcripts: Mapping[str, Path], output: Path) -> dict[str, float]:
    """Writes everything and returns the metrics.

    Args:
        checked: folder with recordings, references, and what was set aside.
        transcripts: folder of the transcripts by what they are called: ``without``, ``with``.
        output: folder to write.

    Raises:
        JobError: a transcript is missing or none of Transcribe's, or a reference cannot be compared.
    """
    comparisons: dict[str, Comparison] = {}
    known = recordings.read(checked)
    for call in known:
        heard = {name: _labelled(folder, call) for name, folder in transcripts.items()}
        for name, text in heard.items():
            (output / name).mkdir(parents=True, exist_ok=True)
            (output / name / f"{call.name}.txt").write_text(text, encoding="utf-8")
        if (said := recordings.reference(checked, call)) is not None:
            comparisons[call.name] = _compared(call, said, heard)
    found = calls.together(comparisons)
    write_json(output / "rates.json", found)
    set_aside = json.loads((checked / recordings.SET_ASIDE).read_text(encoding="utf-8"))
    page = calls.page(
        found,
        title=TITLE,
        facts={"calls": len(known), "with a reference": len(comparisons), "set aside": len(set_aside)},
        recordings=json.loads((checked / recordings.MEDIA).read_text(encoding="utf-8")),
        set_aside=set_aside,
    )
    (output / "report.html").write_text(page, encoding="utf-8")
    metrics = {"calls": len(known), "calls_measured": len(comparisons), **calls.metrics(found)}
    write_json(output / "metrics.json", metrics)
    return metrics


def _labelled(folder: Path, call: Recording) -> str:
    """The transcript by turns. Call analytics may put it into a folder of its own."""
    found = sorted(folder.rglob(f"{call.name}.json"))
    if not found:
        raise JobError(f"There is no transcript {call.name}.json among those {folder.name}: clear that task.")
    return calls.labelled_lines(Transcript.read(found[0]))


def _compared(call: Recording, said: str, heard: Mapping[str, str]) -> Comparison:
    try:
        return calls.compare(said, heard)
    except ValueError as error:
        raise JobError(f"{call.name} and its reference cannot be compared: {error}") from error


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the job from the command line; returns the exit code."""
    parser = argparse.ArgumentParser(description="Errors in calls, without and with a vocabulary.")
    add = parser.add_argument
    add("--recordings", type=Path, required=True, help="folder with recordings and references")
    add("--without", type=Path, required=True, help="folder with the transcripts without a vocabulary")
    add("--with", type=Path, help="folder with those with it, if there are any")
    add("--output", type=Path, required=True, help="folder to write")
    args = vars(parser.parse_args(argv))

    def work() -> None:
        transcripts = {name: args[name] for name in ("without", "with") if args[name]}
        print(json.dumps(compare(args["recordings"], transcripts, args["output"])))

    return run_job(work)


if __name__ == "__main__":
    sys.exit(main())
