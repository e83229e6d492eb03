"""Terms of people's answers, and the rows that are proposed for them."""

import pytest

from tests.include.jobs.speech.in_image import Image, RaisedError
from vocabulary import problems

PLACES = {
    "every version of Annecy two instance is": "every version of an EC2 instance is",
    "onto your EBS volumes And again that's": "onto your EBS volumes. And again, that's",
    "of those example No books are open": "of those example notebooks are open",
    "I started using Boto three but I": "I started using boto3 but I",
    "absolutely upgrade on bits fun because you": "absolutely upgrade on this one because you",
    "That's the python Asi que We're getting": "That's the Python SDK. We're getting",
    "from Sarraf He's the author": "from Jupyter. He's the author",
    "then edit your ec2 instance or the": "then edit your EC2 instance or the",
    "the stage makers end point": "the SageMaker endpoint",
}
"""What was heard -> what was said; the first are of the article on vocabularies and human review."""


@pytest.fixture(scope="module")
def image(speech_python, speech_folder):
    folders = [speech_folder, speech_folder.parent / "shared"]
    with Image(speech_python, folders, ["terms", "vocabulary"]) as process:
        yield process


def proposed(image, answers, heard=None, known=""):
    rows = image(
        "terms.proposals(answers, heard, vocabulary.parse(known) if known else [])",
        answers=answers,
        heard=heard or [""] * len(answers),
        known=known,
    )
    return [(row["display_as"], row["phrase"]) for row in rows]


def found(image, answer):
    return image("terms.found(answer)", answer=answer)


def test_what_was_misheard_is_proposed_and_what_was_heard_right_is_not(image):
    assert proposed(image, list(PLACES.values()), list(PLACES)) == [
        ("boto3", "boto-three"),
        ("EC2", "E.C.-Two"),
        ("endpoint", "endpoint"),
        ("Jupyter", "Jupyter"),
        ("notebooks", "notebooks"),
        ("SageMaker", "Sage-Maker"),
        ("SDK", "S.D.K."),
    ]


def test_a_row_has_a_pronunciation_where_its_words_are_known(image):
    rows = image("terms.proposals(['an EC2 and boto3'], [''], [])")
    assert [(row["phrase"], row["ipa"], row["sounds_like"]) for row in rows] == [
        ("boto-three", "", ""),
        ("E.C.-Two", "i s i t u", ""),
    ]


@pytest.mark.parametrize(
    ("answer", "terms"),
    [
        ("an EC2 instance", ["EC2"]),
        ("instances, computers and companies", []),
        ("the hyperparameter's value and the hyperparameters", ["hyperparameter", "hyperparameters"]),
        ("it's we're they'll don't I'd Bob's you\u2019re", []),
        ("Lambda\u2019s epochs", ["Lambda", "epochs"]),
        ("GPUs, APIs and ML", ["GPUs", "APIs", "ML"]),
        ("OK, TV and YouTube in the UK", []),
        ("an EC 2 or S 3 bucket", ["EC2", "S3"]),
        ("A 3 or I 2 of 40", []),
        ("in 2020 the 3rd of 16GB at 10am for 5x and 100%", []),
        ("train P3.2xlarge and ml.m5.large.", ["P3.2xlarge", "ml.m5.large"]),
        ("k-means, well-known and scikit-learn", ["k-means", "scikit-learn"]),
        ("with Ground Truth and Random Cut Forest", ["Ground Truth", "Random Cut Forest"]),
        ("Ground control. Truth hurts", []),
        ("with Amazon SageMaker Studio", ["SageMaker"]),
        ("The Best Way To Train XGBoost", ["XGBoost"]),
        ("WE TRAIN THE KUBERNETES MODEL", ["kubernetes"]),
        ("TCP/IP and/or (U.S.) \u201cJupyter\u201d", ["TCP", "IP", "Jupyter"]),
        ("um uh hmm", []),
        ("", []),
        ("... -- 12 ' a", []),
    ],
)
def test_terms_are_found_by_shape_and_rarity(image, answer, terms):
    assert found(image, answer) == terms


def test_the_commonest_way_to_write_a_term_is_shown(image):
    answers = ["sagemaker", "SageMaker", "SageMaker", "Sage-maker", "ec2", "EC2"]
    assert proposed(image, answers) == [("EC2", "E.C.-Two"), ("SageMaker", "Sage-Maker")]


def test_a_term_that_is_displayed_wrong_is_proposed(image):
    assert proposed(image, ["use boto3"], ["use boto three"]) == [("boto3", "boto-three")]
    assert proposed(image, ["use boto3"], ["Use boto3."]) == []


def test_a_term_misheard_in_one_of_many_places_is_proposed(image):
    assert proposed(image, ["the epoch", "the epoch"], ["the epoch", "the a pack"]) == [("epoch", "epoch")]


@pytest.mark.parametrize("known", ["e.c.-two\t\t\t\n", "easy\t\t\tec2\n"])
def test_a_known_term_is_not_proposed_again(image, known):
    table = "Phrase\tSoundsLike\tIPA\tDisplayAs\n" + known
    assert proposed(image, ["an EC2 and S3"], known=table) == [("S3", "S.-Three")]


def test_proposals_do_not_depend_on_the_order_of_answers(image):
    answers = list(PLACES.values())
    assert proposed(image, answers) == proposed(image, answers[::-1])


def test_proposals_are_a_table_that_transcribe_takes(image):
    table = image(
        "vocabulary.render(terms.proposals(list(places.values()), list(places), []))", places=PLACES
    )
    assert table.count("\n") == 8
    assert problems(table, "en-US") == []


def test_each_place_needs_an_answer(image):
    with pytest.raises(RaisedError, match="ValueError: There are 2 answers to 1 places: give one for each"):
        proposed(image, ["a", "b"], ["a"])
