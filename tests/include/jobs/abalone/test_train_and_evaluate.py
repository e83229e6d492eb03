"""Training is reproducible and good enough; evaluation measures both models on the same rows."""

import json
import os
import re
import tarfile
import threading
from pathlib import Path

import pytest

from tests.include.jobs.abalone.conftest import Plan

IMAGES = Path(__file__).resolve().parents[4] / "include" / "images"


@pytest.fixture(scope="module", autouse=True)
def modules_of_the_image():
    """On the path of scripts as the image's ``train`` puts them there."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", f"{IMAGES}{os.pathsep}{IMAGES / 'xgboost'}")
        yield


def configure(plan: Plan, name: str, content_type: str, mode: str = "File") -> Path:
    """The configuration of a case whose channels are those of a job; the folder of the channels."""
    folder = plan.folder / name / "opt" / "input"
    entry = {"ContentType": content_type, "TrainingInputMode": mode, "S3DistributionType": "FullyReplicated"}
    (folder / "config").mkdir(parents=True)
    (folder / "data").mkdir()
    content = json.dumps(dict.fromkeys(("train", "validation"), entry))
    (folder / "config" / "inputdataconfig.json").write_text(content)
    return folder / "data"


def train_on_channels(plan: Plan, name: str, *hyperparameters: str) -> None:
    folder = plan.folder / name
    folders = ("--model_dir", folder / "model", "--output_data_dir", folder / "out")
    plan.add(name, "train", *folders, *hyperparameters, output=False)


def feed(pipe: Path, files: Path) -> None:
    """Writes the files one after the other as soon as somebody reads."""
    os.mkfifo(pipe)
    parts = sorted(path for path in files.iterdir() if path.name[0] not in "._")

    def write() -> None:
        with pipe.open("wb") as stream:
            for part in parts:
                stream.write(part.read_bytes())

    threading.Thread(target=write, daemon=True).start()


def train(plan: Plan, name: str, features: Path, *hyperparameters: str) -> None:
    folder = plan.folder / name
    channels = ("--train", features / "csv" / "train", "--validation", features / "csv" / "validation")
    folders = ("--model_dir", folder / "model", "--output_data_dir", folder / "out")
    plan.add(name, "train", *channels, *folders, *hyperparameters, output=False)


def packed(model: Path, folder: Path, name: str = "xgboost-model") -> Path:
    folder.mkdir(parents=True)
    with tarfile.open(folder / "model.tar.gz", "w:gz") as tar:
        tar.add(model, name)
    return folder


@pytest.fixture(scope="module")
def trained(tmp_path_factory, outcomes, xgboost_job, jobs):
    plan = Plan(tmp_path_factory.mktemp("train"))
    sample = outcomes["sample"].output
    train(plan, "sample", sample)
    train(plan, "sample again", sample)
    train(plan, "another seed", sample, "--seed", "1")
    train(plan, "early stop", sample, "--eta", "1", "--early_stopping_rounds", "3")
    train(plan, "eta", sample, "--eta", "1.5")
    train(plan, "text", plan.folder)
    for split in ("train", "validation"):
        (plan.folder / "csv" / split).mkdir(parents=True)
        (plan.folder / "csv" / split / "part-0.csv").write_text("rings,sex\n1,M\n")
    train(plan, "no rows", plan.folder / "nowhere")
    narrow = plan.folder / "narrow"
    for split in ("train", "validation"):
        (narrow / "csv" / split).mkdir(parents=True)
        (narrow / "csv" / split / "part-0.csv").write_text("1,2,3\n2,3,4\n3,4,5\n")
    train(plan, "two features", narrow, "--min_child_weight", "0")
    (configure(plan, "parquet", "application/x-parquet") / "train").symlink_to(sample / "parquet" / "train")
    held_out = plan.folder / "parquet" / "opt" / "input" / "data" / "validation"
    held_out.symlink_to(sample / "parquet" / "validation")
    train_on_channels(plan, "parquet")
    for form, content_type in (("csv", "text/csv"), ("parquet", "application/x-parquet")):
        data = configure(plan, f"{form} pipe", content_type, "Pipe")
        for split in ("train", "validation"):
            feed(data / f"{split}_0", sample / form / split)
        train_on_channels(plan, f"{form} pipe")
    train(plan, "no draws", sample, "--subsample", "1", "--num_round", "30")
    train(plan, "first rounds", sample, "--subsample", "1", "--num_round", "12")
    (plan.folder / "first rounds" / "opt" / "checkpoints").mkdir(parents=True)
    for again in ("resumed", "resumed again"):
        train(plan, again, sample, "--subsample", "1", "--num_round", "30")
        plan.cases[again]["base"] = plan.cases["first rounds"]["base"]
    if "real" in outcomes:
        train(plan, "real", outcomes["real"].output)
        train(plan, "real again", outcomes["real again"].output)
    return plan.run(xgboost_job, jobs / "abalone")


@pytest.fixture(scope="module")
def evaluated(tmp_path_factory, outcomes, trained, xgboost_job, jobs):
    plan = Plan(tmp_path_factory.mktemp("evaluate"))
    archives = {
        name: packed(model_file(outcome), plan.folder / "archives" / name)
        for name, outcome in trained.items()
        if outcome.code == 0
    }
    archives["outside"] = packed(
        model_file(trained["sample"]), plan.folder / "archives" / "outside", "../xgboost-model"
    )
    pickled = plan.folder / "pickled"
    pickled.write_bytes(b"\x80\x04K\x01.")
    archives["pickled"] = packed(pickled, plan.folder / "archives" / "pickled")

    def evaluate(name, model, champion=None, rows="sample"):
        champions = ("--champion", archives[champion]) if champion else ()
        validation = outcomes[rows].output / "csv" / "validation"
        plan.add(name, "evaluate", "--model", archives[model], *champions, "--validation", validation)

    evaluate("first", "sample")
    evaluate("against itself", "sample", "sample again")
    evaluate("against another", "sample", "another seed")
    evaluate("other features", "sample", "two features")
    evaluate("pickled champion", "sample", "pickled")
    evaluate("outside", "outside")
    if "real" in trained:
        evaluate("real", "real", rows="real")
        evaluate("real again", "real again", "real", rows="real again")
    return plan.run(xgboost_job, jobs / "abalone")


def model_file(outcome):
    return outcome.output.parent / "model" / "xgboost-model"


def failure(outcome):
    return (outcome.base / "output" / "failure").read_text()


def test_the_same_seed_gives_the_same_model(trained):
    assert model_file(trained["sample"]).read_bytes() == model_file(trained["sample again"]).read_bytes()
    assert model_file(trained["sample"]).read_bytes() != model_file(trained["another seed"]).read_bytes()


def test_the_last_rounds_metrics_are_written(trained):
    assert {*trained["sample"].json("metrics.json")} == {"train:rmse", "validation:rmse"}


def test_early_stopping_keeps_the_best_round(trained):
    stopped = trained["early stop"]
    assert stopped.json("metrics.json")["validation:rmse"] < 4
    assert model_file(stopped).stat().st_size < model_file(trained["sample"]).stat().st_size


@pytest.mark.parametrize("name", ["csv pipe", "parquet pipe", "parquet"])
def test_the_input_mode_and_the_format_do_not_change_the_model(trained, name):
    assert trained[name].code == 0
    rmse = trained[name].json("metrics.json")["validation:rmse"]
    assert rmse == pytest.approx(trained["sample"].json("metrics.json")["validation:rmse"], rel=0.02)
    if name == "csv pipe":
        assert model_file(trained[name]).read_bytes() == model_file(trained["sample"]).read_bytes()


@pytest.mark.parametrize("name", ["resumed", "resumed again"])
def test_an_interrupted_training_makes_the_model_of_one_that_was_not(trained, name):
    assert model_file(trained[name]).read_bytes() == model_file(trained["no draws"]).read_bytes()
    assert trained[name].json("metrics.json") == pytest.approx(trained["no draws"].json("metrics.json"))


def test_a_hyperparameter_out_of_bounds_is_refused(trained):
    assert trained["eta"].code == 2


@pytest.mark.parametrize(
    ("case", "message"),
    [
        ("text", "part-0.csv of channel train is not a headerless CSV of numbers"),
        ("no rows", "Channel train has no rows"),
    ],
)
def test_a_channel_without_numbers_fails_with_a_sentence(trained, case, message):
    assert trained[case].code == 1
    assert message in failure(trained[case])


def test_a_first_model_is_measured(evaluated, trained):
    metrics = evaluated["first"].json("metrics.json")
    assert {*metrics} == {"rmse", "mae", "r2", "rows"}
    assert metrics["rmse"] == pytest.approx(
        trained["sample"].json("metrics.json")["validation:rmse"], rel=1e-5
    )
    assert metrics["mae"] < metrics["rmse"]
    picture = (evaluated["first"].output / "residuals.png").read_bytes()
    assert picture.startswith(b"\x89PNG")
    assert len(picture) > 20_000


def test_a_champion_is_measured_on_the_same_rows(evaluated):
    tie, duel = (
        evaluated["against itself"].json("metrics.json"),
        evaluated["against another"].json("metrics.json"),
    )
    assert tie["champion_rmse"] == tie["rmse"]
    assert duel["champion_rmse"] != duel["rmse"]
    identity = evaluated["against itself"].json("model.json")
    assert identity["model_sha256"] == identity["champion_sha256"]
    assert re.fullmatch("[0-9a-f]{64}", identity["model_sha256"])


@pytest.mark.parametrize(
    ("case", "reason"),
    [
        ("other features", "The model takes 2 features, the rows have 10."),
        ("pickled champion", "'xgboost-model' is not in XGBoost's own format (UBJSON or JSON)."),
    ],
)
def test_a_champion_that_cannot_be_compared_is_reported(evaluated, case, reason):
    assert evaluated[case].code == 0
    assert "champion_rmse" not in evaluated[case].json("metrics.json")
    assert evaluated[case].json("model.json")["champion_incomparable"].endswith(reason)


def test_a_model_outside_its_archive_is_not_looked_for(evaluated):
    assert evaluated["outside"].code == 1
    assert evaluated["outside"].message == "model.tar.gz holds no file 'xgboost-model'."


def test_real_abalone(real_abalone, outcomes, evaluated):
    assert len((real_abalone / "abalone.csv").read_text().splitlines()) == 4177
    assert outcomes["real"].metrics["rows_in"] == 4177
    assert outcomes["real"].metrics["rows_rejected"] == 0
    assert evaluated["real"].json("metrics.json")["rmse"] < 2.3


def test_real_abalone_twice_gives_the_same_model(real_abalone, evaluated):
    metrics = evaluated["real again"].json("metrics.json")
    assert metrics["rmse"] == metrics["champion_rmse"] == evaluated["real"].json("metrics.json")["rmse"]
    identity = evaluated["real again"].json("model.json")
    assert identity["model_sha256"] == identity["champion_sha256"]
    assert json.dumps(metrics)
