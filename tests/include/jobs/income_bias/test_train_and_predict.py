"""Training and prediction on the shipped sample, and whether the planted bias is found."""

import csv
import tarfile

import pytest

from tests.include.jobs.abalone.conftest import Plan
from tests.include.jobs.conftest import REPOSITORY

SAMPLE = REPOSITORY / "include" / "samples" / "income_bias" / "adult.csv"


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory, sklearn_job, xgboost_job, jobs):
    """What preparation, training and prediction left."""
    plan = Plan(tmp_path_factory.mktemp("prepare"))
    (plan.folder / "in").mkdir()
    (plan.folder / "in" / "adult.csv").symlink_to(SAMPLE)
    plan.add("prepared", "preprocess", "--input", plan.folder / "in", "--train-test-split-ratio", "0.3")
    prepared = plan.run(sklearn_job, jobs / "census")["prepared"].output

    training = Plan(tmp_path_factory.mktemp("train"))
    for name in ("model", "again"):
        options = (
            "--train",
            prepared / "features" / "train",
            "--model_dir",
            training.folder / name,
            "--nthread",
            "1",
        )
        training.add(name, "train", *options, output=False)
    trained = training.run(xgboost_job, jobs / "income_bias")
    for name in ("model", "again"):
        with tarfile.open(training.folder / name / "model.tar.gz", "w:gz") as tar:
            tar.add(training.folder / name / "xgboost-model", "xgboost-model")

    prediction = Plan(tmp_path_factory.mktemp("predict"))
    rows = ("--rows", prepared / "rows" / "test")
    for name, split, model in (
        ("predicted", "test", "model"),
        ("other rows", "train", "model"),
        ("no model", "test", "none"),
    ):
        features = ("--features", prepared / "features" / split)
        prediction.add(name, "predict", "--model", training.folder / model, *features, *rows)
    return {**trained, **prediction.run(xgboost_job, jobs / "income_bias"), "models": training.folder}


@pytest.fixture(scope="module")
def predictions(outcomes):
    with (outcomes["predicted"].output / "predictions.csv").open(newline="") as stream:
        return list(csv.DictReader(stream))


def test_the_model_is_good_enough_and_reproducible(outcomes):
    metrics = outcomes["predicted"].json("metrics.json")
    assert metrics["rows"] == 900
    assert metrics["roc_auc"] > 0.75
    first, again = ((outcomes["models"] / name / "xgboost-model").read_bytes() for name in ("model", "again"))
    assert first == again


def test_each_row_has_its_groups_its_labels_and_its_features(predictions):
    assert len(predictions) == 900
    names = list(predictions[0])
    assert names[:7] == ["sex", "race", "workclass", "education", "occupation", "income", "predicted_income"]
    assert not any(name.startswith(("sex=", "race=")) for name in names)
    assert {row["predicted_income"] for row in predictions} == {"0", "1"}


def test_the_planted_bias_shows(predictions):
    def share(sex, column):
        values = [int(row[column]) for row in predictions if row["sex"] == sex]
        return sum(values) / len(values)

    assert 0.04 < share("Male", "income") - share("Female", "income") < 0.2
    assert share("Male", "predicted_income") > share("Female", "predicted_income")


@pytest.mark.parametrize(
    ("case", "reason"),
    [
        ("other rows", "There are features of 2100 rows, but 900 rows."),
        ("no model", "model.tar.gz in 'none' cannot be read"),
    ],
)
def test_what_does_not_fit_is_one_sentence(outcomes, case, reason):
    assert outcomes[case].code == 1
    assert reason in outcomes[case].message
