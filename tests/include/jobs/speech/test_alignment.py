"""Errors by sentence, whatever lines the transcript has."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alignment import by_sentence, document, totals
from word_errors import compare, kind

WORDS = st.lists(st.sampled_from("abcd"), min_size=1, max_size=8).map(" ".join)


@pytest.mark.parametrize(
    ("said", "heard", "errors"),
    [
        ("one two\nthree", "one two three", [0, 0]),
        ("one two\nthree", "one\n\ntwo three", [0, 0]),
        ("One, two.\n\nThree!", "one two three", [0, 0]),
        ("one two\nthree four", "one three four", [1, 0]),
        ("one two\nthree four", "one two so three four", [1, 0]),
        ("one two\nthree four", "so one two three four", [1, 0]),
        ("one two\nthree four", "one two three four so", [0, 1]),
        ("one two\nSageMaker reads", "one two sage maker reads", [0, 2]),
        ("one two\nthree four", "", [2, 2]),
    ],
)
def test_the_transcript_is_cut_where_the_lines_of_the_reference_end(said, heard, errors):
    assert [sentence.errors for sentence in by_sentence(said, heard).sentences] == errors


@given(st.lists(WORDS, min_size=1, max_size=5), WORDS)
def test_cutting_loses_and_adds_nothing(lines, heard):
    found = by_sentence("\n".join(lines), heard)
    assert [sentence.words for sentence in found.sentences] == [len(line.split()) for line in lines]
    assert found.counts == compare(" ".join(lines), heard).counts
    words = [word for sentence in found.sentences for _, word in sentence.pairs if word is not None]
    assert words == heard.split()


@pytest.mark.parametrize("said", ["", "\n", "...\n!"])
def test_a_reference_without_words_has_no_errors_to_show(said):
    with pytest.raises(ValueError, match="has no words"):
        by_sentence(said, "one")


@pytest.mark.parametrize(
    ("pair", "expected"),
    [
        (("a", "a"), "match"),
        (("a", "b"), "substitution"),
        (("a", None), "deletion"),
        ((None, "a"), "insertion"),
    ],
)
def test_each_pair_is_of_a_kind(pair, expected):
    assert kind(pair) == expected


def test_the_two_lines_mark_what_is_not_there():
    [sentence] = by_sentence("we start the new job", "we start new job now").sentences
    found = document(sentence)
    assert (found["ref"], found["hyp"]) == ("we start the new job ***", "we start *** new job now")
    kinds = [pair["kind"] for pair in found["pairs"]]
    assert kinds == ["match", "match", "deletion", "match", "match", "insertion"]
    assert (found["words"], found["matches"], found["errors"]) == (5, 4, 2)


def test_totals_are_rates_and_counts_of_all_sentences():
    found = totals(by_sentence("one two\nthree four", "one two three"))
    assert (found["wer"], found["wrr"], found["ser"]) == (0.25, 0.75, 0.5)
    assert (found["words"], found["deletions"], found["sentences"], found["wrong"]) == (4, 1, 2, 1)
