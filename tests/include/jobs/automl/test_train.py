"""What is learned, what is left of it, and who may ask the model."""

import csv
import json
import subprocess
import sys

import pytest

from tests.include.jobs.automl.conftest import environment, put, wide
from tests.include.jobs.conftest import interpreter
from tests.include.jobs.speech.in_image import RaisedError


def predictions(outcome):
    with (outcome.output / "test_predictions.csv").open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def failure(outcome):
    return (outcome.base / "output" / "failure").read_text()


def test_the_sample_is_told_apart(trained):
    metrics = trained["sample"].json("metrics.json")
    assert metrics["accuracy"] > 0.93
    assert metrics["test_rows"] == 171
    assert metrics["models"] >= 1
    assert trained["sample"].json("facts.json")["problem_type"] == "binary"


def test_predictions_stand_beside_what_is_true(trained):
    rows = predictions(trained["sample"])
    assert list(rows[0]) == ["row", "actual", "predicted", "probability_benign", "probability_malignant"]
    right = sum(row["actual"] == row["predicted"] for row in rows) / len(rows)
    assert right == pytest.approx(trained["sample"].json("metrics.json")["accuracy"])


def test_a_spreadsheet_s_file_is_learned(trained):
    """Labels that differ by blanks are one class; the empty column and rows without a label go."""
    found = trained["odd"]
    facts, metrics = found.json("facts.json"), found.json("metrics.json")
    assert facts["empty_columns"] == ["empty"]
    assert (metrics["train_rows"], metrics["test_rows"], metrics["features"]) == (114, 41, 4)
    rows = predictions(found)
    assert {row["predicted"] for row in rows} == {"warm", "cold"}
    assert {row["actual"] for row in rows} == {"warm", "cold", "", "boiling"}


def test_a_label_that_training_has_not_seen_counts_as_wrong(trained):
    metrics = trained["odd"].json("metrics.json")
    labelled = [row for row in predictions(trained["odd"]) if row["actual"]]
    assert metrics["unknown_labels"] == 1
    assert metrics["accuracy"] == pytest.approx(
        sum(row["actual"] == row["predicted"] for row in labelled) / len(labelled)
    )
    assert metrics["accuracy"] < 1


def test_numbers_are_a_regression_with_errors_that_are_positive(trained):
    assert trained["prices"].json("facts.json")["problem_type"] == "regression"
    metrics = trained["prices"].json("metrics.json")
    assert 0 < metrics["root_mean_squared_error"] < 60
    assert metrics["validation_score"] > 0
    assert list(predictions(trained["prices"])[0]) == ["row", "actual", "predicted"]


def test_a_file_without_labels_is_predicted_and_not_measured(trained):
    metrics = trained["no labels"].json("metrics.json")
    assert "accuracy" not in metrics
    assert metrics["validation_score"] > 0.5
    assert "actual" not in predictions(trained["no labels"])[0]
    assert "no labels" in (trained["no labels"].output / "model_performance.txt").read_text()
    assert trained["no labels"].json("facts.json")["importance_of"] == "the training file"


def test_a_failure_is_one_sentence(trained):
    assert (trained["one class"].code, trained["wrong kind"].code) == (1, 1)
    assert failure(trained["one class"]).startswith("AutoGluon cannot learn this table: ")
    assert "test.csv has 'cheap' in 'price', whose values are numbers in the training file." in failure(
        trained["wrong kind"]
    )


def answer(server, outcome, body, kind="text/csv", accept=""):
    predicted = "serve.predict_fn(serve.input_fn(body.encode(), kind), serve.model_fn(folder))"
    expression = f"serve.output_fn({predicted}, accept)"
    model = outcome.output.parent / "model"
    return server(expression, body=body, kind=kind, folder=str(model), accept=accept)


def test_rows_by_header_by_order_and_by_name_get_the_same_answer(server, trained):
    found = trained["odd"]
    [expected, _] = answer(server, found, "size,flag,colour,remark\n0.5,True,red,x\n,,blue,y\n")
    assert expected == "warm\ncold\n"
    assert answer(server, found, "red,x,0.5,True\nblue,y,,\n")[0] == expected
    records = [
        {"colour": "red", "remark": "x", "size": 0.5, "flag": True},
        {"colour": "blue", "remark": None},
    ]
    records[1] |= {"size": None, "flag": None}
    [text, kind] = answer(server, found, json.dumps(records), "application/json", "application/json")
    assert kind == "application/json"
    answers = json.loads(text)["predictions"]
    assert [each["predicted"] for each in answers] == expected.split()
    assert sum(answers[0]["probabilities"].values()) == pytest.approx(1, abs=1e-5)


def test_the_server_answers_as_the_training_did(server, trained):
    """The test file itself, with its mark, blanks and line breaks; a value that is no number apart."""
    body = (trained["odd"].output.parent / "test" / "test.csv").read_bytes().decode().replace(",big,", ",,")
    [text, _] = answer(server, trained["odd"], body)
    assert text.split() == [row["predicted"] for row in predictions(trained["odd"])]


def test_a_regression_answers_numbers(server, trained):
    [text, _] = answer(server, trained["prices"], "50\n150\n")
    low, high = map(float, text.split())
    assert low < high
    [text, _] = answer(server, trained["prices"], '[{"area": 50}]', "application/json", "application/json")
    assert json.loads(text)["predictions"][0]["predicted"] == pytest.approx(low)


@pytest.mark.parametrize(
    ("body", "kind", "reason"),
    [
        ("", "text/csv", "no rows"),
        ("colour,remark,size,flag\n", "text/csv", "header and no rows"),
        ("red,x\n", "text/csv", "Row 1 has 2 fields, not 4: send colour, remark, size, flag in this order"),
        ("red,x,big,True\n", "text/csv", "'big' in the column 'size' is no number"),
        ('[{"colour": "red"}]', "application/json", "The rows lack 'remark'"),
        ("{}", "application/json", "JSON list of objects"),
        ("x", "application/x-parquet", "not supported: send text/csv or application/json"),
    ],
)
def test_the_callers_mistakes_are_told(server, trained, body, kind, reason):
    with pytest.raises(RaisedError, match=reason):
        answer(server, trained["odd"], body, kind)


def test_what_is_no_model_of_the_pipeline_is_refused(server, tmp_path):
    (tmp_path / "other.pkl").touch()
    with pytest.raises(RaisedError, match=r"has no predictor/ and columns\.json; it holds other\.pkl"):
        server("serve.model_fn(folder)", folder=str(tmp_path))


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("case", ["wide", "bank"])
def test_large_tables(case, scripts, tmp_path, request):
    if case == "bank":
        real = request.getfixturevalue("real_bank")
        pair = put(tmp_path, case, (real / "train.csv").read_bytes(), (real / "test.csv").read_bytes())
        target, least = "y", 0.915
    else:
        pair, target, least = put(tmp_path, case, wide(400), wide(100)), "target", 0.8
    model = ("--model_dir", tmp_path / "model", "--output_data_dir", tmp_path / "out")
    limit = ("--target", target, "--time_limit", "120")
    command = [interpreter("autogluon"), scripts / "train.py", *pair, *model, *limit]
    done = subprocess.run(
        [str(each) for each in command], env=environment(tmp_path), stderr=subprocess.STDOUT, check=False
    )
    assert done.returncode == 0
    metrics = json.loads((tmp_path / "out" / "metrics.json").read_text())
    print({name: metrics[name] for name in ("accuracy", "fit_seconds", "models")}, file=sys.stderr)
    assert metrics["accuracy"] >= least
