"""Pronunciations in IPA, of words that the dictionary has and of those that are made of them."""

import pytest

from character_sets import character_set
from tests.include.jobs.speech.in_image import Image


@pytest.fixture(scope="module")
def image(speech_python, speech_folder):
    folders = [speech_folder, speech_folder.parent / "shared"]
    with Image(speech_python, folders, ["pronunciation"]) as process:
        yield process


@pytest.mark.parametrize(
    ("phrase", "ipa"),
    [
        ("sage", "s e\u026a \u02a4"),
        ("Sage-Maker", "s e\u026a \u02a4 m e\u026a k \u025d"),
        ("E.C.-Two", "i s i t u"),
        ("S.-Three", "\u025b s \u03b8 \u0279 i"),
        ("A.", "e\u026a"),
        ("a", "\u0259"),
        ("C.L.I.", "s i \u025b l a\u026a"),
        ("A.P.I.-s", "e\u026a p i a\u026a z"),
        ("X.-s", "\u025b k s \u0259 z"),
        ("databricks", "d e\u026a t \u0259 b \u0279 \u026a k s"),
        ("hyperparameters", "h a\u026a p \u025d p \u025d \u00e6 m \u0259 t \u025d z"),
    ],
)
def test_a_phrase_whose_parts_are_known_has_a_pronunciation(image, phrase, ipa):
    assert image("pronunciation.ipa(phrase)", phrase=phrase) == ipa


@pytest.mark.parametrize("phrase", ["boto-three", "Jupyter", "kubernetes", "scikit-learn", "", "-"])
def test_nothing_is_guessed(image, phrase):
    assert image("pronunciation.ipa(phrase)", phrase=phrase) == ""


@pytest.mark.parametrize(
    ("word", "parts"),
    [
        ("sagemaker", ["sage", "maker"]),
        ("SageMaker", ["Sage", "Maker"]),
        ("overfitting", ["over", "fitting"]),
        ("notebook", None),
        ("scikit", None),
        ("jupyter", None),
        ("boto", None),
    ],
)
def test_an_unknown_word_may_be_made_of_two_familiar_ones(image, word, parts):
    assert image("pronunciation.compound(word)", word=word) == parts


def test_every_word_of_the_dictionary_is_written_in_symbols_that_transcribe_takes(image):
    symbols = image("set(map(pronunciation._symbol, ' '.join(pronunciation._dictionary().values()).split()))")
    assert len(symbols) == 40
    assert set(symbols) <= character_set("en-US").ipa
