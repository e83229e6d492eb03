"""Word error rates, on sentences whose errors are counted by hand."""

import re
from pathlib import Path

import pytest

from include.jobs.speech.word_errors import LinesDifferError, compare, normalise

SEEDS = Path(__file__).resolve().parents[5] / "shared" / "seeds"


@pytest.mark.parametrize(
    ("said", "heard", "substitutions", "deletions", "insertions"),
    [
        ("start the job", "start the job", 0, 0, 0),
        ("start the job", "start a job", 1, 0, 0),
        ("start the job", "start job", 0, 1, 0),
        ("start the job", "start the big job", 0, 0, 1),
        ("start the job", "", 0, 3, 0),
        ("an ec2 instance", "annecy two instance", 2, 0, 0),
        ("a b c d", "b c d e", 0, 1, 1),
    ],
)
def test_errors_by_kind(said, heard, substitutions, deletions, insertions):
    [sentence] = compare(said, heard).sentences
    assert sentence.counts() == {
        "words": len(said.split()),
        "matches": len(said.split()) - substitutions - deletions,
        "substitutions": substitutions,
        "deletions": deletions,
        "insertions": insertions,
        "errors": substitutions + deletions + insertions,
    }


def test_words_stand_beside_what_was_heard_in_their_place():
    [sentence] = compare("we start the job", "we start a new job").sentences
    assert [pair for pair in sentence.pairs if None not in pair and pair[0] == pair[1]] == [
        ("we", "we"),
        ("start", "start"),
        ("job", "job"),
    ]
    assert {pair for pair in sentence.pairs if pair[0] != pair[1]} in (
        {("the", "a"), (None, "new")},
        {(None, "a"), ("the", "new")},
    )


def test_rates_are_shares_of_all_sentences_together():
    found = compare("one two three four\nfive\nsix", "one two three\nfive\nsix seven eight")
    assert (found.wer, found.wrr, found.ser) == (3 / 6, 5 / 6, 2 / 3)


def test_more_may_be_heard_than_was_said():
    assert compare("yes", "yes it is so").wer == 3


def test_case_and_spaces_do_not_count_but_punctuation_and_labels_do():
    assert compare("Agent : Hello,  you", "agent : hello, you").counts["errors"] == 0
    assert compare("Hello, you", "Hello you").counts["substitutions"] == 1
    assert compare("Agent : yes", "Customer : yes").counts["substitutions"] == 1


def test_a_label_that_sticks_to_the_first_word_is_told_from_it():
    assert compare("Agent : yes", "Agent :yes").counts["errors"] == 0
    assert compare("at 10 :30", "at 10 : 30").counts["errors"] > 0, "only at the beginning of a line"


def test_normalised_texts_are_compared_as_one_without_punctuation():
    found = compare("Hello, you.\nIt's   EC2!", "hello\nyou its\nec2", normalised=True)
    assert (found.counts["words"], found.counts["errors"], len(found.sentences)) == (4, 0, 1)


def test_normalising_takes_the_punctuation_of_every_script():
    assert normalise("हेलो, सेम है। “Yes” — no?") == "हेलो सेम है yes no"


def test_blank_lines_go_from_both():
    assert compare("one\n\ntwo\n", "one\ntwo").counts["errors"] == 0


def test_a_sentence_of_which_nothing_was_heard_keeps_its_line():
    found = compare("one\ntwo\nthree", "one\n\nthree")
    assert [sentence.counts()["deletions"] for sentence in found.sentences] == [0, 1, 0]


def test_lines_that_cannot_be_paired_are_refused():
    with pytest.raises(LinesDifferError, match="reference has 2 lines with words, the hypothesis 1"):
        compare("one\ntwo", "one two")


@pytest.mark.parametrize("said", ["", "\n\n", " "])
def test_a_reference_without_words_has_no_rate(said):
    with pytest.raises(ValueError, match="has no words"):
        compare(said, said)


def test_the_document_has_everything():
    document = compare("one two", "one").document()
    assert document["wer"] == 0.5
    assert document["sentences"][0]["pairs"] == [("one", "one"), ("two", None)]


@pytest.fixture
def article():
    """AWS's article about a Hindi call, which gives the figures of two transcripts, and the reference."""
    found = [*SEEDS.glob("003_*.txt")]
    if not found:
        pytest.skip("the article is not at ../shared/seeds/003_*.txt")
    text = found[0].read_text(encoding="utf-8")
    return text, transcript(
        part(text, "Create another text file named reference.txt", "Use the following command")
    )


def part(text, begin, end):
    rest = text[text.index(begin) :]
    return rest[: rest.index(end)]


def transcript(text, before=""):
    """The lines of a transcript, without what stands before them; stars stand for words that are missing."""
    lines = [line.strip() for line in text.splitlines()]
    found = [
        line.removeprefix(before)
        for line in lines
        if re.match(rf"{before}(agent|customer) ?:", line, re.IGNORECASE)
    ]
    return "\n".join(re.sub(r"\*+ ", "", line) for line in found)


def each(found):
    return [(s.counts()["matches"], s.counts()["errors"]) for s in found.sentences]


def test_the_published_figures_of_a_hindi_call(article):
    text, reference = article
    heard = transcript(part(text, "Review the entire transcript", "The highlighted words are the ones"))
    found = compare(reference, heard)
    assert (found.counts["errors"], found.counts["words"], found.counts["matches"]) == (13, 132, 120)
    assert (found.wrong_sentences, len(found.sentences)) == (5, 9)
    assert each(found) == [(3, 0), (21, 4), (24, 2), (20, 4), (14, 0), (12, 0), (6, 2), (13, 1), (7, 0)]


def test_the_published_figures_with_a_vocabulary(article):
    """The transcript as the article's output has it: its listing differs from that by a letter."""
    text, reference = article
    output = part(text, "Run the wer command again with the new transcript", "Sentence count: 9")
    found = compare(reference, transcript(output, before="HYP: "))
    assert (found.counts["errors"], found.counts["words"], found.counts["matches"]) == (8, 132, 125)
    assert (found.wrong_sentences, len(found.sentences)) == (3, 9)
    assert each(found) == [(3, 0), (21, 4), (24, 2), (24, 0), (14, 0), (12, 0), (6, 2), (14, 0), (7, 0)]
