# ruff: noqa: RUF001 - letters of the IPA
"""Rows of a custom vocabulary: their sounds, and what they change in a transcript."""

import json

import pytest

from tests.local.aws.engines.speech.conftest import SAGEMAKER, TWO_SENTENCES

ROWS = [
    # phrase, sounds like, IPA, display as; shown, one of the pronunciations
    (("piano", "", "", ""), "piano", "P IY AE N OW"),
    (("Los-Angeles", "", "", ""), "Los Angeles", "L AO S AE N JH AH L IH S"),
    (("E.C.-two", "", "", "EC2"), "EC2", "IY S IY T UW"),
    (("S.-Three", "", "", "S3"), "S3", "EH S TH R IY"),
    (("Dynamo-D.B.", "", "", "DynamoDB"), "DynamoDB", "D AY N AH M OW D IY B IY"),
    (("A.B.C.-s", "", "", "ABCs"), "ABCs", "EY B IY S IY Z"),
    (("V.X.-zero-two-Q.", "", "", ""), "V.X. zero two Q.", "V IY EH K S Z IH R OW T UW K Y UW"),
    (("AWS", "", "", ""), "AWS", "EY D AH B AH L Y UW EH S"),
    (("IT", "", "", ""), "IT", "AY T IY"),
    (("SPARK", "", "", "Spark"), "Spark", "S P AA R K"),
    (("CloudWatch", "", "", ""), "CloudWatch", "K L AW D W AA CH"),
    (("Kubernetes", "coo-burr-net-ease", "", ""), "Kubernetes", "K UW B ER N EH T IY Z"),
    (("Kubernetes", "", "k uː b ɚ ˈn ɛ t iː z", ""), "Kubernetes", "K UW B ER N EH T IY Z"),
    (("tokenizer", "", "", ""), "tokenizer", "T OW K AH N AY Z ER"),
]


def row(phrase, sounds_like="", ipa="", display_as=""):
    return {"phrase": phrase, "sounds_like": sounds_like, "ipa": ipa, "display_as": display_as}


def test_rows_sound_as_transcribe_s_rules_say(engine):
    found = engine.answer("sounds.py", json.dumps([row(*fields) for fields, _, _ in ROWS]))
    for (shown, sounds), (fields, expected, pronunciation) in zip(found, ROWS, strict=True):
        assert shown == expected, fields
        assert pronunciation in sounds, (fields, sounds)


@pytest.mark.parametrize(
    ("broken", "reason"),
    [
        (row("click", ipa="k ǂ k"), "'ǂ' (U+01C2) stands for no sound of US English in the IPA."),
        (row("--"), "there is nothing in it to say."),
        (row("東京"), "'東京' is not written in Latin letters."),
    ],
    ids=["IPA", "hyphens", "script"],
)
def test_a_row_that_cannot_be_said_is_a_fault(engine, broken, reason):
    done = engine.attempt(SAGEMAKER, vocabulary=[row("bucket"), broken])
    assert done.returncode == 3, done.stderr
    assert done.stderr.splitlines()[-1] == (
        f"Row 2 of the vocabulary ({broken['phrase']}) cannot be pronounced: {reason}"
    )


@pytest.mark.parametrize(
    ("rows", "heard"),
    [
        ([row("sage-maker", display_as="SageMaker"), row("S.-three", display_as="S3")], ("SageMaker", "S3")),
        ([row("Sagem", sounds_like="sage-maker")], ("Sagem",)),
        ([row("Bucket", ipa="b ˈʌ k ɪ t", display_as="Bucket List")], ("Bucket List",)),
    ],
    ids=["words and letters", "sounds like", "ipa"],
)
def test_a_row_makes_its_phrase_heard_and_shown(engine, rows, heard):
    said = engine.text(SAGEMAKER)
    shown = engine.text(SAGEMAKER, vocabulary=rows)
    assert all(f"{term} " in f"{shown} " for term in heard), shown
    assert not any(f"{term} " in f"{said} " for term in heard), said


def test_a_word_of_the_dictionary_is_shown_as_its_row_says(engine):
    rows = [row("River", display_as="River Street"), row("PIANO", display_as="Piano")]
    shown = engine.text(TWO_SENTENCES, vocabulary=rows)
    assert "River Street" in shown
    assert "Piano every" in shown


def test_terms_are_not_heard_where_nobody_said_them(engine, two_sentences):
    phrases = (
        "SageMaker",
        "S.-three",
        "E.C.-two",
        "Kubernetes",
        "end-point",
        "G.P.U.",
        "Lambda",
        "A.L.O.N.G.",
    )
    heard = engine.recognise(TWO_SENTENCES, vocabulary=[row(phrase) for phrase in phrases])
    assert [item["content"] for item in heard["items"]] == [
        item["content"] for item in two_sentences["items"]
    ]
