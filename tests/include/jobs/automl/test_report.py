"""What people find: plain files with the name of the pair, and a page."""

import re

import pytest

OURS = {"feature_importance.csv", "leaderboard.csv", "model_performance.txt", "test_predictions.csv"}


@pytest.mark.parametrize("case", ["sample", "odd", "prices", "no labels"])
def test_files_have_the_name_of_the_pair(reported, case):
    assert reported[case].code == 0, reported[case].message
    expected = {f"-{case} <b>_x_{file}" for file in OURS} | {"facts.json", "metrics.json", "report.html"}
    assert set(reported[case].files()) == expected


@pytest.mark.parametrize(("case", "pictures"), [("sample", 2), ("odd", 2), ("prices", 2), ("no labels", 1)])
def test_the_page_stands_alone_and_shows_names_as_text(reported, case, pictures):
    page = (reported[case].output / "report.html").read_text()
    assert len(re.findall(r'<img src="data:image/png;base64,', page)) == pictures
    assert "<b>" not in page
    assert f"-{case} &lt;b&gt;_x" in page
    assert ("has no labels" in page) == (case == "no labels")


def test_metrics_are_those_of_the_training(reported, trained):
    assert reported["sample"].json("metrics.json") == trained["sample"].json("metrics.json")


def test_a_script_of_somebody_s_own_may_leave_what_it_likes(reported):
    found = reported["own script"]
    assert found.code == 0
    assert found.files() == ["deeper/notes.txt", "metrics.json", "own_test_predictions.csv", "report.html"]
    assert found.json("metrics.json") == {"files": 2.0}
    assert "deeper/notes.txt" in (found.output / "report.html").read_text()


@pytest.mark.parametrize(
    ("case", "sentence"),
    [
        ("alike but other", "A file of the training's output has not what the report shows of it"),
        ("no archive", "output.tar.gz cannot be read"),
    ],
)
def test_what_cannot_be_shown_is_one_sentence(reported, case, sentence):
    assert reported[case].code == 1
    assert sentence in reported[case].message
