"""The cases of the jobs of ``automl``, run by one process for each script."""

import codecs
import csv
import io
import os
import random
import tarfile
from pathlib import Path

import pytest

from include.bundles import Bundle
from tests.include.jobs.abalone.conftest import Outcome, Plan
from tests.include.jobs.conftest import REPOSITORY, interpreter
from tests.include.jobs.speech.in_image import Image

SAMPLE = REPOSITORY / "include" / "samples" / "automl"
REAL = REPOSITORY.parent / "shared" / "data" / "bank_marketing"
SECONDS = "5"
"""Of fitting: the first models of some hundred rows are done by then."""
TRAIN, TEST = b"a,b,target\n1,x,yes\n2,y,no\n", b"a,b\n3,x\n"
WIDE = 2000


def written(rows) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue().encode()


def wide(rows: int) -> bytes:
    """Numbers in 2,000 columns; the first tells the target."""
    draw = random.Random(7)
    table = [[round(draw.gauss(0, 1), 3) for _ in range(WIDE)] for _ in range(rows)]
    header = [*(f"x{number}" for number in range(WIDE)), "target"]
    return written([header, *([*row, "high" if row[0] > 0 else "low"] for row in table)])


def odd(rows: int, seed: int, *, labelled: bool = True) -> bytes:
    """What spreadsheets make: a mark, blanks, quotes, line breaks in fields, empty and nameless columns."""
    draw = random.Random(seed)
    table = []
    for number in range(rows):
        colour = draw.choice(["red", "blue"])
        remark = draw.choice(['says "no"', "one, two", "first line\nsecond line"])
        size, truth = round(draw.gauss(0, 1), 3), colour == "red"
        label = draw.choice(["warm", " warm", "warm  "]) if truth else draw.choice(["cold", "cold "])
        label = label if number % 20 else ""
        table.append([number, colour, remark, size, "", draw.choice(["True", "False"]), label])
    header = ["", " colour", "remark", "size ", "empty", "flag", "target "]
    kept = len(header) if labelled else -1
    return codecs.BOM_UTF8 + written(row[:kept] for row in [header, *table])


def prices(rows: int, seed: int) -> bytes:
    """Three times the area, and some noise."""
    draw = random.Random(seed)
    areas = [draw.uniform(20, 200) for _ in range(rows)]
    return written(
        [["area", "price"], *([f"{area:.2f}", f"{3 * area + draw.gauss(0, 5):.2f}"] for area in areas)]
    )


CASES: dict[str, tuple[bytes, bytes]] = {
    "good": (TRAIN, TEST),
    "labelled": (TRAIN, TRAIN),
    "other order": (TRAIN, b"b,a\nx,3\n"),
    "odd": (odd(60, 1), odd(20, 2)),
    "odd without labels": (odd(60, 1), odd(20, 2, labelled=False)),
    "crlf": (TRAIN.replace(b"\n", b"\r\n"), TEST),
    "wide": (wide(60), wide(5)),
    "empty column that the test lacks": (b"a,e,target\n1,,x\n2,,y\n", b"a\n1\n"),
    "no target": (TEST, TEST),
    "one class": (b"a,target\n1,yes\n2,yes \n3, yes\n", b"a\n1\n"),
    "no labels": (b"a,target\n1,\n2, \n3,NA\n", b"a\n1\n"),
    "no features": (b"a,target\n,yes\n,no\n", b"a\n1\n"),
    "test lacks": (TRAIN, b"c\n1\n"),
    "test has more": (TRAIN, b"a,b,c,d\n1,2,3,4\n"),
    "empty test": (TRAIN, b"a,b\n"),
    "no test bytes": (TRAIN, b""),
    "empty train": (b"a,b,target\n", TEST),
    "column twice": (b"a,a ,target\n1,1,x\n2,2,y\n", TEST),
    "short row": (TRAIN + b"3,x\n", TEST),
    "long row": (TRAIN + b"3,x,yes,no\n", TEST),
    "open quote": (TRAIN + b'3,"x,yes\n' + b"4,x,yes\n" * 1_000_000, TEST),
    "semicolons": (TRAIN.replace(b",", b";"), TEST),
    "latin-1": (TRAIN + "3,Büro,yes\n".encode("latin-1"), TEST),
    "latin-1 header": ("a,Büro,target\n1,x,yes\n2,y,no\n".encode("latin-1"), TEST),
    "spreadsheet": (b"PK\x03\x04" + TRAIN, TEST),
    "many columns differ": (wide(3), b"y\n1\n"),
}


@pytest.fixture(scope="session")
def scripts(tmp_path_factory) -> Path:
    """The folder that ships."""
    folder = tmp_path_factory.mktemp("code")
    Bundle.of_job("automl", "pages").write(folder)
    return folder


def put(folder: Path, name: str, train: bytes, test: bytes) -> tuple[str | Path, ...]:
    """A pair of files as the jobs find them."""
    options: list[str | Path] = []
    for kind, content in (("train", train), ("test", test)):
        source = folder / name / kind
        source.mkdir(parents=True)
        (source / f"{kind}.csv").write_bytes(content)
        options += [f"--{kind}", source]
    return tuple(options)


@pytest.fixture(scope="session")
def checked(tmp_path_factory, autogluon_job, scripts) -> dict[str, Outcome]:
    """``check.py`` on every case."""
    plan = Plan(tmp_path_factory.mktemp("checks"))
    for name, (train, test) in CASES.items():
        plan.add(name, "check", *put(plan.folder, name, train, test), "--target", "target")
    plan.add("no file", "check", "--train", plan.folder / "no", "--test", plan.folder, "--target", "target")
    return plan.run(autogluon_job, scripts)


@pytest.fixture(scope="session")
def trained(tmp_path_factory, autogluon_job, scripts) -> dict[str, Outcome]:
    """``train.py`` as script mode starts it; an outcome's ``output`` is its folder of results."""
    plan = Plan(tmp_path_factory.mktemp("trainings"))

    def train(name: str, pair: tuple[str | Path, ...], target: str = "target", *options: str) -> None:
        folder = plan.folder / name
        where = ("--model_dir", folder / "model", "--output_data_dir", folder / "out")
        limit = ("--time_limit", SECONDS, "--target", target)
        plan.add(name, "train", *pair, *where, *limit, *options, output=False)

    samples = [(SAMPLE / f"breast_cancer_{kind}.csv").read_bytes() for kind in ("train", "test")]
    train("sample", put(plan.folder, "sample", *samples))
    train("odd", put(plan.folder, "odd", odd(120, 1), odd(40, 2) + b"9,red,?,big,,True,boiling\n"))
    train("prices", put(plan.folder, "prices", prices(120, 1), prices(30, 2)), "price")
    train("no labels", put(plan.folder, "no labels", odd(60, 1), odd(20, 2, labelled=False)))
    train("one class", put(plan.folder, "one class", b"a,target\n1,yes\n2,yes\n", b"a\n1\n"))
    train("wrong kind", put(plan.folder, "wrong kind", prices(60, 1), b"area,price\n50,cheap\n"), "price")
    return plan.run(autogluon_job, scripts)


@pytest.fixture(scope="session")
def reported(tmp_path_factory, autogluon_job, scripts, trained) -> dict[str, Outcome]:
    """``report.py`` on what trainings and other scripts leave."""
    plan = Plan(tmp_path_factory.mktemp("reports"))

    def report(name: str, left: Path, pair: str) -> None:
        archive = plan.folder / "archives" / name / "output.tar.gz"
        archive.parent.mkdir(parents=True)
        with tarfile.open(archive, "w:gz") as tar:
            tar.add(left, ".")
        plan.add(name, "report", "--training", archive.parent, f"--name={pair}")

    for name in ("sample", "odd", "prices", "no labels"):
        report(name, trained[name].output, f"-{name} <b>_x")
    own = plan.folder / "own"
    (own / "deeper").mkdir(parents=True)
    (own / "test_predictions.csv").write_text("anything\n")
    (own / "deeper" / "notes.txt").write_text("mine\n")
    report("own script", own, "own")
    for file in ("leaderboard.csv", "model_performance.txt", "feature_importance.csv"):
        (own / file).write_text("anything\n")
    for file in ("facts.json", "metrics.json"):
        (own / file).write_text("{}")
    report("alike but other", own, "own")
    plan.add("no archive", "report", "--training", plan.folder, "--name=x")
    return plan.run(autogluon_job, scripts)


@pytest.fixture(scope="session")
def server(scripts):
    """The modules of the image, asked one by one."""
    images = REPOSITORY / "include" / "images"
    with Image(interpreter("autogluon"), [images / "autogluon", images], ["serve"]) as made:
        yield made


@pytest.fixture(scope="session")
def real_bank() -> Path:
    """The UCI data, where this machine has it."""
    if not (REAL / "train.csv").is_file():
        pytest.skip("the UCI Bank Marketing data is not at ../shared/data/bank_marketing")
    return REAL


def environment(base: Path) -> dict[str, str]:
    """Of a job that is started alone."""
    return {**os.environ, "SAGEMAKER_BASE_DIR": str(base)}
