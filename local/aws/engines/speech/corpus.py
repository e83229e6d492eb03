"""Text as sentences of words, and how often which words follow each other."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from itertools import chain, islice
from pathlib import Path

import numpy as np

from faults import CorpusFault
from ngrams import MAX_WORDS, Ids, Keys, key
from smoothing import EMPTY, Table

START, END = "<s>", "</s>"
_SENTENCE_END = re.compile(r"[.?!]+[\"')\]]*\s+|[\n;:]")
_CURLY_APOSTROPHE = "\N{RIGHT SINGLE QUOTATION MARK}"
_WORD = re.compile(r"[^\W_]+(?:['.][^\W_]+)*")
_SENTENCES_AT_ONCE = 50_000
MAX_TRIGRAMS = 10_000_000
"""When a corpus has more, n-grams that were seen only once so far are let go."""


class Vocabulary:
    """Words and their ids; a word is in lower case, and how it was mostly written is remembered."""

    def __init__(self, words: Iterable[str]) -> None:
        self.ids = {word: number for number, word in enumerate(words)}
        self.known = len(self.ids)
        """How many of them were there from the beginning."""
        self._written: dict[str, Counter[str]] = defaultdict(Counter)

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def words(self) -> list[str]:
        """In the order of their ids."""
        return list(self.ids)

    def written(self, word: str) -> str:
        """As it was written most often."""
        return max(self._written[word].items(), key=lambda item: item[1])[0]

    def id(self, written: str) -> int:
        """Of a word, which is added if it is new.

        Raises:
            CorpusFault: there are too many words.
        """
        word = written.lower()
        number = self.ids.setdefault(word, len(self.ids))
        if number >= self.known:
            self._written[word][written] += 1
        if number >= MAX_WORDS:
            raise CorpusFault(f"The text has more than {MAX_WORDS:,} different words. Use a smaller corpus.")
        return number


def sentences(files: Iterable[Path]) -> Iterator[list[str]]:
    """The sentences of texts, one at a time, as words without punctuation. A line ends a sentence.

    Raises:
        CorpusFault: a file is not UTF-8.
    """
    for file in files:
        with file.open("rb") as lines:
            for number, line in enumerate(lines, 1):
                text = _decoded(line, number, file).replace(_CURLY_APOSTROPHE, "'")
                for sentence in _SENTENCE_END.split(text):
                    if words := _WORD.findall(sentence):
                        yield [_without_capital(words[0]), *words[1:]]


def _without_capital(first: str) -> str:
    """A sentence's first word as it is written elsewhere; ``SageMaker`` stays as it is."""
    return first.lower() if first.istitle() else first


def _decoded(line: bytes, number: int, file: Path) -> str:
    try:
        return line.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise CorpusFault(
            f"Line {number} of {file.name} is not UTF-8: byte 0x{line[error.start]:02X} at position "
            f"{error.start + 1}. Save the file as UTF-8."
        ) from None


def count(texts: Iterable[list[str]], vocabulary: Vocabulary) -> tuple[Table, Table]:
    """How often each bigram and each trigram stands in the sentences; new words join the vocabulary."""
    bigrams, trigrams = EMPTY, EMPTY
    for ids in batches(texts, vocabulary):
        bigrams += Table.of(bigram_keys(ids, vocabulary))
        trigrams += Table.of(trigram_keys(ids, vocabulary))
        if len(trigrams.keys) > MAX_TRIGRAMS:
            # Both at once: the bigrams in a trigram that is kept are then kept too.
            bigrams, trigrams = bigrams.repeated(), trigrams.repeated()
    return bigrams, trigrams


def batches(texts: Iterable[list[str]], vocabulary: Vocabulary) -> Iterator[Ids]:
    """Sentences as ids between marks of start and end, many behind one another."""
    start, end = vocabulary.id(START), vocabulary.id(END)
    texts = iter(texts)
    while some := list(islice(texts, _SENTENCES_AT_ONCE)):
        numbered = ([start, *map(vocabulary.id, words), end] for words in some)
        yield np.fromiter(chain.from_iterable(numbered), np.int64)


def bigram_keys(ids: Ids, vocabulary: Vocabulary) -> Keys:
    """Two words each that follow each other inside a sentence."""
    keys: Keys = key(ids[:-1], ids[1:])[ids[1:] != vocabulary.ids[START]]
    return keys


def trigram_keys(ids: Ids, vocabulary: Vocabulary) -> Keys:
    """Three words each that follow each other inside a sentence."""
    start = vocabulary.ids[START]
    inside = (ids[1:-1] != start) & (ids[2:] != start)
    keys: Keys = key(ids[:-2], ids[1:-1], ids[2:])[inside]
    return keys
