"""A model of generated shots is measured against the chances that are true."""

import json

import pytest

from tests.include.jobs.conftest import interpreter
from tests.include.jobs.speech.in_image import Image, RaisedError

AUC = """
(lambda goals, chances: float(((chances[goals == 1][:, None] > chances[goals == 0])
 + 0.5 * (chances[goals == 1][:, None] == chances[goals == 0])).mean()))
(pandas.read_csv(rows, header=None)[0].to_numpy(), numpy.loadtxt(chances))
""".replace("\n", "")


EVALUATE = "evaluate.evaluate(*(folder and pathlib.Path(folder) for folder in folders))"


@pytest.fixture(scope="module")
def booster(code):
    """The job's module in the image that it runs in."""
    with Image(interpreter("xgboost"), [code], ["pathlib", "evaluate"]) as made:
        yield made


@pytest.fixture
def evaluate(booster, tmp_path):
    def run(model, champion=None, test=None):
        folders = [model, champion, test or model.parent / "test", tmp_path / "out"]
        return booster(EVALUATE, folders=[folder and str(folder) for folder in folders])

    return run


@pytest.fixture(scope="module")
def metrics(booster, trained, tmp_path_factory):
    out = tmp_path_factory.mktemp("evaluated")
    folders = [str(each) for each in (trained / "model-1", trained / "model-8", trained / "test", out)]
    return booster(EVALUATE, folders=folders) | {"folder": out}


def test_the_model_is_nearly_as_good_as_the_truth(image, trained, metrics):
    best = image(AUC, rows=str(trained / "test" / "shots.csv"), chances=str(trained / "test-chances.csv"))
    assert best - 0.03 < metrics["auc"] <= best + 0.01


def test_chances_come_true_without_weights_and_not_with_them(metrics):
    assert metrics["calibration_error"] < 0.03
    assert metrics["calibration_p"] > 0.001
    assert metrics["expected_goals"] == pytest.approx(metrics["test_goals"], rel=0.1)
    # The champion was trained as if goals were eight times as frequent: its order is as good.
    assert metrics["champion_auc"] == pytest.approx(metrics["auc"], abs=0.02)
    assert metrics["champion_calibration_error"] > 0.1
    assert metrics["champion_calibration_p"] < 1e-6


def test_a_penalty_is_worth_what_it_is(metrics):
    assert metrics["penalties"] > 10
    assert metrics["penalty_xg"] == pytest.approx(0.77, abs=0.08)


def test_tables_and_pictures_are_left(metrics):
    table = json.loads((metrics["folder"] / "calibration.json").read_text())
    assert [len(table[name]) for name in ("model", "champion")] == [10, 10]
    assert all(one["low"] <= one["observed"] <= one["high"] for one in table["model"])
    assert (metrics["folder"] / "calibration.png").read_bytes().startswith(b"\x89PNG")


def test_a_champion_that_cannot_be_read_is_no_failure(trained, evaluate, tmp_path):
    champion = tmp_path / "champion"
    champion.mkdir()
    (champion / "model.tar.gz").write_bytes(b"x")
    assert "champion_auc" not in evaluate(trained / "model-1", champion)
    about = json.loads((tmp_path / "out" / "model.json").read_text())
    assert about["champion_incomparable"].startswith("The champion cannot be compared")


def test_shots_that_are_all_misses_are_refused(trained, evaluate, tmp_path):
    lines = (trained / "test" / "shots.csv").read_text().splitlines(keepends=True)
    (tmp_path / "test").mkdir()
    (tmp_path / "test" / "shots.csv").write_text("".join(line for line in lines if line.startswith("0,")))
    with pytest.raises(RaisedError, match="are all goals, or none is"):
        evaluate(trained / "model-1", test=tmp_path / "test")
