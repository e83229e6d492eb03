"""The generic language model's n-grams, read from its binary file.

pocketsphinx answers what an n-gram's probability is, but does not list n-grams, and writing this model as
text ends in a segmentation fault (5.1.1). So the file is read here: a trie over reversed n-grams, its bigrams
and trigrams packed to the bit, their values in tables of 2^16. The format is that of
https://github.com/cmusphinx/pocketsphinx/blob/master/src/lm/lm_trie.c
"""

import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ngrams import ID_BITS, Floats, Ids, Ngrams, key

_MAGIC = b"Trie Language Model"
_ORDER = 3
_VALUE_BITS = 16
_TABLE = 1 << _VALUE_BITS
_LOG_BASE = np.log(1.0001)
_UNIGRAM = np.dtype([("probability", "<f4"), ("backoff", "<f4"), ("next", "<u4")])


class UnreadableModelError(ValueError):
    """The file is no trigram model of pocketsphinx's binary format."""


@dataclass(frozen=True)
class _Layer:
    """The n-grams of one order: records of equal length in bits, behind one another."""

    content: NDArray[np.uint8]
    record_bits: int

    def field(self, first_bit: int, bits: int, count: int) -> Ids:
        """One field of the first ``count`` records."""
        positions = np.arange(count, dtype=np.int64) * self.record_bits + first_bit
        places = positions >> 3
        values = np.zeros(count, np.uint64)
        for number in range((bits + 14) // 8):
            values |= self.content[places + number].astype(np.uint64) << np.uint64(8 * number)
        mask = np.uint64((1 << bits) - 1)
        return (values >> (positions & 7).astype(np.uint64) & mask).astype(np.int64)


class _Reader:
    """Reads the file's parts in their order."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        self._place = len(_MAGIC)

    def numbers(self, kind: str) -> tuple[int, ...]:
        found = struct.unpack_from(f"<{kind}", self._content, self._place)
        self._place += struct.calcsize(f"<{kind}")
        return found

    def array(self, kind: Any, count: int) -> NDArray[Any]:
        found = np.frombuffer(self._content, kind, count, self._place)
        self._place += found.nbytes
        return found

    def layer(self, record_bits: int, count: int) -> _Layer:
        size = ((count + 1) * record_bits + 7) // 8 + 8
        return _Layer(self.array(np.uint8, size), record_bits)

    def words(self) -> list[str]:
        [size] = self.numbers("I")
        return self._content[self._place : self._place + size].decode().split("\0")[:-1]


@dataclass(frozen=True)
class _Trie:
    """The file's parts. ``tables`` hold the bigrams' values, their backoff weights, the trigrams' values."""

    tables: Floats
    unigrams: NDArray[Any]
    pairs: _Layer
    triples: _Layer
    id_bits: int
    next_bits: int
    words: list[str]


def read(path: Path) -> tuple[list[str], Ngrams]:
    """The words of the model, in the order of their ids, and its n-grams.

    Raises:
        UnreadableModelError: the file is not of this format.
    """
    trie = _parts(path)
    return trie.words, _ngrams(trie)


def _parts(path: Path) -> _Trie:
    content = path.read_bytes()
    if not content.startswith(_MAGIC):
        raise UnreadableModelError(f"{path} does not begin with {_MAGIC.decode()!r}.")
    reader = _Reader(content)
    [order] = reader.numbers("B")
    if order != _ORDER:
        raise UnreadableModelError(f"{path} is of order {order}: it must be {_ORDER}.")
    counts = reader.numbers("3I")
    reader.numbers("i")  # the kind of quantisation, of which there is one
    id_bits, next_bits = counts[0].bit_length(), counts[2].bit_length()
    return _Trie(
        tables=_values(reader.array(np.dtype("<f4"), 3 * _TABLE)).reshape(3, _TABLE),
        unigrams=reader.array(_UNIGRAM, counts[0] + 1),
        pairs=reader.layer(id_bits + 2 * _VALUE_BITS + next_bits, counts[1]),
        triples=reader.layer(id_bits + _VALUE_BITS, counts[2]),
        id_bits=id_bits,
        next_bits=next_bits,
        words=reader.words(),
    )


def _ngrams(trie: _Trie) -> Ngrams:
    """The n-grams in the order of their keys. Under each word of the trie stand the words before it."""
    values = trie.id_bits, trie.id_bits + _VALUE_BITS, trie.id_bits + 2 * _VALUE_BITS
    ends = trie.unigrams["next"].astype(np.int64)
    count = int(ends[-1])
    bigrams = key(trie.pairs.field(0, trie.id_bits, count), _parents(ends))
    backoff = trie.tables[1][trie.pairs.field(values[0], _VALUE_BITS, count)]
    after_one = trie.tables[0][trie.pairs.field(values[1], _VALUE_BITS, count)]

    ends = trie.pairs.field(values[2], trie.next_bits, count + 1)
    count = int(ends[-1])
    trigrams = trie.triples.field(0, trie.id_bits, count) << 2 * ID_BITS | bigrams[_parents(ends)]
    after_two = trie.tables[2][trie.triples.field(values[0], _VALUE_BITS, count)]

    pairs, triples = np.argsort(bigrams), np.argsort(trigrams)
    return Ngrams(
        _values(trie.unigrams["probability"][:-1]),
        _values(trie.unigrams["backoff"][:-1]),
        bigrams[pairs],
        after_one[pairs],
        backoff[pairs],
        trigrams[triples],
        after_two[triples],
    )


def _parents(ends: Ids) -> Ids:
    """For each record of the next order the number of the one that it stands under."""
    return np.repeat(np.arange(len(ends) - 1), np.diff(ends))


def _values(logarithms: NDArray[np.float32]) -> Floats:
    """Probabilities or weights from the file's logarithms, whose base is 1.0001."""
    values: Floats = np.exp(logarithms.astype(np.float64) * _LOG_BASE)
    return values
