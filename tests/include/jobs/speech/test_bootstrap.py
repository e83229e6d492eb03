"""Intervals by resampling sentences."""

import numpy as np
import pytest

from bootstrap import difference, word_error_rate

WORDS = [10] * 40
ERRORS = [3, 1, 4, 1, 5, 9, 2, 6] * 5


def test_the_interval_holds_the_rate_and_the_same_seed_gives_the_same():
    found = word_error_rate(ERRORS, WORDS)
    assert found.estimate == sum(ERRORS) / 400
    assert found.low < found.estimate < found.high
    assert found == word_error_rate(ERRORS, WORDS)
    assert word_error_rate(ERRORS, WORDS, samples=50) != word_error_rate(ERRORS, WORDS, samples=50, seed=1)


def test_it_is_as_wide_as_the_normal_approximation_says():
    found = word_error_rate(ERRORS, WORDS)
    error = np.std(np.array(ERRORS) / 10) / np.sqrt(40)
    assert (found.high - found.low) / 2 == pytest.approx(1.96 * error, rel=0.05)


def test_pairing_shows_a_difference_that_two_intervals_hide():
    better = [errors - (index % 4 == 0) for index, errors in enumerate(ERRORS)]
    found = difference(ERRORS, better, WORDS)
    assert found.estimate == pytest.approx(-10 / 400)
    assert found.high < 0
    assert found.improves > 0.99
    assert word_error_rate(better, WORDS).high > word_error_rate(ERRORS, WORDS).low


def test_equal_recognisers_do_not_differ():
    found = difference(ERRORS, ERRORS, WORDS)
    assert (found.estimate, found.low, found.high, found.improves) == (0, 0, 0, 0)


def test_the_difference_changes_its_sign_with_the_order():
    other = ERRORS[::-1]
    one, two = difference(ERRORS, other, WORDS), difference(other, ERRORS, WORDS)
    assert (one.low, one.high) == pytest.approx((-two.high, -two.low))


def test_sentences_weigh_by_their_words():
    found = word_error_rate([0, 90], [10, 90])
    assert found.estimate == 0.9
    assert (found.low, found.high) == (0, 1)


def test_a_higher_level_is_wider():
    narrow, wide = (word_error_rate(ERRORS, WORDS, level=level) for level in (0.5, 0.99))
    assert narrow.high - narrow.low < wide.high - wide.low
    assert wide.document()["level"] == 0.99


def test_more_sentences_than_are_drawn_at_once_take_part():
    found = word_error_rate([1, 0] * 1_000, [2] * 2_000, samples=600)
    assert found.low < 0.25 < found.high


@pytest.mark.parametrize(
    ("errors", "words", "options", "says"),
    [
        ([1], [2], {}, "at least two sentences, not 1"),
        ([1, 2], [2, 2, 2], {}, r"Errors of \[2\] sentences do not fit 3"),
        ([1, 2], [2, 0], {}, "Sentence 2 of the references has no words"),
        ([1, 2], [2, 2], {"level": 1}, "level of 1"),
        ([1, 2], [2, 2], {"samples": 0}, "0 samples"),
    ],
)
def test_what_has_no_interval_is_refused(errors, words, options, says):
    with pytest.raises(ValueError, match=says):
        word_error_rate(errors, words, **options)
