import math

import pytest

from include.gates import beats_champion, check_predictions, failed_expectations


@pytest.mark.parametrize(
    ("challenger", "champion", "passed", "words"),
    [
        (2.0, None, True, "no model serves yet"),
        (2.0, 2.1, True, "beats the champion's 2.1"),
        (2.0, 2.0, False, "ties"),
        (2.1, 2.0, False, "loses to the champion's 2"),
        (3.5, None, False, "over the bound 3"),
        (3.5, 4.0, False, "over the bound 3"),
        (3.0, None, True, "keeps the bound 3"),
        (math.nan, None, False, "not a number"),
    ],
)
def test_a_model_serves_only_if_it_is_better(challenger, champion, passed, words):
    verdict = beats_champion("rmse", challenger, champion, worst=3.0)
    assert verdict.passed is passed
    assert words in verdict.reason


def test_more_can_be_better():
    assert beats_champion("auc", 0.9, 0.8, worst=0.5, lower_is_better=False).passed
    assert "under the bound" in beats_champion("auc", 0.4, None, worst=0.5, lower_is_better=False).reason


def test_failed_expectations_are_sentences():
    report = {"expectations": [{"success": True, "sentence": "fine"}, {"success": False, "sentence": "bad"}]}
    assert failed_expectations(report) == ["bad"]


@pytest.mark.parametrize(
    ("predictions", "words"),
    [
        ([9.0], "1 predictions for 2 rows"),
        ([9.0, math.nan], "row 2 is nan"),
        ([-1.0, 9.0], "row 1 is -1.0"),
        ([9.0, 61.0], "row 2 is 61.0"),
    ],
)
def test_a_bad_answer_of_an_endpoint_is_told(predictions, words):
    verdict = check_predictions(predictions, 2, 0, 60)
    assert not verdict.passed
    assert words in verdict.reason


def test_a_good_answer_passes():
    assert check_predictions([8.0, 9.5], 2, 0, 60).passed
