"""What is refused before anything learns, and what is told."""

import pytest

from tests.include.jobs.automl.conftest import CASES

GOOD = (
    *("good", "labelled", "other order", "odd", "odd without labels", "crlf", "wide"),
    "empty column that the test lacks",
)


def metrics(outcome):
    return outcome.json("metrics.json")


@pytest.mark.parametrize("case", GOOD)
def test_what_can_be_learned_is_counted(checked, case):
    assert checked[case].code == 0, checked[case].message


def test_rows_and_labels_of_a_spreadsheet_s_file(checked):
    assert metrics(checked["odd"]) == {
        "train_rows": 60,
        "test_rows": 20,
        "columns": 6,
        "empty_columns": 1,
        "unlabelled_rows": 3,
        "padded_labels": CASES["odd"][0].count(b", warm\n")
        + CASES["odd"][0].count(b",warm  \n")
        + CASES["odd"][0].count(b",cold \n"),
        "distinct_labels": 2,
        "test_is_labelled": 1,
    }
    assert metrics(checked["odd without labels"])["test_is_labelled"] == 0


def test_two_thousand_columns(checked):
    assert metrics(checked["wide"])["columns"] == 2001


@pytest.mark.parametrize(
    ("case", "sentence"),
    [
        ("no target", "train.csv has no column 'target' to learn; it has 'a', 'b'. Name that column so, or"),
        ("one class", "train.csv has only the value 'yes' in 'target': there is nothing to tell apart."),
        ("no labels", "train.csv has no value in 'target': there is nothing to tell apart."),
        ("no features", "train.csv has values in 'target' only: there is nothing to learn it from."),
        ("test lacks", "it lacks 'a', 'b' and has 'c', which the training file has not."),
        ("test has more", "it has 'c', 'd', which the training file has not."),
        ("empty test", "test.csv has no rows: there is nothing to predict."),
        ("no test bytes", "test.csv has no header: its first line has to name the columns."),
        ("empty train", "train.csv has no rows: there is nothing to learn from."),
        ("column twice", "train.csv has more than one column named 'a': rename them."),
        ("short row", "has 2 fields, the header 3. Put a text that has commas into double quotes, and"),
        ("long row", "has 4 fields, the header 3. Put a text that has commas into double quotes, and"),
        ("open quote", "begins '3,\"x,yes"),
        ("semicolons", "train.csv separates its columns by semicolons: save it with commas."),
        ("latin-1", "train.csv is not UTF-8 (invalid start byte): save it as CSV in UTF-8."),
        ("latin-1 header", "train.csv is not UTF-8"),
        ("spreadsheet", "'train.csv' is a zip archive or a spreadsheet: CSV in UTF-8 is needed."),
        ("many columns differ", "'x19' and 1,980 more"),
        ("no file", "The input 'no' has 0 files: give the URI of one CSV file."),
    ],
)
def test_what_cannot_is_refused_in_one_sentence(checked, case, sentence):
    assert checked[case].code == 1
    assert sentence in checked[case].message
    assert len(checked[case].message) <= 1024
    assert not (checked[case].output / "metrics.json").exists()
