"""Text to train a language model on: what is refused, where, and how much there is."""

import json
import tracemalloc

import pytest

from corpus import MAX_SHOWN, check

NOT_UTF8 = "which is not UTF-8 there: save the file as UTF-8"
OWN_LINE = "put each sentence on a line of its own"
SENTENCES = b"Amazon SageMaker trains models.\nA model's endpoint is an HTTPS address.\n"


@pytest.fixture
def folder(tmp_path):
    made = tmp_path / "training"
    made.mkdir()
    return made


def said(folder, content, name="a.txt"):
    (folder / name).write_bytes(content)
    return [str(problem) for problem in check(folder).problems]


def test_words_and_the_vocabulary_are_counted(folder, tmp_path):
    (folder / "a.txt").write_bytes(SENTENCES)
    (folder / "more").mkdir()
    (folder / "more" / "b.txt").write_bytes(SENTENCES)
    tuning = tmp_path / "tuning"
    tuning.mkdir()
    (tuning / "c.txt").write_bytes("Größe zählt.\n".encode())
    report = check(folder, tuning)
    assert report.document() == {
        "training": {
            "files": 2,
            "bytes": 2 * len(SENTENCES),
            "lines": 4,
            "words": 22,
            "lines_of_several_sentences": 0,
            "vocabulary": 11,
        },
        "tuning": {
            "files": 1,
            "bytes": 16,
            "lines": 1,
            "words": 2,
            "lines_of_several_sentences": 0,
            "vocabulary": 2,
        },
        "problems": [],
        "problem_count": 0,
        "problems_by_file": {},
        "advice": [
            "There are 22 words to train on, 10000 or more are advised: add text of the same domain.",
        ],
    }
    assert json.dumps(report.document())


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (
            SENTENCES + "Die Größe.\n".encode("latin-1"),
            f"training/a.txt, line 3, column 7, has the byte 0xf6, {NOT_UTF8}.",
        ),
        (
            SENTENCES + b"A <b>bold</b> word.\n",
            "training/a.txt, line 3, column 3, has markup, '<b>': leave the text alone.",
        ),
        (
            b"Research &amp; development.\n",
            "training/a.txt, line 1, column 10, has markup, '&amp;': leave the text alone.",
        ),
        (
            b"See [the guide](x.html).\n",
            "training/a.txt, line 1, column 5, has markup, '[the guide](x.html)': leave the text alone.",
        ),
        (
            b"word\tcount\n",
            "training/a.txt, line 1, column 5, has the special character U+0009: delete it.",
        ),
        (
            b"\xef\xbb\xbf" + SENTENCES,
            "training/a.txt, line 1, column 1, has the special character U+FEFF: delete it.",
        ),
        (b"", "training/a.txt is empty: it has no words; delete it or fill it."),
        (b"\n \n", "training/a.txt is empty: it has no words; delete it or fill it."),
        (b"%PDF-1.7\n", "training/a.txt is PDF: plain text in UTF-8 is needed."),
        (
            b"PK\x03\x04rest",
            "training/a.txt is a zip archive or a spreadsheet: plain text in UTF-8 is needed.",
        ),
        (
            SENTENCES.decode().encode("utf-16"),
            "training/a.txt is UTF-16 text: plain text in UTF-8 is needed.",
        ),
        (
            SENTENCES.decode().encode("utf-16-le"),
            "training/a.txt is binary or UTF-16 (it has NUL bytes): plain text in UTF-8 is needed.",
        ),
        (
            b"word " * 20_000 + b"\nend\n",
            f"training/a.txt, line 1, column 65537, is longer than 65536 bytes: {OWN_LINE}.",
        ),
    ],
)
def test_a_problem_is_told_by_file_line_column_and_what_to_do(folder, content, sentence):
    assert said(folder, content) == [sentence]


@pytest.mark.parametrize(
    "content",
    [
        b"Is 3 < 4 and 5 > 2?\n",
        b"AT&T and R&D; both.\n",
        b"The array a[0] (the first) counts.\n",
        b"No end",
        b"CRLF line.\r\n",
        "It\u2019s na\u00efve \u2014 \u201cquoted\u201d.\n".encode(),
    ],
)
def test_plain_text_is_taken(folder, content):
    assert said(folder, content) == []


def test_lines_after_one_that_is_too_long_keep_their_numbers(folder):
    problems = said(folder, b"x" * 300_000 + b"\nfine\n<p>\n")
    assert problems[1].startswith("training/a.txt, line 3, column 1, has markup")


def test_the_first_problems_are_shown_and_all_are_counted(folder):
    (folder / "a.txt").write_bytes(b"caf\xe9\n" * 30)
    (folder / "b.txt").write_bytes(b"<p>\n" * 5)
    report = check(folder)
    assert len(report.problems) == MAX_SHOWN
    assert report.problem_count == 35
    assert report.problems_by_file == {"training/a.txt": 30, "training/b.txt": 5}


@pytest.mark.parametrize(("use", "bound"), [("training", 2 * 1024**3), ("tuning", 200 * 1024**2)])
def test_a_corpus_over_the_bound_is_refused_unread(folder, tmp_path, use, bound):
    (folder / "a.txt").write_bytes(SENTENCES)
    tuning = tmp_path / "tuning"
    tuning.mkdir()
    (tuning / "b.txt").write_bytes(SENTENCES)
    with (tmp_path / use / "huge.txt").open("wb") as huge:
        huge.truncate(bound)
    [problem] = check(folder, tuning).problems
    total = bound + len(SENTENCES)
    assert str(problem) == f"{use} has {total} bytes, at most {bound} are allowed: leave files out."


def test_a_folder_without_files_is_refused(folder):
    assert [str(each) for each in check(folder).problems] == [
        "training has no file: give a folder of text files."
    ]


def test_several_sentences_on_a_line_are_advised_against_but_abbreviations_are_none(folder):
    assert said(folder, b"It trains. Then it serves.\nDr. Smith of the U.S. Army uses e.g. Amazon.\n") == []
    assert check(folder).advice[1] == ("1 lines seem to have several sentences: one on each line is advised.")


def test_enough_text_gets_no_advice(folder):
    assert said(folder, b"one two three four five\n" * 2000) == []
    assert check(folder).advice == []


def test_text_is_streamed(folder):
    (folder / "a.txt").write_bytes(b"A sentence of no more than nine words.\n" * 20_000)
    tracemalloc.start()
    try:
        assert check(folder).training.words == 160_000
        assert tracemalloc.get_traced_memory()[1] < 400_000
    finally:
        tracemalloc.stop()


def test_a_file_of_another_name_is_refused(folder):
    assert said(folder, SENTENCES, "README.md") == [
        "training/README.md is not named .txt: name it so if it is text, else leave it out."
    ]
