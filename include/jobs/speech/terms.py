"""Terms that a transcript got wrong and people wrote right, as rows of a custom vocabulary for English.

A word of an answer is a term by its shape (``EC2``, ``boto3``, ``SageMaker``, ``APIs``) or because everyday
English hardly has it (``hyperparameter``), and names of several everyday words are terms where each is
capitalised (``Ground Truth``). Frequencies are those of the wordfreq library on the Zipf scale: 3 is once in
a million words, 6 once in a thousand.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence

import wordfreq

from pronunciation import ipa
from spelling import phrase
from vocabulary import Row

EVERYDAY_ZIPF = 3.75
"""Words as frequent as this are everyday words. Of 157 terms of machine learning and AWS that are plain words
89 % are rarer, of the words of encyclopaedic English 10 %; at 3.5 it is 76 % and 7 %, at 4 95 % and 14 %.
"""
EVERYDAY_SHAPED_ZIPF = 4.5
"""The same for words in capitals or mixed case, which mostly are terms: not ``OK``, ``TV``, ``YouTube``."""
TITLE_SHARE = 0.8
"""An answer with more of its words capitalised is a title: capitals say nothing there."""
FEWEST_WORDS_OF_A_TITLE = 4

EDGES = "\"'`,;:!?()[]{}<>*_~-\u2010\u2013\u2014\u2018\u2019\u201c\u201d\u2026"
CONTRACTION = re.compile(r".*(n't|'(ll|re|ve|m|d))", re.IGNORECASE)
POSSESSIVE = re.compile(r"'s?$", re.IGNORECASE)
DOTTED = re.compile(r"(?:[A-Za-z]\.){2,}")
QUANTITY = re.compile(
    r"[0-9][0-9.,:]*(st|nd|rd|th|s|am|pm|x|k|m|b|%|bits?|[kmgt]i?b|[kmgt]?hz|ms|kg|km|cm|mm)?", re.IGNORECASE
)
ACRONYM = re.compile(r"[A-Z]{2,}s?")
LETTERS_BEFORE_A_NUMBER = re.compile(r"[B-HJ-Z]|[A-Z]{2,4}")
"""Of ``EC 2`` and ``S 3``; a lone A or I is a word."""


def proposals(answers: Sequence[str], heard: Sequence[str], known: Sequence[Row]) -> list[Row]:
    """Rows for the terms of the answers that were not heard right, in alphabetical order.

    Args:
        answers: what people say was said, one answer for each place that they listened to.
        heard: what the transcript has there, place by place.
        known: rows that are in the vocabulary, by Phrase or by what they show, and are not proposed again.

    Raises:
        ValueError: there are not as many answers as places.
    """
    if len(answers) != len(heard):
        raise ValueError(f"There are {len(answers)} answers to {len(heard)} places: give one for each.")
    ways: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for answer, transcript in zip(answers, heard, strict=True):
        was_heard = f" {_compared(transcript)} "
        for term in found(answer):
            if f" {_compared(term)} " not in was_heard and (spelled := phrase(term)):
                ways[spelled.casefold()][term] += 1
    there = {row.phrase.casefold() for row in known} | {row.shown.casefold() for row in known}
    rows = (_row(_best(written)) for spelled, written in ways.items() if spelled not in there)
    new = (row for row in rows if row.display_as.casefold() not in there)
    return sorted(new, key=lambda row: (row.display_as.casefold(), row.display_as))


def found(answer: str) -> list[str]:
    """The terms of an answer, in order, as often as they stand there."""
    words = list(_words(answer))
    terms: list[str] = []
    place = 0
    while place < len(words):
        term, count = _name(words, place) or (words[place][0], 1)
        if count > 1 or is_term(term):
            terms.append(term)
        place += count
    return terms


def is_term(word: str) -> bool:
    """Whether a single word is a term, by its shape or its rarity.

    >>> [word for word in ("EC2", "2nd", "GPUs", "OK", "instances", "epochs", "k-means") if is_term(word)]
    ['EC2', 'GPUs', 'epochs', 'k-means']
    """
    if QUANTITY.fullmatch(word) or len(word) < 2 or not any(c.isalpha() for c in word):  # noqa: PLR2004
        return False
    if any(character.isdecimal() for character in word):
        return True
    if len(parts := word.split("-")) > 1:
        single = any(len(part) == 1 and part.lower() not in "ai" for part in parts)
        return single or any(is_term(part) for part in parts)
    if ACRONYM.fullmatch(word) or any(character.isupper() for character in word[1:]):
        return _zipf(word) < EVERYDAY_SHAPED_ZIPF
    return max(map(_zipf, _forms(word.lower()))) < EVERYDAY_ZIPF


def _words(answer: str) -> Iterator[tuple[str, bool]]:
    """Each word, and whether it begins a sentence; without contractions and the endings of possessives."""
    answer = _without_meaningless_capitals(answer.replace("\u2019", "'"))
    begins = True
    for token in re.split(r"[\s/]+", answer):
        word = token.strip(EDGES)
        word = word.replace(".", "") if DOTTED.fullmatch(word) else word.rstrip("." + EDGES)
        if word and not CONTRACTION.fullmatch(word):
            yield POSSESSIVE.sub("", word), begins
        begins = token.rstrip("\"')").endswith((".", "?", "!")) if token else begins


def _without_meaningless_capitals(answer: str) -> str:
    words = [word for word in answer.split() if word[0].isalpha()]
    if len(words) < FEWEST_WORDS_OF_A_TITLE:
        return answer
    if all(word.isupper() for word in words):
        return answer.lower()
    if sum(word[0].isupper() for word in words) > TITLE_SHARE * len(words):
        return " ".join(word.lower() if word.istitle() else word for word in answer.split())
    return answer


def _name(words: Sequence[tuple[str, bool]], place: int) -> tuple[str, int] | None:
    """A term of several words that begins here, and how many: letters and a number, or capitalised words."""
    word, begins = words[place]
    following = [word for word, _ in words[place + 1 :]]
    if LETTERS_BEFORE_A_NUMBER.fullmatch(word) and following and re.fullmatch("[0-9]{1,3}", following[0]):
        return word + following[0], 2
    if begins or not _is_capitalised_word(word):
        return None
    count = 1
    while place + count < len(words) and _is_capitalised_word(words[place + count][0]):
        if words[place + count][1]:
            break
        count += 1
    return (" ".join(word for word, _ in words[place : place + count]), count) if count > 1 else None


def _is_capitalised_word(word: str) -> bool:
    return len(word) > 1 and word.istitle() and word.isalpha() and not is_term(word)


def _forms(word: str) -> Iterator[str]:
    """The word, and what it may be the plural of."""
    yield word
    if word.endswith("s") and not word.endswith("ss"):
        yield word[:-1]
        if word.endswith("es"):
            yield word[:-2]
        if word.endswith("ies"):
            yield word[:-3] + "y"


def _zipf(word: str) -> float:
    return float(wordfreq.zipf_frequency(word, "en"))


def _compared(text: str) -> str:
    """Lower case, words by one space, no punctuation: as transcripts are compared."""
    return " ".join(re.sub(r"[^\w\s]", "", re.sub(r"[-/_]", " ", text.lower())).split())


def _best(written: Counter[str]) -> str:
    """Of the ways in which people wrote a term: the most frequent, then that with most capitals."""
    return max(written, key=lambda way: (written[way], sum(map(str.isupper, way)), way))


def _row(term: str) -> Row:
    spelled = phrase(term)
    return Row(spelled, ipa=ipa(spelled), display_as=term)
