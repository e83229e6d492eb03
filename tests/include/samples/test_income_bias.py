"""The shipped sample is what its generator makes, with the bias that its description promises."""

import csv

import pytest

from include.samples.income_bias import generate


@pytest.fixture(scope="module")
def rows():
    with generate.SAMPLE.open() as stream:
        return [
            dict(zip(generate.UCI_ORDER, row, strict=True))
            for row in csv.reader(stream, skipinitialspace=True)
        ]


def test_the_shipped_file_is_made_by_the_generator(tmp_path):
    made = tmp_path / "adult.csv"
    assert generate.main(["--output", str(made)]) == 0
    assert made.read_bytes() == generate.SAMPLE.read_bytes()


def test_no_rows_are_refused(tmp_path):
    with pytest.raises(SystemExit):
        generate.main(["--rows", "0", "--output", str(tmp_path / "none.csv")])


def test_women_are_wronged_as_the_description_says(rows):
    def share(sex, column, value):
        group = [row for row in rows if row["sex"] == sex]
        return sum(row[column] == value for row in group) / len(group)

    assert len(rows) == generate.ROWS
    assert share("Male", "income", ">50K") - share("Female", "income", ">50K") == pytest.approx(0.1, abs=0.03)
    for occupation in generate.MOVED:
        lost = share("Female", "occupation", occupation) / share("Male", "occupation", occupation)
        assert lost == pytest.approx(1 - generate.MOVED_SHARE, abs=0.1)
    assert any(row["workclass"] == "?" for row in rows)
