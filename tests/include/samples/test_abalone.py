"""The shipped sample is what its generator makes, and looks like abalone."""

import csv

import pytest

from include.samples.abalone import generate


@pytest.fixture(scope="module")
def rows():
    with generate.SAMPLE.open() as stream:
        return list(csv.reader(stream))


def test_the_shipped_file_is_made_by_the_generator(tmp_path):
    made = tmp_path / "abalone.csv"
    assert generate.main(["--output", str(made)]) == 0
    assert made.read_bytes() == generate.SAMPLE.read_bytes()


def test_another_seed_makes_other_rows():
    assert list(generate.rows(5, seed=1)) == list(generate.rows(5, seed=1)) != list(generate.rows(5, seed=2))


def test_no_rows_are_refused(tmp_path):
    with pytest.raises(SystemExit):
        generate.main(["--rows", "0", "--output", str(tmp_path / "none.csv")])


def test_rows_are_plausible(rows):
    assert len(rows) == generate.ROWS
    assert {row[0] for row in rows} == {"M", "F", "I"}
    for _, *measures, rings in rows:
        length, diameter, height, whole, shucked, viscera, shell = map(float, measures)
        assert 0 < height < diameter < length <= 0.815
        assert 0 < max(shucked, viscera, shell) < whole < 5
        assert generate.FEWEST_RINGS <= int(rings) <= generate.MOST_RINGS


def test_older_is_longer(rows):
    def mean_length(low: int, high: int) -> float:
        lengths = [float(row[1]) for row in rows if low <= int(row[8]) < high]
        return sum(lengths) / len(lengths)

    assert mean_length(1, 6) < mean_length(6, 10) < mean_length(10, 30)
