"""`millrace wer` as its user sees it."""

import json

import pytest
from typer.testing import CliRunner

from local.cli.app import app
from local.stack.errors import MillraceError


@pytest.fixture
def wer(tmp_path):
    """Runs the command on two texts; what it printed."""

    def run(said, heard, *options):
        for name, text in (("said", said), ("heard", heard)):
            content = text if isinstance(text, bytes) else text.encode()
            (tmp_path / name).write_bytes(content)
        words = ["wer", str(tmp_path / "said"), str(tmp_path / "heard"), *options]
        return CliRunner().invoke(app, words, catch_exceptions=False).stdout

    return run


def test_the_rates_are_printed_with_what_they_are_shares_of(wer):
    printed = wer("Agent : Hello, you.\nwe start a job\n", "Agent :Hello, you.\nwe start two jobs\n")
    assert printed.splitlines() == [
        "WER: 25.000% (2 / 8)",
        "WRR: 75.000% (6 / 8)",
        "SER: 50.000% (1 / 2)",
    ]


def test_each_sentence_is_shown_with_its_errors_in_their_places(wer):
    printed = wer("an ec2 instance now", "annecy two instance", "--by-sentence").splitlines()
    assert printed[0].split() == ["REF:", "an", "ec2", "instance", "now"]
    assert printed[1].split() == ["HYP:", "annecy", "two", "instance", "***"]
    assert printed[0].index("instance") == printed[1].index("instance")
    assert printed[2].endswith("errors 75.000% (3 / 4): substitutions 2, deletions 1, insertions 0")


def test_wide_characters_stand_above_one_another(wer):
    printed = wer("यू केन शेर a", "चिकन शेर a", "--by-sentence").splitlines()
    assert "**" in printed[1]


def test_normalised(wer):
    assert "WER: 0.000% (0 / 3)" in wer("Hello, you!\nAgain.", "hello you\nagain", "--normalise")


def test_figures_as_json(wer, tmp_path):
    wer("one two", "one", "--json", str(tmp_path / "wer.json"))
    document = json.loads((tmp_path / "wer.json").read_text())
    assert (document["wer"], document["wrr"], document["ser"], document["deletions"]) == (0.5, 0.5, 1, 1)


@pytest.mark.parametrize(
    ("said", "heard", "reason"),
    [
        ("one\ntwo", "one", "2 lines with words, the hypothesis 1"),
        ("", "one", "no words"),
        ("gr\xfc\xdfe".encode("latin-1"), "one", "said is not UTF-8: byte 2 is 0xfc"),
    ],
)
def test_texts_that_cannot_be_compared(wer, said, heard, reason):
    with pytest.raises(MillraceError, match=reason):
        wer(said, heard)


def test_a_file_that_cannot_be_written(wer, tmp_path):
    with pytest.raises(MillraceError, match=r"wer\.json cannot be written: No such file"):
        wer("one", "one", "--json", str(tmp_path / "none" / "wer.json"))
