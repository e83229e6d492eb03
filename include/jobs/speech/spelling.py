"""A written term as the Phrase of a vocabulary row: how it is spoken, in the characters of English.

Letters that are spoken one by one have a period each, numbers are words, and a hyphen joins the parts
(https://docs.aws.amazon.com/transcribe/latest/dg/custom-vocabulary-create-table.html): ``EC2`` is
``E.C.-Two``, ``DynamoDB`` is ``Dynamo-D.B.``. What people say is guessed from what they write: someone who
knows the term may know better.
"""

import re
import unicodedata
from itertools import pairwise

from pronunciation import compound, familiar, known

PIECES = re.compile(
    r"[A-Z]{2,}s(?![a-z])"  # the plural of an acronym
    r"|[A-Z]+(?![a-z])"  # letters of an acronym, up to the capital of the next word
    r"|[A-Z]?[a-z]+"
    r"|[0-9]+"
    r"|[.+#&@%]"
)
SIGNS = {".": "dot", "+": "plus", "#": "sharp", "&": "and", "@": "at", "%": "percent"}
WORDS_IN_CAPITALS = {"GAN", "GIF", "JPEG", "JSON", "LAN", "PIN", "RAM", "ROM", "SIM", "WAN", "YAML"}
"""Acronyms that are read as words although they are short, or not in a pronouncing dictionary."""
LONGEST_SPELLED = 5
"""Letters: more of them in capitals are a word that is shouted."""
SHORT = 3
"""Letters: an unknown word of no more than these is an acronym in small letters, unless it can be spoken."""
SPEAKABLE = re.compile(r"[^aeiouy][aeiouy][^aeiouy]?")
ONES = (
    *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven"),
    *("twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"),
)
TENS = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
LONGEST_NUMBER = 3
"""Digits: more of them are read one by one, as are those after a zero."""


def phrase(term: str) -> str:
    """The Phrase of a term; empty where nothing of it can be written in English letters.

    >>> [phrase(term) for term in ("EC2", "boto3", "SageMaker", "XGBoost", "APIs", "k-nearest neighbors")]
    ['E.C.-Two', 'boto-three', 'Sage-Maker', 'X.G.-Boost', 'A.P.I.-s', 'K.-nearest-neighbors']
    """
    plain = unicodedata.normalize("NFKD", term).replace("'", "").replace("\u2019", "")
    capitals = any(character.isupper() for character in plain)
    words = re.split(r"[^A-Za-z0-9.+#&@%\u0300-\u036f]+", plain)
    parts = [part for word in words for piece in _pieces(word) for part in _spoken(piece, capitals=capitals)]
    return "-".join(parts) if any(len(part) > 1 for part in parts) else ""


def number(digits: str) -> list[str]:
    """The words of a number: ``16`` is sixteen, ``02`` zero two, ``2048`` two zero four eight."""
    if len(digits) > LONGEST_NUMBER or (len(digits) > 1 and digits.startswith("0")):
        return [ONES[int(digit)] for digit in digits]
    hundreds, rest = divmod(int(digits), 100)
    words = [ONES[hundreds], "hundred"] if hundreds else []
    if rest >= len(ONES):
        words.append(TENS[rest // 10 - 2])
        rest %= 10
    return words if not rest and words else [*words, ONES[rest]]


def _pieces(word: str) -> list[str]:
    """Acronyms, words, numbers and signs of a word, as its capitals and digits divide it."""
    pieces = PIECES.findall("".join(c for c in word if not unicodedata.combining(c)).rstrip(".&@"))
    for place, (first, second) in enumerate(pairwise(pieces)):
        if first.isupper() and second.istitle() and not known(second) and known(second[1:]):
            # The capital belongs to the acronym where the rest is a word: MLflow.
            pieces[place : place + 2] = [first + second[0], second[1:]]
    return pieces


def _spoken(piece: str, *, capitals: bool) -> list[str]:
    if piece.isdecimal():
        return [word.capitalize() if capitals else word for word in number(piece)]
    if piece in SIGNS:
        return [SIGNS[piece]]
    if piece[:-1].isupper() and piece.endswith("s") and len(piece) > 1:
        return [*_spoken(piece[:-1], capitals=True), "s"]
    if piece.isupper():
        return [piece if _is_word_in_capitals(piece) else _letters(piece)]
    return _word(piece)


def _is_word_in_capitals(piece: str) -> bool:
    return piece in WORDS_IN_CAPITALS or len(piece) > LONGEST_SPELLED or (len(piece) > SHORT and known(piece))


def _word(piece: str) -> list[str]:
    if not re.search("[aeiouy]", piece, re.IGNORECASE) or len(piece) == 1:
        return [_letters(piece)]
    if known(piece):
        return [piece]
    if parts := compound(piece):
        return list(parts)
    if len(piece) <= SHORT and not SPEAKABLE.fullmatch(piece.lower()):
        return [_letters(piece)]
    if len(piece) > SHORT + 1 and familiar(piece[1:]) and piece[1] not in "aeiou":
        return [_letters(piece[0]), piece[1:]]  # k-means without its hyphen, the xlarge of an instance
    return [piece]


def _letters(piece: str) -> str:
    return "".join(f"{letter.upper()}." for letter in piece)
