"""Training is reproducible and good enough; evaluation measures everyone, and groups."""

import csv
import json
import math
import re

import pytest


def model_of(outcome):
    return outcome.output.parent / "model" / "model.json"


def failure(outcome):
    return (outcome.base / "output" / "failure").read_text()


def test_the_same_rows_give_the_same_model(trained):
    assert model_of(trained["sample"]).read_bytes() == model_of(trained["sample again"]).read_bytes()
    assert model_of(trained["sample"]).read_bytes() != model_of(trained["cleaned"]).read_bytes()


def test_the_archive_alone_is_enough_to_predict(trained, prepared, analysed):
    folder = model_of(trained["sample"]).parent
    model, encoder = (json.loads((folder / f"{name}.json").read_text()) for name in ("model", "encoder"))
    assert model["features"] == analysed["select sample"].json("selected.json")
    assert set(model["features"]) <= set(encoder["features"])
    assert len(model["coefficients"]) == len(model["features"])


def test_regularisation_shrinks_the_coefficients(trained):
    sizes = [
        sum(map(abs, json.loads(model_of(trained[name]).read_text())["coefficients"]))
        for name in ("regularised", "sample")
    ]
    assert sizes[0] < sizes[1] / 10


def test_schooling_counts_as_it_does_in_the_sample(trained):
    model = json.loads(model_of(trained["sample"]).read_text())
    weight = dict(zip(model["features"], model["coefficients"], strict=True))
    assert weight["education=Doctorate"] > weight["education=Bachelors"] > weight["education=HS-grad"]


@pytest.mark.parametrize(
    ("case", "message"),
    [
        ("other features", "which the training features have not"),
        ("no rows", "features.csv is not in"),
        ("no channel", "There is no channel 'selection': add it to the job's input data configuration."),
    ],
)
def test_training_that_cannot_start_fails_with_a_sentence(trained, case, message):
    assert trained[case].code == 1
    assert message in failure(trained[case])
    assert not model_of(trained[case]).exists()


def test_a_hyperparameter_out_of_bounds_is_refused(trained):
    assert trained["C"].code == 2


def test_a_model_that_has_not_converged_is_a_model(trained):
    assert trained["two iterations"].code == 0
    assert model_of(trained["two iterations"]).exists()


def test_everyone_is_measured(evaluated, prepared):
    metrics = evaluated["everyone"].json("metrics.json")
    assert {*metrics} == {"accuracy", "roc_auc", "precision", "recall", "rows_tested"}
    assert metrics["rows_tested"] == prepared["sample"].json("preprocessing/metrics.json")["rows_test"]
    assert metrics["roc_auc"] > 0.75
    report = evaluated["everyone"].json("report.json")
    assert report[">50K"]["recall"] == metrics["recall"]
    assert (evaluated["everyone"].output / "curves.png").read_bytes().startswith(b"\x89PNG")


def test_the_measures_are_those_of_the_model_by_hand(evaluated, prepared, trained):
    model = json.loads(model_of(trained["sample"]).read_text())
    with (prepared["sample"].output / "features/test/features.csv").open() as stream:
        rows = list(csv.DictReader(stream))

    def probability(row):
        logit = sum(float(row[f]) * c for f, c in zip(model["features"], model["coefficients"], strict=True))
        return 1 / (1 + math.exp(-logit - model["intercept"]))

    right = sum((probability(row) > 0.5) == (row["income"] == "1") for row in rows)
    metrics = evaluated["everyone"].json("metrics.json")
    assert metrics["accuracy"] == pytest.approx(right / len(rows), abs=2 / len(rows))
    positive = [probability(row) for row in rows if row["income"] == "1"]
    negative = [probability(row) for row in rows if row["income"] == "0"]
    wins = sum((p > n) + (p == n) / 2 for p in positive for n in negative)
    assert metrics["roc_auc"] == pytest.approx(wins / len(positive) / len(negative), abs=1e-3)


def test_groups_are_measured_and_the_worst_is_named(evaluated):
    groups = evaluated["by sex"].json("report.json")
    assert {*groups} == {"Female", "Male"}
    assert (
        sum(group["rows"] for group in groups.values())
        == evaluated["everyone"].json("metrics.json")["rows_tested"]
    )
    worst = min(group["roc_auc"] for group in groups.values())
    metrics = evaluated["by sex"].json("metrics.json")
    assert metrics["sex_groups"] == 2
    assert metrics["sex_worst_roc_auc"] == pytest.approx(worst)
    assert (evaluated["by sex"].output / "groups.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("case", "message"),
    [
        ("by race", "The test rows have no column 'race' to evaluate by; they have age, "),
        ("other features", r"The model takes \d+ features; the table lacks \d+ of them, such as '"),
        ("outside", "model.tar.gz holds no file 'model.json'."),
        ("no archive", "model.tar.gz in .* cannot be read"),
        ("truncated", "model.tar.gz in 'truncated' cannot be read: Compressed file ended"),
        ("another format", "model.json is of another format than 1: train again."),
        ("pickle", "model.json is not a model of this workflow"),
    ],
)
def test_what_cannot_be_measured_is_one_sentence(evaluated, case, message):
    assert evaluated[case].code == 1
    assert re.search(message, evaluated[case].message)


def test_real_adult(real_adult, evaluated):
    metrics = evaluated["real by everyone"].json("metrics.json")
    assert metrics["roc_auc"] > 0.84
    assert metrics["recall"] > 0.75
    assert evaluated["real by race"].json("metrics.json")["race_groups"] == 5
    assert evaluated["real by education"].json("metrics.json")["education_groups"] == 16
