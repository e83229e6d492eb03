"""Windows around unsure words: by examples, and what holds for every transcript."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transcripts import Word
from windows import THRESHOLDS, TaskCount, task_counts, task_input, total, windows


def words(*confidences, channel=None):
    return [
        Word(f"w{index}", float(index), index + 0.5, confidence, channel)
        for index, confidence in enumerate(confidences)
    ]


HEARD = words(*[0.9] * 5, 0.1, *[0.9] * 5)


def test_a_low_word_is_heard_with_the_words_around_it():
    [window] = windows(HEARD, 0.4, 3)
    assert (window.start, window.end, window.text) == (2.0, 8.5, "w2 w3 w4 w5 w6 w7 w8")
    assert [word.text for word in window.low] == ["w5"]
    assert ([word.text for word in window.before], [word.text for word in window.after]) == (
        ["w0", "w1"],
        ["w9", "w10"],
    )


def test_a_window_ends_where_the_transcript_does():
    first, last = windows(words(0.1, *[0.9] * 9, 0.1), 0.4, 3)
    assert (first.text, last.text) == ("w0 w1 w2 w3", "w7 w8 w9 w10")


@pytest.mark.parametrize(("between", "number"), [(5, 1), (6, 2)])
def test_windows_that_share_a_word_are_one(between, number):
    assert len(windows(words(0.1, *[0.9] * between, 0.1), 0.4, 3)) == number


def test_a_word_at_the_threshold_is_not_low():
    assert windows(words(0.4), 0.4, 3) == []
    assert len(windows(words(0.39), 0.4, 3)) == 1


def test_without_context_each_low_word_is_alone():
    assert [window.text for window in windows(words(0.1, 0.1, 0.9), 0.4, 0)] == ["w0", "w1"]


def test_a_window_has_words_of_one_channel():
    both = sorted(
        words(0.9, 0.1, 0.9, channel="ch_0") + words(0.1, 0.9, 0.9, channel="ch_1"), key=lambda w: w.start
    )
    found = windows(both, 0.4, 1)
    assert [{word.channel for word in window.words} for window in found] == [{"ch_0"}, {"ch_1"}]
    assert [window.text for window in found] == ["w0 w1 w2", "w0 w1"]


def test_counts_tell_what_a_threshold_costs_and_catches():
    found = task_counts(words(0.25, *[0.95] * 9, 0.55, 0.85), THRESHOLDS, 1)
    assert [(count.threshold, count.tasks, count.low) for count in found] == [
        (0.2, 0, 0),
        (0.3, 1, 1),
        (0.4, 1, 1),
        (0.5, 1, 1),
        (0.6, 2, 2),
        (0.7, 2, 2),
        (0.8, 2, 2),
        (0.9, 2, 3),
    ]
    assert found[1].seconds == 1.5


def test_counts_of_files_are_added():
    one, two = task_counts(HEARD, (0.2, 0.95), 3), task_counts(words(0.1), (0.2, 0.95), 3)
    assert total([one, two]) == [TaskCount(0.2, 2, 2, 7.0), TaskCount(0.95, 2, 12, 11.0)]
    with pytest.raises(ValueError, match="zip"):
        total([one, two[:1]])


def test_the_input_of_a_review_task_has_what_its_page_shows():
    [window] = windows(HEARD, 0.4, 1)
    assert task_input(window, media="s3://bucket/a.flac", file="a.flac") == {
        "media": "s3://bucket/a.flac",
        "start": 4.0,
        "end": 6.5,
        "heard": "w4 w5 w6",
        "before": "w3",
        "after": "w7",
        "file": "a.flac",
    }


@st.composite
def transcripts(draw):
    spoken = draw(st.lists(st.tuples(st.floats(0, 1), st.sampled_from([None, "ch_0", "ch_1"])), max_size=60))
    return [
        Word(f"w{index}", float(index), index + 1.0, *confidence) for index, confidence in enumerate(spoken)
    ]


@given(transcripts(), st.floats(0, 1), st.integers(0, 5))
def test_every_low_word_is_in_one_window_and_no_word_in_two(spoken, threshold, context):
    found = windows(spoken, threshold, context)
    inside = [word for window in found for word in window.words]
    assert len(inside) == len({word.text for word in inside})
    low = [word for window in found for word in window.low]
    assert {word.text for word in low} == {word.text for word in spoken if word.confidence < threshold}


@given(transcripts(), st.floats(0, 1), st.integers(0, 5))
def test_every_word_of_a_window_is_near_a_low_one_of_its_channel(spoken, threshold, context):
    for window in windows(spoken, threshold, context):
        channel = [word for word in spoken if word.channel == window.words[0].channel]
        places = {word.text: index for index, word in enumerate(channel)}
        low = [places[word.text] for word in window.low]
        assert all(min(abs(places[word.text] - place) for place in low) <= context for word in window.words)
        assert (window.start, window.end) == (window.words[0].start, window.words[-1].end)


@given(transcripts(), st.integers(0, 5))
def test_a_higher_threshold_catches_no_less(spoken, context):
    low = [count.low for count in task_counts(spoken, THRESHOLDS, context)]
    assert low == sorted(low)
