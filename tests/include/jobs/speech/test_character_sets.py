"""The character sets that Transcribe documents."""

import json
import unicodedata

import pytest

from character_sets import DATA, UnknownLanguageError, character_set

COUNTS = {
    "en-US": (55, 44),
    "en-GB": (55, 44),
    "de-DE": (61, 47),
    "fr-FR": (83, 37),
    "es-US": (68, 30),
    "hi-IN": (73, 46),
}
"""Characters of Phrase and symbols of IPA, as the tables of the documentation have rows."""


@pytest.mark.parametrize("language", COUNTS)
def test_a_language_has_as_many_characters_as_are_documented(language):
    found = character_set(language)
    assert (len(found.phrase), len(found.ipa)) == COUNTS[language]


def test_no_character_is_listed_twice():
    for each in json.loads(DATA.read_text())["sets"].values():
        assert len(each["phrase"]) == len(set(each["phrase"]))
        assert len(each["ipa"].split()) == len(set(each["ipa"].split()))


@pytest.mark.parametrize(
    ("language", "phrase", "ipa"),
    [
        ("en-US", "E.C.-Two don't", "l \u0254 s \u00e6 n \u02a4 \u0259 l \u0259 s a\u026a n\u0329"),
        ("de-DE", "Gr\u00f6\u00dfe", "pf a\u028a \u0250\u032f"),
        ("fr-FR", "d\u00e9j\u00e0-vu", "\u0153\u0303 \u0281"),
        ("es-US", "ma\u00f1ana-l\u00edmite", "\u02a7 \u027e"),
        ("hi-IN", "\u0938\u093e-\u0932\u093e\u0930-\u091c\u0902\u0917", "d\u02b1 a\u02d0 \u0288\u02b0"),
    ],
)
def test_words_of_the_language_are_in_its_set(language, phrase, ipa):
    found = character_set(language)
    assert set(phrase) - {" "} <= found.phrase
    assert set(ipa.split()) <= found.ipa


@pytest.mark.parametrize(
    ("language", "character"), [("en-US", "\u00e9"), ("en-US", "2"), ("de-DE", "."), ("hi-IN", "a")]
)
def test_others_are_not(language, character):
    assert character not in character_set(language).phrase


def test_a_composed_text_has_the_code_points_of_the_set_also_where_unicode_composes_otherwise():
    hindi = character_set("hi-IN")
    assert character_set("fr-FR").composed("de\u0301ja\u0300") == "d\u00e9j\u00e0"
    assert hindi.composed("\u092a\u0921\u093c\u093e") == "\u092a\u095c\u093e"
    assert unicodedata.normalize("NFC", "\u095c") != "\u095c"


def test_an_unknown_language_is_told_the_known_ones():
    with pytest.raises(UnknownLanguageError, match=r"'nl-NL' are not known: .*de-CH, de-DE, .*hi-IN\. Add"):
        character_set("nl-NL")
