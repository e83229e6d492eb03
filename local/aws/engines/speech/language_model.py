"""The language models of the decoder: the generic one, or a folder that training has left."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from phonemes import Phones
from us_english import LANGUAGE_MODEL

_NGRAMS = "ngrams.lm.bin"
_WORDS = "words.json"


@dataclass(frozen=True)
class LanguageModel:
    """N-grams in pocketsphinx's binary format, and the words in them that its dictionary lacks."""

    path: Path
    pronunciations: Mapping[str, list[Phones]] = field(default_factory=dict)
    shown: Mapping[str, str] = field(default_factory=dict)
    """How such a word is written, by its name in the n-grams."""

    @classmethod
    def generic(cls) -> Self:
        """What the wheel of pocketsphinx brings."""
        return cls(LANGUAGE_MODEL)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """A model that was saved."""
        words = json.loads((folder / _WORDS).read_text(encoding="utf-8"))
        return cls(
            folder / _NGRAMS,
            {word: [tuple(way.split()) for way in entry["sounds"]] for word, entry in words.items()},
            {word: entry["shown"] for word, entry in words.items()},
        )

    @classmethod
    def in_folder(
        cls, folder: Path, pronunciations: Mapping[str, list[Phones]], shown: Mapping[str, str]
    ) -> Self:
        """A model whose words are saved, and whose n-grams are to be written to its ``path``."""
        words = {
            word: {"shown": shown[word], "sounds": [" ".join(way) for way in ways]}
            for word, ways in pronunciations.items()
        }
        folder.mkdir(parents=True, exist_ok=True)
        (folder / _WORDS).write_text(json.dumps(words, ensure_ascii=False, indent=1), encoding="utf-8")
        return cls(folder / _NGRAMS, pronunciations, shown)
