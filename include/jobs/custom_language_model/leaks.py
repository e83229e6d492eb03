"""Held-out sentences that a corpus has too: a model that has read the answers is measured too well.

Compared are normalised sentences, so case, punctuation and spaces do not hide one. A line of several
sentences is taken as a whole and in its parts. Corpora are read line by line; in memory are the held-out
sentences.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from word_errors import normalise

BETWEEN_SENTENCES = re.compile(r"(?<=[.?!\u2026\u3002\u0964])[\"')\u2019\u201d]*\s+")


@dataclass(frozen=True)
class Leak:
    """A sentence of ``recording`` that stands in a line of a corpus."""

    file: str
    line: int
    sentence: str
    recording: str

    def __str__(self) -> str:
        return f"{self.file}, line {self.line}, has {self.sentence!r} of {self.recording}."

    def document(self) -> dict[str, str | int]:
        """For JSON."""
        return asdict(self)


def held_out(references: Path) -> dict[str, tuple[str, str]]:
    """Normalised sentence -> the sentence as it is written, and the recording whose reference has it.

    Args:
        references: folder of ``<recording>.txt``, a sentence on each line.
    """
    return {
        normalised: (part, path.stem)
        for path in sorted(references.glob("*.txt"))
        for line in path.read_text(encoding="utf-8").splitlines()
        for part in _parts(line)
        if (normalised := normalise(part))
    }


def find(corpus: Path, use: str, sentences: Mapping[str, tuple[str, str]]) -> Iterator[Leak]:
    """The held-out sentences in a corpus, in its order.

    Args:
        corpus: folder of files in UTF-8, whose lines have bounded lengths.
        use: what the corpus is for, ``training`` or ``tuning``.
        sentences: what `held_out` gives.
    """
    for path in sorted(path for path in corpus.rglob("*") if path.is_file()):
        with path.open(encoding="utf-8") as stream:
            for number, line in enumerate(stream, start=1):
                for part in _parts(line.strip()):
                    if known := sentences.get(normalise(part)):
                        yield Leak(f"{use}/{path.relative_to(corpus).as_posix()}", number, *known)


def _parts(line: str) -> list[str]:
    """A line, and its sentences where it has several."""
    parts = [part for part in BETWEEN_SENTENCES.split(line) if part]
    return [line, *parts] if len(parts) > 1 else [line]
