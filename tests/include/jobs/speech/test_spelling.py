"""Terms as they are spoken, in the characters of a vocabulary's Phrase."""

import pytest

from tests.include.jobs.speech.in_image import Image
from vocabulary import Row, problems, render

PHRASES = {
    "EC2": "E.C.-Two",
    "S3": "S.-Three",
    "boto3": "boto-three",
    "ec2": "E.C.-two",
    "VX02Q": "V.X.-Zero-Two-Q.",
    "P3.2xlarge": "P.-Three-dot-Two-X.-large",
    "ml.m5.16xlarge": "M.L.-dot-M.-five-dot-sixteen-X.-large",
    "SageMaker": "Sage-Maker",
    "sagemaker": "sage-maker",
    "DynamoDB": "Dynamo-D.B.",
    "XGBoost": "X.G.-Boost",
    "MLflow": "M.L.-flow",
    "NumPy": "Num-Py",
    "Word2Vec": "Word-Two-Vec",
    "ResNet50": "Res-Net-Fifty",
    "H100": "H.-One-Hundred",
    "GPT4": "G.P.T.-Four",
    "1980": "one-nine-eight-zero",
    "K215": "K.-Two-Hundred-Fifteen",
    "APIs": "A.P.I.-s",
    "vpc": "V.P.C.",
    "JSON": "JSON",
    "RAID": "RAID",
    "TCP/IP": "T.C.P.-I.P.",
    "AT&T": "A.T.-and-T.",
    "C++": "C.-plus-plus",
    "Amazon.com": "Amazon-dot-com",
    "train_data.csv": "train-data-dot-C.S.V.",
    "k-nearest neighbors": "K.-nearest-neighbors",
    "Ground Truth": "Ground-Truth",
    "O\u2019Reilly": "O.-Reilly",
    "na\u00efve": "naive",
    "Jupyter": "Jupyter",
    "\u0939\u0948\u0926\u0930\u093e\u092c\u093e\u0926": "",
    "...": "",
    "": "",
}


@pytest.fixture(scope="module")
def image(speech_python, speech_folder):
    folders = [speech_folder, speech_folder.parent / "shared"]
    with Image(speech_python, folders, ["spelling"]) as process:
        yield process


@pytest.mark.parametrize("term", PHRASES)
def test_a_term_is_spelled_as_it_is_spoken(image, term):
    assert image("spelling.phrase(term)", term=term) == PHRASES[term]


def test_every_phrase_is_one_that_transcribe_takes():
    table = render([Row(phrase, display_as=term) for term, phrase in PHRASES.items() if phrase])
    assert problems(table.replace("E.C.-two", "E.C.-to").replace("sage-maker", "sage-mak"), "en-US") == []


@pytest.mark.parametrize(
    ("digits", "words"),
    [
        ("0", "zero"),
        ("10", "ten"),
        ("19", "nineteen"),
        ("20", "twenty"),
        ("42", "forty two"),
        ("100", "one hundred"),
        ("101", "one hundred one"),
        ("999", "nine hundred ninety nine"),
        ("007", "zero zero seven"),
        ("2048", "two zero four eight"),
    ],
)
def test_numbers_are_words(image, digits, words):
    assert image("' '.join(spelling.number(digits))", digits=digits) == words
