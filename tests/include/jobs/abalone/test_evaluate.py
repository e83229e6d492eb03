"""Evaluation on models and rows that are made here: no Spark is needed."""

import json
import os
import random
import subprocess
import tarfile

import pytest

from tests.include.jobs.abalone.conftest import Plan
from tests.include.jobs.conftest import BOOSTERS, SHARED, interpreter

ROWS = 6_001
FIT = """
import sys
import numpy, xgboost
rows = numpy.loadtxt(sys.argv[1], delimiter=",")
model = xgboost.train({"max_depth": 3, "nthread": 1}, xgboost.DMatrix(rows[:, 1:], rows[:, 0]), 5)
model.save_model(sys.argv[2])
predicted = model.predict(xgboost.DMatrix(rows[:, 1:])).astype(float)
residuals = rows[:, 0] - predicted
squares = (residuals ** 2).mean()
print(squares ** 0.5, abs(residuals).mean(), 1 - squares / rows[:, 0].var())
"""


def lines(count: int) -> list[str]:
    draw = random.Random(3)
    features = [[round(draw.random(), 3) for _ in range(3)] for _ in range(count)]
    return [f"{round(10 * a + b + draw.random())},{a},{b},{c}\n" for a, b, c in features]


@pytest.fixture(scope="module")
def measured(tmp_path_factory, xgboost_job, jobs):
    """Cases by name, and RMSE, MAE and R2 of the model on the rows as they come without the job."""
    plan = Plan(tmp_path_factory.mktemp("evaluate"))
    rows = lines(ROWS)
    parts = {"one": [rows], "three": [rows[:10], rows[10:5000], rows[5000:]], "ragged": [rows, ["1,2\n"]]}
    for name, tables in parts.items():
        (plan.folder / "rows" / name).mkdir(parents=True)
        for index, table in enumerate(tables):
            (plan.folder / "rows" / name / f"part-{index}.csv").write_text("".join(table))
    model = plan.folder / "xgboost-model.ubj"
    command = [interpreter("xgboost"), "-c", FIT, plan.folder / "rows" / "one" / "part-0.csv", model]
    fitted = subprocess.run(command, capture_output=True, text=True, check=True)
    good, bad = plan.folder / "good", plan.folder / "truncated"
    for folder in (good, bad):
        folder.mkdir()
    with tarfile.open(good / "model.tar.gz", "w:gz") as tar:
        tar.add(model, "./xgboost-model")
    whole = (good / "model.tar.gz").read_bytes()
    (bad / "model.tar.gz").write_bytes(whole[: len(whole) // 2])

    def evaluate(name, rows, model=good, *more):
        validation = plan.folder / "rows" / rows
        plan.add(name, "evaluate", "--model", model, *more, "--validation", validation)

    evaluate("one file", "one")
    evaluate("three files", "three", good, "--champion", good)
    evaluate("ragged", "ragged")
    evaluate("truncated", "one", bad)
    evaluate("truncated champion", "one", good, "--champion", bad)
    return plan.run(xgboost_job, jobs / "abalone"), [float(value) for value in fitted.stdout.split()]


def test_the_measures_are_those_of_the_model(measured):
    outcomes, expected = measured
    metrics = outcomes["one file"].json("metrics.json")
    assert metrics["rows"] == ROWS
    assert [metrics[name] for name in ("rmse", "mae", "r2")] == pytest.approx(expected, rel=1e-6)


def test_files_make_no_difference(measured):
    outcomes, _ = measured
    one, three = (outcomes[name].json("metrics.json") for name in ("one file", "three files"))
    assert {name: three[name] for name in one} == pytest.approx(one, rel=1e-9)
    assert three["champion_rmse"] == three["rmse"]


def test_a_file_of_other_features_is_refused(measured):
    outcomes, _ = measured
    assert (outcomes["ragged"].code, outcomes["ragged"].message) == (
        1,
        "The model takes 3 features, the rows have 1.",
    )


def test_a_truncated_archive_is_one_sentence(measured):
    outcomes, _ = measured
    says = "model.tar.gz in 'truncated' cannot be read: Compressed file ended"
    assert outcomes["truncated"].code == 1
    assert outcomes["truncated"].message.startswith(says)
    champion = outcomes["truncated champion"]
    assert champion.code == 0
    assert says in champion.json("model.json")["champion_incomparable"]


POINTS = """
import json
import numpy
import evaluate
drawn = [numpy.arange(count)[evaluate.drawn(count)] for count in (4, 5_000, 5_001, 5_001)]
print(json.dumps([list(map(int, rows)) for rows in drawn]))
"""


def test_the_picture_has_a_bounded_number_of_points(jobs):
    there = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, (jobs / "abalone", BOOSTERS, SHARED)))}
    command = [interpreter("xgboost"), "-c", POINTS]
    done = subprocess.run(command, env=there, capture_output=True, text=True, check=True)
    few, all_, sample, again = json.loads(done.stdout)
    assert (few, all_) == ([0, 1, 2, 3], list(range(5_000)))
    assert len(set(sample)) == len(sample) == 5_000
    assert sample == again
