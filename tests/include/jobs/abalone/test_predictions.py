"""The rows with their predictions, as the report on bias takes them."""

import csv

import pytest

from tests.include.jobs.conftest import SHARED, interpreter
from tests.include.jobs.speech.in_image import Image

WRITE = (
    "predictions.write_predictions(pathlib.Path(path), [(numpy.array(r), numpy.array(p)) for r, p in tables])"
)
MEASURES = [0.5, 0.4, 0.1, 0.8, 0.3, 0.2, 0.25]


@pytest.fixture(scope="module")
def image():
    folders = [SHARED, SHARED.parent / "abalone"]
    with Image(interpreter("xgboost"), folders, ["numpy", "pathlib", "predictions"]) as made:
        yield made


def test_sexes_are_names_and_ten_rings_are_old(image, tmp_path):
    first = ([[10, 1, 0, 0, *MEASURES], [9, 0, 1, 0, *MEASURES]], [9.99, 10.0])
    second = ([[11, 0, 0, 1, *MEASURES]], [12.5])
    path = tmp_path / "new" / "predictions.csv"
    image(WRITE, path=str(path), tables=[first, second])
    with path.open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert list(rows[0])[:2] == ["sex", "length"]
    found = [(row["sex"], row["old"], row["predicted_old"]) for row in rows]
    assert found == [("F", "1", "0"), ("I", "0", "1"), ("M", "1", "1")]
    assert [float(value) for value in list(rows[0].values())[1:-2]] == pytest.approx(MEASURES)


def test_rows_of_another_pipeline_are_refused(image, tmp_path):
    with pytest.raises(
        Exception, match="JobError: The validation rows have 1 features, not the 10 of abalone"
    ):
        image(WRITE, path=str(tmp_path / "p.csv"), tables=[([[1, 2]], [3])])
