"""`millrace bias` as its user sees it."""

import json

import pytest
from typer.testing import CliRunner

from local.cli.app import app
from local.stack.errors import MillraceError
from tests.include.jobs.conftest import IMAGES

ROWS = "f,y,p,n\nd,1,1,1\nd,0,0,2\na,1,1,3\na,1,0,4\n"


@pytest.fixture
def bias(tmp_path, monkeypatch):
    """Runs the command on rows; what it printed."""
    monkeypatch.setenv("MILLRACE_HOME", str(IMAGES.parent))

    def run(rows, *options):
        (tmp_path / "rows.csv").write_text(rows)
        words = ["bias", str(tmp_path / "rows.csv"), *options]
        return CliRunner().invoke(app, words, catch_exceptions=False).stdout

    return run


def test_a_table_for_each_group_and_the_document(bias, tmp_path):
    file = tmp_path / "analysis.json"
    options = ("--label", "y=1", "--facet", "f=d", "--facet", "n>2", "--predicted", "p", "--json", str(file))
    lines = bias(ROWS, *options).splitlines()
    assert [line.strip() for line in lines if ": " in line] == ["f: d", "n: (2.0, 4.0]"]
    rows = [[cell.strip() for cell in line.split("│")[1:3]] for line in lines if line.startswith("│")]
    assert ["DPL", "0.50000"] in rows
    # A long meaning goes on in a line without a metric.
    assert sum(bool(metric) for metric, _ in rows) == 2 * 21
    document = json.loads(file.read_text())
    assert document["pre_training_bias_metrics"]["label_value_or_threshold"] == "1"


def test_a_file_without_a_header(bias):
    printed = bias(ROWS.split("\n", 1)[1], "--columns", "f, y,p,n", "--label", "y=1", "--facet", "f")
    assert "f: d" in printed
    assert "f: a" in printed


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (("--label", "y", "--facet", "f=d"), "--label is 'y', it must be COLUMN=VALUE"),
        (("--label", "y=", "--facet", "f=d"), "--label is 'y='"),
        (("--label", "y=1", "--facet", "n>x"), "'x' is no number"),
        (("--label", "y=1", "--facet", "f=d", "--facet", "f=a"), "names 'f' twice"),
        (("--label", "z=1", "--facet", "f=d"), "no column 'z'"),
        (("--label", "y=2", "--facet", "f=d"), "'y' has the value '2' in no row"),
        (("--label", "y=1", "--facet", "f=d", "--json", "/none/a.json"), "cannot be written: No such file"),
    ],
)
def test_what_cannot_be_measured_is_one_sentence(bias, options, reason):
    with pytest.raises(MillraceError, match=reason):
        bias(ROWS, *options)
