"""Whether text can train a custom language model, and how much text it is.

The rules are those of https://docs.aws.amazon.com/transcribe/latest/dg/custom-language-models-create.html:
plain text in UTF-8 without markup or special characters, at most 2 GB to train on and 200 MB to tune with. A
sentence on each line is best practice: lines with several are counted, and refused only where a line has no
end in sight. Files are read line by line; in memory are the words of the vocabulary, each once.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from text_files import HEAD_BYTES, SIGNATURES

MAX_BYTES = {"training": 2 * 1024**3, "tuning": 200 * 1024**2}
ENOUGH_WORDS = 10_000
"""Of transcripts of the domain, without which AWS advises to add other text of the domain and to tune."""
SUFFIX = ".txt"
MAX_LINE_BYTES = 64 * 1024
MAX_SHOWN = 20

MARKUP = re.compile(
    r"</?[A-Za-z][^<>]*>|<!--"  # HTML, XML
    r"|&(?:#[0-9]+|#x[0-9A-Fa-f]+|[A-Za-z]{2,8});"  # their entities
    r"|\[[^\]\[]+\]\([^() ]+\)|^#{1,6} |^```"  # Markdown
)
SPECIAL = re.compile("[\x00-\x1f\x7f\ufeff\ufffd]")
SENTENCE_END = re.compile(r"[a-z]{3}[.?!][\"')\u2019\u201d]* +[\"'(\u2018\u201c]*[A-Z]")
"""Inside a line. Three small letters: not of an abbreviation such as Dr. or U.S."""
WORD = re.compile(r"\w+(?:['\u2019.-]\w+)*")


@dataclass(frozen=True)
class Problem:
    """A broken rule. Line 0 is the file as a whole; the column counts bytes where they are not UTF-8."""

    file: str
    line: int
    column: int
    rule: str

    def __str__(self) -> str:
        place = f", line {self.line}, column {self.column}," if self.line else ""
        return f"{self.file}{place} {self.rule}."


@dataclass
class Text:
    """How much text there is to train on or to tune with."""

    files: int = 0
    bytes: int = 0
    lines: int = 0
    words: int = 0
    lines_of_several_sentences: int = 0
    vocabulary: set[str] = field(default_factory=set, repr=False)

    def counts(self) -> dict[str, int]:
        """All of them by name; of the vocabulary, its size."""
        return {name: value if isinstance(value, int) else len(value) for name, value in vars(self).items()}


@dataclass
class Report:
    """What was found: problems refuse a corpus, advice does not. Only the first problems are kept."""

    training: Text = field(default_factory=Text)
    tuning: Text = field(default_factory=Text)
    problems: list[Problem] = field(default_factory=list)
    problem_count: int = 0
    problems_by_file: Counter[str] = field(default_factory=Counter)

    @property
    def advice(self) -> list[str]:
        """Sentences on what may make the model worse than it could be."""
        found = []
        if self.training.words < ENOUGH_WORDS:
            found.append(
                f"There are {self.training.words} words to train on, {ENOUGH_WORDS} or more are advised: add "
                "text of the same domain."
            )
        if several := self.training.lines_of_several_sentences + self.tuning.lines_of_several_sentences:
            found.append(f"{several} lines seem to have several sentences: one on each line is advised.")
        return found

    def document(self) -> dict[str, object]:
        """For JSON: counts of both texts, the first problems as sentences, how many there are, advice."""
        return {
            "training": self.training.counts(),
            "tuning": self.tuning.counts(),
            "problems": [str(problem) for problem in self.problems],
            "problem_count": self.problem_count,
            "problems_by_file": dict(self.problems_by_file),
            "advice": self.advice,
        }

    def add(self, problems: Iterable[Problem]) -> None:
        """Counts problems and keeps the first."""
        for problem in problems:
            self.problem_count += 1
            self.problems_by_file[problem.file] += 1
            if len(self.problems) < MAX_SHOWN:
                self.problems.append(problem)


def check(training: Path, tuning: Path | None = None) -> Report:
    """Reads every file of a folder to train on, and of one to tune with."""
    report = Report()
    report.add(_read(training, "training", report.training))
    if tuning:
        report.add(_read(tuning, "tuning", report.tuning))
    return report


def _read(folder: Path, use: str, text: Text) -> Iterator[Problem]:
    """The problems of a folder, whose text is counted meanwhile."""
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    text.files = len(paths)
    text.bytes = sum(path.stat().st_size for path in paths)
    if not paths:
        yield Problem(use, 0, 0, "has no file: give a folder of text files")
    if text.bytes > MAX_BYTES[use]:
        rule = f"has {text.bytes} bytes, at most {MAX_BYTES[use]} are allowed: leave files out"
        yield Problem(use, 0, 0, rule)
        return
    for path in paths:
        yield from _read_file(path, f"{use}/{path.relative_to(folder).as_posix()}", text)


def _read_file(path: Path, name: str, text: Text) -> Iterator[Problem]:
    before = text.words
    if path.suffix != SUFFIX:
        yield Problem(name, 0, 0, f"is not named {SUFFIX}: name it so if it is text, else leave it out")
        return
    with path.open("rb") as stream:
        if kind := _kind(stream.read(HEAD_BYTES)):
            yield Problem(name, 0, 0, f"is {kind}: plain text in UTF-8 is needed")
            return
        stream.seek(0)
        broken = False
        for number, line in enumerate(_lines(stream), start=1):
            for problem in _line_problems(name, number, line, text):
                broken = True
                yield problem
    if text.words == before and not broken:
        yield Problem(name, 0, 0, "is empty: it has no words; delete it or fill it")


def _kind(head: bytes) -> str | None:
    """What a file is that is no text in UTF-8, by its first bytes."""
    found = next((kind for magic, kind in SIGNATURES.items() if head.startswith(magic)), None)
    return found or ("binary or UTF-16 (it has NUL bytes)" if b"\0" in head else None)


def _lines(stream: BinaryIO) -> Iterator[bytes]:
    """Lines without their ends; of one that is too long its beginning, a byte over the bound."""
    while line := stream.readline(MAX_LINE_BYTES + 1):
        rest = line
        while len(rest) > MAX_LINE_BYTES and not rest.endswith(b"\n"):
            rest = stream.readline(MAX_LINE_BYTES + 1)
        yield line.rstrip(b"\r\n")


def _line_problems(name: str, number: int, line: bytes, text: Text) -> Iterator[Problem]:
    text.lines += 1
    if len(line) > MAX_LINE_BYTES:
        rule = f"is longer than {MAX_LINE_BYTES} bytes: put each sentence on a line of its own"
        yield Problem(name, number, MAX_LINE_BYTES + 1, rule)
        return
    try:
        decoded = line.decode()
    except UnicodeDecodeError as error:
        rule = f"has the byte 0x{line[error.start]:02x}, which is not UTF-8 there: save the file as UTF-8"
        yield Problem(name, number, error.start + 1, rule)
        return
    if found := MARKUP.search(decoded):
        rule = f"has markup, {found.group()[:40]!r}: leave the text alone"
        yield Problem(name, number, found.start() + 1, rule)
    if found := SPECIAL.search(decoded):
        rule = f"has the special character U+{ord(found.group()):04X}: delete it"
        yield Problem(name, number, found.start() + 1, rule)
    words = WORD.findall(decoded.lower())
    text.words += len(words)
    text.vocabulary.update(words)
    text.lines_of_several_sentences += SENTENCE_END.search(decoded) is not None
