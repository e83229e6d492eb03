"""`millrace wer`: word error rate of a transcript, with every error in its place."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.cells import cell_len
from rich.text import Text

from local.cli.console import output
from local.stack.errors import MillraceError

if TYPE_CHECKING:
    from include.jobs.speech.word_errors import Sentence, WordErrors

STYLES = {"substitution": "yellow", "deletion": "red", "insertion": "cyan"}

Reference = Annotated[
    Path, typer.Argument(exists=True, dir_okay=False, help="What was said, a sentence on each line.")
]
Hypothesis = Annotated[
    Path, typer.Argument(exists=True, dir_okay=False, help="What was heard, in the same lines.")
]
BySentence = Annotated[bool, typer.Option("--by-sentence", help="Show each sentence with its errors.")]
Normalise = Annotated[
    bool, typer.Option("--normalise", help="Join the lines of each text and leave punctuation out.")
]
Json = Annotated[
    Path | None, typer.Option("--json", metavar="FILE", dir_okay=False, help="Write all figures there.")
]


def wer(
    reference: Reference,
    hypothesis: Hypothesis,
    by_sentence: BySentence = False,
    normalise: Normalise = False,
    file: Json = None,
) -> None:
    """Word error rate of a transcript.

    Lines are paired, lower-cased and split on spaces; punctuation and speakers' labels count as words.
    """
    # Not at the start of every other command.
    from include.jobs.speech.word_errors import compare  # noqa: PLC0415

    try:
        found = compare(_text(reference), _text(hypothesis), normalised=normalise)
    except ValueError as error:
        raise MillraceError(str(error)) from error
    if file:
        _write(file, found)
    if by_sentence:
        for number, sentence in enumerate(found.sentences, start=1):
            _show(number, sentence)
    _show_rates(found)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise MillraceError(
            f"{path} is not UTF-8: byte {error.start} is {error.object[error.start]:#04x}."
        ) from None


def _write(file: Path, found: "WordErrors") -> None:
    try:
        file.write_text(json.dumps(found.document(), ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    except OSError as error:
        raise MillraceError(f"{file} cannot be written: {error.strerror}.") from error


def _show(number: int, sentence: "Sentence") -> None:
    from include.jobs.speech.word_errors import kind  # noqa: PLC0415

    said, heard = Text("REF:"), Text("HYP:")
    for pair in sentence.pairs:
        style = STYLES.get(kind(pair), "")
        width = max(cell_len(word or "") for word in pair)
        for line, word in zip((said, heard), pair, strict=True):
            # What is not there is as wide as what stands beside it, and marked.
            shown = "*" * width if word is None else word + " " * (width - cell_len(word))
            line.append(" ").append(shown, style)
    counts = sentence.counts()
    kinds = ", ".join(f"{name} {counts[name]}" for name in ("substitutions", "deletions", "insertions"))
    for line in (said, heard):
        line.rstrip()
        output.print(line, soft_wrap=True)
    correct = _share(counts["matches"], counts["words"])
    wrong = _share(counts["errors"], counts["words"])
    output.print(f"Sentence {number}: correct {correct}, errors {wrong}: {kinds}\n", soft_wrap=True)


def _show_rates(found: "WordErrors") -> None:
    counts = found.counts
    output.print(f"WER: {_share(counts['errors'], counts['words'])}")
    output.print(f"WRR: {_share(counts['matches'], counts['words'])}")
    output.print(f"SER: {_share(found.wrong_sentences, len(found.sentences))}")


def _share(part: int, whole: int) -> str:
    """A reference without words has no rate, only a number of errors."""
    return f"{part / whole:.3%} ({part} / {whole})" if whole else f"{part} ({part} / 0)"
