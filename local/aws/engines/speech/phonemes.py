# ruff: noqa: RUF001, RUF002 - letters of the IPA
"""The phones of the acoustic model, and how the International Phonetic Alphabet is written in them.

The model has the 39 phones of the CMU Pronouncing Dictionary, without stress:
http://www.speech.cs.cmu.edu/cgi-bin/cmudict
"""

import unicodedata

Phones = tuple[str, ...]

_VOWELS = {
    "ɑ": "AA", "ɒ": "AA", "a": "AA", "æ": "AE", "ʌ": "AH", "ə": "AH", "ɐ": "AH", "ɔ": "AO", "o": "OW",
    "aʊ": "AW", "aw": "AW", "aɪ": "AY", "aj": "AY", "ɛ": "EH", "e": "EH", "eə": "EH R", "ɝ": "ER",
    "ɚ": "ER", "ɜ": "ER", "ɜɹ": "ER", "əɹ": "ER", "eɪ": "EY", "ej": "EY", "ɪ": "IH", "ᵻ": "IH",
    "ɨ": "IH", "i": "IY", "oʊ": "OW", "əʊ": "OW", "ow": "OW", "ɔɪ": "OY", "ɔj": "OY", "ʊ": "UH",
    "u": "UW", "ʉ": "UW", "y": "UW", "ø": "ER", "œ": "ER", "aɪɚ": "AY ER", "aʊɚ": "AW ER",
}  # fmt: skip
_CONSONANTS = {
    "b": "B", "ʧ": "CH", "tʃ": "CH", "d": "D", "ð": "DH", "f": "F", "g": "G", "ɡ": "G", "h": "HH",
    "ɦ": "HH", "x": "K", "ç": "SH", "ʤ": "JH", "dʒ": "JH", "k": "K", "c": "K", "q": "K", "l": "L",
    "ɫ": "L", "ɬ": "L", "l̩": "AH L", "m": "M", "m̩": "AH M", "n": "N", "ɲ": "N Y", "n̩": "AH N",
    "ŋ": "NG", "p": "P", "ɹ": "R", "r": "R", "ɾ": "T", "ʁ": "R", "s": "S", "ʃ": "SH", "t": "T",
    "θ": "TH", "v": "V", "β": "V", "w": "W", "ʍ": "W", "j": "Y", "z": "Z", "ʒ": "ZH",
}  # fmt: skip
_PHONES = _VOWELS | _CONSONANTS
_LONGEST = max(map(len, _PHONES))
# Stress, length, syllable and tie marks, the glottal stop: the model does not tell them apart.
_IGNORED = set("ˈˌːˑ.'ʰʔ͜͡_-ʲ̃ ")


class UnknownSoundError(ValueError):
    """A symbol that no phone of the acoustic model stands for."""


def from_ipa(text: str) -> Phones:
    """A pronunciation in IPA as phones of the model.

    >>> from_ipa("ˈk ʌ b ɚ ˈn ɛ t iː z")
    ('K', 'AH', 'B', 'ER', 'N', 'EH', 'T', 'IY', 'Z')

    Raises:
        UnknownSoundError: a symbol is no sound of English, or there is none.
    """
    symbols = unicodedata.normalize("NFD", text)
    phones: list[str] = []
    place = 0
    while place < len(symbols):
        if symbols[place] in _IGNORED:
            place += 1
            continue
        found = _longest(symbols[place : place + _LONGEST])
        phones += _PHONES[found].split()
        place += len(found)
    if not phones:
        raise UnknownSoundError(f"{text!r} has no sound.")
    return tuple(phones)


def _longest(symbols: str) -> str:
    for length in range(len(symbols), 0, -1):
        if symbols[:length] in _PHONES:
            return symbols[:length]
    raise UnknownSoundError(
        f"{symbols[0]!r} (U+{ord(symbols[0]):04X}) stands for no sound of US English in the IPA."
    )
