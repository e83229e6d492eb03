"""Looks at every recording before anything is paid for, and sets aside what Transcribe would refuse.

Output, under ``--output``:

- ``recordings.json``: those that go on, by name, with their S3 URIs
- ``references/<name>.txt``: the text of each that has one beside it
- ``media.json``: what each of them is, by its name, and what is advised
- ``set_aside.json``: the others, each with the reason and what to do
- ``metrics.json``: flat numbers
"""

import argparse
import json
import shutil
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

import media
import recordings
from documents import write_json
from failure import JobError, run_job
from media import Media, SetAside
from recordings import MEDIA, REFERENCE, SET_ASIDE, Recording
from word_errors import normalise

TABLE = "vocabulary.tsv"
"""What a vocabulary's table is called that lies beside the recordings."""


def files(folder: Path) -> dict[str, Path]:
    """Paths below the folder, without those of texts, of a vocabulary's table and of hidden files."""
    found = (path for path in sorted(folder.rglob("*")) if path.is_file() and path.suffix != REFERENCE)
    names = {path.relative_to(folder).as_posix(): path for path in found}
    return {
        name: path for name, path in names.items() if name != TABLE and not path.name.startswith((".", "_"))
    }


def check(
    folder: Path,
    uri: str,
    held_out: Sequence[str],
    output: Path,
    *,
    calls: bool = False,
    measured: bool = False,
) -> dict[str, float]:
    """Writes everything and returns the metrics.

    Args:
        folder: with recordings and the texts beside them.
        uri: S3 URI of the folder, with a slash at its end.
        held_out: patterns of recordings that nobody is asked about.
        output: folder to write.
        calls: whether they are for call analytics, which needs a channel for each of two speakers.
        measured: whether they are of no use without a reference to measure against.

    Raises:
        JobError: there is no recording, or none that Transcribe takes.
    """
    found = files(folder)
    if not found:
        raise JobError(f"There is no recording below {uri}: put audio or video there.")
    taken, refused = media.check_all(found, calls=calls)
    if measured:
        taken, silent = _with_reference(taken, found)
        refused += silent
    output.mkdir(parents=True, exist_ok=True)
    write_json(output / SET_ASIDE, [asdict(each) for each in refused])
    for each in refused:
        print(f"{each.file} is set aside: {each.reason} {each.remedy}")
    for one in taken:
        for advice in one.advice:
            print(f"{one.file}: {advice}")
    if not taken:
        raise JobError(f"None of {len(found)} recordings can be transcribed: {refused[0].reason}")
    known = recordings.named(((each.file, f"{uri}{each.file}", each.sample_rate) for each in taken), held_out)
    recordings.write(output, known)
    names = {each.uri: each.name for each in known}
    write_json(output / MEDIA, {names[f"{uri}{each.file}"]: asdict(each) for each in taken})
    paths = {f"{uri}{name}": path for name, path in found.items()}
    references = [_keep_reference(paths[each.uri], each, output) for each in known]
    metrics = {
        "recordings": len(taken),
        "recordings_held_out": sum(not each.in_sample for each in known),
        "recordings_set_aside": len(refused),
        "references": sum(references),
        "vocabulary_tables": int((folder / TABLE).is_file()),
        "seconds_of_media": round(sum(each.seconds for each in taken), 2),
    }
    write_json(output / "metrics.json", metrics)
    return metrics


def _with_reference(taken: Sequence[Media], paths: Mapping[str, Path]) -> tuple[list[Media], list[SetAside]]:
    """The files that have a text with words beside them, and the others with what is wrong."""
    kept, refused = [], []
    for each in taken:
        reference = paths[each.file].with_suffix(REFERENCE)
        if reason := _unfit(reference):
            remedy = f"Write what is said into {reference.name}, in UTF-8, a sentence on each line."
            refused.append(SetAside(each.file, reason, remedy))
        else:
            kept.append(each)
    return kept, refused


def _unfit(reference: Path) -> str | None:
    """Why nothing can be measured against a text."""
    if not reference.is_file():
        return "There is no text beside it to measure against."
    try:
        words = normalise(reference.read_bytes().decode())
    except UnicodeDecodeError as error:
        return f"The text beside it is not UTF-8: {error}."
    return None if words else "The text beside it has no words."


def _keep_reference(path: Path, recording: Recording, output: Path) -> bool:
    reference = path.with_suffix(REFERENCE)
    if not reference.is_file():
        return False
    kept = recordings.reference_path(output, recording)
    kept.parent.mkdir(exist_ok=True)
    shutil.copyfile(reference, kept)
    return True


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the job from the command line; returns the exit code."""
    parser = argparse.ArgumentParser(description="Recordings that Amazon Transcribe takes.")
    add = parser.add_argument
    add("--media", type=Path, required=True, help="folder with recordings and the texts beside them")
    add("--uri", required=True, help="S3 URI of that folder, with a slash at its end")
    add("--held-out", nargs="*", default=[], help="patterns of recordings that nobody is asked about")
    add("--calls", action="store_true", help="they are calls: an agent and a customer, each on a channel")
    add("--measured", action="store_true", help="set aside what has no text beside it to measure against")
    add("--output", type=Path, required=True, help="folder to write")
    args = parser.parse_args(argv)

    def work() -> None:
        options = {"calls": args.calls, "measured": args.measured}
        print(json.dumps(check(args.media, args.uri, args.held_out, args.output, **options)))

    return run_job(work)


if __name__ == "__main__":
    sys.exit(main())
