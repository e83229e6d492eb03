"""The shipped sample is what its generator makes, and has the flaws that its description promises."""

import csv

import pytest

from include.samples.training_workflow import generate


@pytest.fixture(scope="module")
def rows():
    with generate.SAMPLE.open() as stream:
        return list(csv.DictReader(stream))


@pytest.fixture(scope="module")
def whole(rows):
    """Rows that are not broken, with numbers as such."""
    found = []
    for row in rows:
        try:
            numbers = {name: float(row[name]) for name in ("age", "hours_per_week", "capital_gain")}
        except ValueError:
            continue
        if numbers["hours_per_week"] < 200 and numbers["capital_gain"] >= 0 and "50K" in row["income"]:
            found.append({**row, **numbers})
    return found


def test_the_shipped_file_is_made_by_the_generator(tmp_path):
    made = tmp_path / "census.csv"
    assert generate.main(["--output", str(made)]) == 0
    assert made.read_bytes() == generate.SAMPLE.read_bytes()
    assert generate.SAMPLE.stat().st_size < 300_000


def test_another_seed_makes_other_rows():
    first, again, other = (list(generate.lines(5, seed=seed)) for seed in (1, 1, 2))
    assert first == again != other


def test_no_rows_are_refused(tmp_path):
    with pytest.raises(SystemExit):
        generate.main(["--rows", "0", "--output", str(tmp_path / "none.csv")])


def test_so_many_are_broken_and_so_many_strange(rows, whole):
    assert len(rows) == generate.ROWS
    assert len(rows) - len(whole) == generate.ROWS / generate.BROKEN_EVERY
    assert sum(row["capital_gain"] == 99_999 for row in whole) == generate.ROWS / generate.STRANGE_EVERY


def test_schooling_pays_and_work_class_does_not(whole):
    def rich(column, *values):
        group = [row for row in whole if row[column] in values]
        return sum(row["income"] == ">50K" for row in group) / len(group)

    assert rich("education", "Doctorate", "Masters") > 0.35
    assert rich("education", "HS-grad", "11th") < 0.2
    assert rich("workclass", "Private") == pytest.approx(rich("workclass", "Self-emp-not-inc", "?"), abs=0.08)
