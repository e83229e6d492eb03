"""N-grams written for pocketsphinx: as ARPA text first, then in its own binary format, which loads at once.

https://cmusphinx.github.io/wiki/arpaformat/
"""

from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

import numpy as np
import pocketsphinx

from ngrams import Floats, Ids, Ngrams, split

_LINES_AT_ONCE = 100_000
_NEVER = 1e-99
"""The format's probability of what cannot be, as the mark of a sentence's start."""


def write_binary(ngrams: Ngrams, words: list[str], path: Path) -> None:
    """Writes a model in pocketsphinx's binary format."""
    text = path.with_suffix(".arpa")
    try:
        write(ngrams, words, text)
        config = pocketsphinx.Config(hmm=None, dict=None, lm=None, loglevel="FATAL")
        pocketsphinx.NGramModel(config, pocketsphinx.LogMath(), str(text)).write(str(path))
    finally:
        text.unlink(missing_ok=True)


def write(ngrams: Ngrams, words: list[str], path: Path) -> None:
    """Writes a model as ARPA text."""
    ids = np.arange(len(words))
    with path.open("w", encoding="utf-8") as file:
        file.write("\\data\\\n")
        for order, keys in enumerate((ngrams.unigrams, ngrams.bigrams, ngrams.trigrams), 1):
            file.write(f"ngram {order}={len(keys)}\n")
        _section(file, words, [ids], ngrams.unigrams, ngrams.unigram_backoff)
        _section(file, words, split(ngrams.bigrams, 2), ngrams.bigram_probabilities, ngrams.bigram_backoff)
        _section(file, words, split(ngrams.trigrams, 3), ngrams.trigram_probabilities)
        file.write("\n\\end\\\n")


def _section(
    file: TextIO, words: list[str], ids: list[Ids], values: Floats, backoff: Floats | None = None
) -> None:
    file.write(f"\n\\{len(ids)}-grams:\n")
    file.writelines(_lines(words, ids, values, backoff))


def _lines(words: list[str], ids: list[Ids], values: Floats, backoff: Floats | None) -> Iterator[str]:
    logarithms = np.log10(np.maximum(values, _NEVER))
    weights = None if backoff is None else np.log10(backoff)
    for start in range(0, len(values), _LINES_AT_ONCE):
        part = slice(start, start + _LINES_AT_ONCE)
        texts = zip(*([words[number] for number in column[part].tolist()] for column in ids), strict=True)
        numbers = logarithms[part].tolist()
        if weights is None:
            yield "".join(f"{n:.4f}\t{' '.join(t)}\n" for n, t in zip(numbers, texts, strict=True))
        else:
            rows = zip(numbers, texts, weights[part].tolist(), strict=True)
            yield "".join(f"{n:.4f}\t{' '.join(t)}\t{w:.4f}\n" for n, t, w in rows)
