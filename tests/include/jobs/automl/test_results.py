"""Test files as people have them are measured as far as they can be: none ends a job after its fitting."""

import random
from pathlib import Path

import pytest

from tests.include.jobs.automl.conftest import written
from tests.include.jobs.conftest import SHARED, interpreter
from tests.include.jobs.speech.in_image import Image

FOLDERS = [SHARED, SHARED.parent / "automl", Path(__file__).parent]
CLASSES = {"1": 1.0, "2": -1.0}


@pytest.fixture(scope="module")
def image():
    with Image(interpreter("autogluon"), FOLDERS, ["fitted", "math"]) as made:
        yield made


def rows(labels, seed=1):
    """A number that tells the label nearly always, and a whole one that does not."""
    draw = random.Random(seed)
    middle = {label: CLASSES.get(label, 0.0) for label in labels}
    return [[round(draw.gauss(middle[label], 1), 3), draw.randrange(5), label] for label in labels]


def table(labels, seed=1):
    return written([["size", "count", "target"], *rows(labels, seed)])


@pytest.fixture(scope="module")
def train(tmp_path_factory):
    """Two classes that are numbers."""
    path = tmp_path_factory.mktemp("results") / "train.csv"
    path.write_bytes(table(["1", "2"] * 100))
    return str(path)


@pytest.fixture
def left(image, train, tmp_path):
    def ask(test, metric="detect", learned=train):
        (tmp_path / "test.csv").write_bytes(test)
        asked = {"train": learned, "test": str(tmp_path / "test.csv"), "metric": metric}
        return image("fitted.left(**asked)", asked=asked)

    return ask


def test_a_missing_whole_number_is_not_zero(image, train, tmp_path):
    """Though training has none of these."""
    (tmp_path / "test.csv").write_bytes(b"size,count\n0.5,\n0.5,0\n")
    found = image("fitted.transformed(train, test)['count']", train=train, test=str(tmp_path / "test.csv"))
    assert found[1] == 0
    assert found[0] != found[0], "it is missing still"


def test_all_labels_of_one_class_tell_the_accuracy(left):
    found = left(table(["2"] * 20 + [""]))
    assert 0.5 < found["metrics"]["accuracy"] < 1
    assert found["metrics"]["unknown_labels"] == 0
    assert "roc_auc" not in found["metrics"]
    assert found["facts"]["importance_of"] == "the training file"
    assert not found["is_scored"]
    assert found["importance"] == ["count", "size"]


@pytest.mark.parametrize("known", [[], ["1"] * 5])
def test_labels_that_training_has_not_seen_are_wrong(left, known):
    found = left(table(["7", "8"] * 5 + known))
    assert found["metrics"]["unknown_labels"] == 10
    assert found["metrics"]["accuracy"] <= len(known) / (10 + len(known))
    assert found["facts"]["importance_of"] == "the training file"


def test_one_row_is_no_measure_of_a_regression(left, tmp_path):
    prices = tmp_path / "prices.csv"
    draw = random.Random(1)
    prices.write_bytes(
        written([["size", "count", "target"], *([n, n % 7, 3 * n + draw.random()] for n in range(200))])
    )
    found = left(b"size,count,target\n50,1,150.5\n60,2,\n", learned=str(prices))
    assert found["facts"]["problem_type"] == "regression"
    assert "root_mean_squared_error" not in found["metrics"]
    assert found["actual"] == ["actual", "150.5", "", ""] or found["actual"] == ["actual", "150.5", '""', ""]


def test_a_rare_class_is_in_what_importance_is_told_of(left):
    found = left(table(["1"] * 6000 + ["2"]), metric="roc_auc")
    assert found["facts"]["importance_of"] == "the test file"
    assert found["is_scored"]
    assert 0 <= found["metrics"]["roc_auc"] <= 1


def test_classes_that_are_numbers_are_named_alike_where_a_label_is_missing(left):
    found = left(table(["1", "2"] * 10 + [""]))
    report = found["performance"].split("f1-score")[1]
    names = [line.split()[0] for line in report.splitlines() if len(line.split()) == 5]
    assert names == ["1", "2"]
    assert found["actual"][:3] == ["actual", "1", "2"]
