"""Rates before and after, on texts whose errors are counted by hand."""

import json

import pytest

from rates import File, Terms, document, metrics

NOTEBOOKS = File(
    "notebooks.flac",
    reference="An EC2 instance runs.\nEC2 is billed by the second.",  # 10 words, EC2 twice
    before="annecy two instance runs easy two is billed by the second",  # 3 substitutions, an insertion
    after="An EC2 instance runs. Easy to is billed by the second.",  # a substitution, an insertion
    in_sample=True,
)
MODELS = File(
    "models.flac",
    reference="SageMaker reads S3",
    before="sage maker reads as three",  # 2 substitutions, 2 insertions
    after="sagemaker reads as three",  # a substitution, an insertion
    in_sample=False,
)


def test_rates_of_both_splits():
    found = document([NOTEBOOKS, MODELS], ["EC2", "SageMaker", "S3"])
    assert metrics(found) == pytest.approx(
        {
            "wer_before_in_sample": 4 / 10,
            "wer_after_in_sample": 2 / 10,
            "wer_change_in_sample": -1 / 2,
            "terms_before_in_sample": 0 / 2,
            "terms_after_in_sample": 1 / 2,
            "wer_before_out_sample": 4 / 3,
            "wer_after_out_sample": 2 / 3,
            "wer_change_out_sample": -1 / 2,
            "terms_before_out_sample": 0 / 2,
            "terms_after_out_sample": 1 / 2,
        }
    )


def test_files_and_terms_have_their_own_figures():
    found = json.loads(json.dumps(document([NOTEBOOKS, MODELS], ["EC2", "SageMaker", "S3", "never said"])))
    assert [
        (row["name"], row["words"], row["errors_before"], row["errors_after"]) for row in found["files"]
    ] == [
        ("notebooks.flac", 10, 4, 2),
        ("models.flac", 3, 4, 2),
    ]
    assert found["terms"][0] == {
        "term": "EC2",
        "spoken_in_sample": 2,
        "right_before_in_sample": 0,
        "right_after_in_sample": 1,
        "spoken_out_sample": 0,
        "right_before_out_sample": 0,
        "right_after_out_sample": 0,
    }
    assert [row["term"] for row in found["terms"]] == ["EC2", "S3", "SageMaker"]


def test_totals_weigh_files_by_their_words():
    files = [
        File(name, reference, "", reference, True) for name, reference in (("a", "one"), ("b", "one two"))
    ]
    found = document([*files, File("c", "one", "one", "one", True)], [])
    assert found["wer_before_in_sample"] == 3 / 4


def test_what_has_no_share_is_null_and_no_metric():
    found = document([File("a", "one two", "one two", "one", True)], [])
    assert found["wer_change_in_sample"] is None, "no error before"
    assert found["terms_before_in_sample"] is None, "no term was said"
    assert found["wer_before_out_sample"] is None, "no file"
    assert metrics(found) == {"wer_before_in_sample": 0.0, "wer_after_in_sample": 0.5}


def test_a_term_counts_only_where_it_was_said():
    file = File("a", "S3 keeps the model", "keeps the model in S3", "s3, keeps the model", True)
    found = document([file], ["S3"])
    assert (found["terms_before_in_sample"], found["terms_after_in_sample"]) == (0, 1)


def test_a_term_with_a_word_inside_is_wrong():
    file = File("a", "use pipe mode now", "use pipe the mode now", "use Pipe Mode now", True)
    found = document([file], ["pipe mode"])
    assert (found["terms_before_in_sample"], found["terms_after_in_sample"]) == (0, 1)


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("sagemaker", ["SageMaker"]),
        ("the sagemaker notebook", ["SageMaker notebook"]),
        ("sagemaker sagemaker notebook sagemaker", ["SageMaker", "SageMaker notebook", "SageMaker"]),
        ("notebooks", []),
        ("k nearest neighbors", []),
        ("knearestneighbors", ["k-nearest-neighbors"]),
    ],
)
def test_the_longest_term_is_found_at_each_place(words, found):
    terms = Terms(["SageMaker", "SageMaker notebook", "k-nearest-neighbors", "..."])
    assert [term for _, _, term in terms.spoken(words.split())] == found


def test_a_reference_without_words_is_named():
    with pytest.raises(ValueError, match=r"reference of 'a\.flac' has no words"):
        document([File("a.flac", " . ", "x", "x", True)], [])
