"""The cases of the training workflow's jobs, run by one process for each script or two."""

import codecs
import gzip
import tarfile
from pathlib import Path

import pytest

from tests.include.jobs.abalone.conftest import Outcome, Plan

REPOSITORY = Path(__file__).resolve().parents[4]
SAMPLE = REPOSITORY / "include" / "samples" / "training_workflow" / "census.csv"
REAL = REPOSITORY.parent / "shared" / "data" / "adult" / "adult.data"
LINES = SAMPLE.read_bytes().splitlines()
HEADER, ROWS = LINES[0], [line for line in LINES[2:400] if b"thirty" not in line and b",400," not in line]
ROWS = [row for row in ROWS if not row.startswith(b",") and b"unknown" not in row and b",-1," not in row][
    :300
]
GOOD = b"".join(row + b"\n" for row in [HEADER, *ROWS])
UCI = (
    b"39, State-gov, 77516, Bachelors, 13, Never-married, Adm-clerical, Not-in-family, White, Male, "
    b"2174, 0, 40, United-States, <=50K"
)


def _row(**values: bytes) -> bytes:
    """A good row but for some values."""
    named = dict(zip(HEADER.decode().split(","), ROWS[0].split(b","), strict=True)) | values
    return b",".join(named.values()) + b"\n"


def _columns(*names: str, rows: int = len(ROWS)) -> bytes:
    """The good rows with these columns, in this order."""
    order = [HEADER.decode().split(",").index(name) for name in names]
    table = [line.split(b",") for line in [HEADER, *ROWS[:rows]]]
    return b"".join(b",".join(line[column] for column in order) + b"\n" for line in table)


NAMES = HEADER.decode().split(",")
FILES: dict[str, dict[str, bytes]] = {
    "good": {"census.csv": GOOD},
    "other order and files": {
        "b.csv": b"\n".join([HEADER, *ROWS[:100:-1]]),
        "a.csv": b"\n".join([HEADER, *ROWS[:101]]),
    },
    "columns reversed": {"census.csv": _columns(*NAMES[::-1])},
    "one column more": {"census.csv": b"".join(line + b",x\n" for line in [HEADER, *ROWS])},
    "names as people write them": {
        "census.csv": GOOD.replace(HEADER, HEADER.replace(b"capital_gain", b" Capital-Gain ").upper())
    },
    "crlf": {"census.csv": GOOD.replace(b"\n", b"\r\n")},
    "byte order mark": {"census.csv": codecs.BOM_UTF8 + GOOD},
    "quotes and blanks": {"census.csv": GOOD.replace(b",Private,", b', "Private",')},
    "zipped": {"census.csv.gz": gzip.compress(GOOD)},
    "hidden files": {"census.csv": GOOD, "_SUCCESS": b"", ".census.csv.crc": b"crc\0"},
    "full stops": {"census.csv": GOOD.replace(b"50K\n", b"50K.\n")},
    "uci": {"adult.data": b"\n".join([UCI] * 60 + [UCI.replace(b"<=", b">")] * 60)},
    "unknown categories": {
        "census.csv": GOOD + _row(workclass=b"?", education=b"?") + _row(workclass=b"", education=b"")
    },
    "short and long lines": {"census.csv": GOOD + b"39,Private\n" + ROWS[0] + b",1\n"},
    "age": {"census.csv": GOOD + b"".join(_row(age=a) for a in (b"", b"?", b"old", b"NaN", b"-1", b"121"))},
    "hours": {"census.csv": GOOD + _row(hours_per_week=b"169")},
    "gain": {"census.csv": GOOD + _row(capital_gain=b"-1") + _row(capital_gain=b"1e999")},
    "income": {"census.csv": GOOD + _row(income=b"50K") + _row(income=b"")},
    "category": {"census.csv": GOOD + _row(occupation=b"x" * 101)},
    "blank lines": {"census.csv": GOOD + b"\n   \n"},
    "open quote": {"census.csv": GOOD + b'"' + ROWS[0] + b"\n"},
    "not utf-8": {"census.csv": GOOD + _row(occupation="Büro".encode("latin-1"))},
    "10 MB line": {"census.csv": GOOD + b"x" * 10_000_000 + b"\n"},
    "no file": {},
    "empty": {"census.csv": b""},
    "header only": {"census.csv": HEADER + b"\n"},
    "missing columns": {"census.csv": _columns("age", "workclass", "fnlwgt", "education", "sex", "income")},
    "column twice": {"census.csv": GOOD.replace(b",sex,", b",age,", 1)},
    "no header, other columns": {"census.csv": b"1,2,3\n4,5,6\n"},
    "utf-16": {"census.csv": GOOD.decode().encode("utf-16")},
    "gzip named csv": {"census.csv": gzip.compress(GOOD)},
    "csv named gz": {"census.csv.gz": GOOD},
    "damaged gzip": {"census.csv.gz": gzip.compress(GOOD)[:-500]},
    "spreadsheet": {"census.csv": b"PK\x03\x04" + GOOD},
    "few rows": {"census.csv": b"\n".join([HEADER, *ROWS[:49]])},
    "one class": {"census.csv": GOOD.replace(b">50K", b"<=50K")},
    "one of a class": {"adult.data": b"\n".join([UCI] * 60 + [UCI.replace(b"<=", b">")])},
    "two of a class": {"adult.data": b"\n".join([UCI] * 60 + [UCI.replace(b"<=", b">")] * 2)},
}


@pytest.fixture(scope="session")
def real_adult() -> Path:
    """The UCI data, where this machine has it."""
    if not REAL.is_file():
        pytest.skip("the UCI Adult data is not at ../shared/data/adult/adult.data")
    return REAL


@pytest.fixture(scope="session")
def prepared(tmp_path_factory, sklearn_job, jobs) -> dict[str, Outcome]:
    """``preprocess.py`` on every case."""
    plan = Plan(tmp_path_factory.mktemp("census"))
    for name, files in FILES.items():
        source = plan.folder / name / "in put"
        source.mkdir(parents=True)
        for file, content in files.items():
            (source / file).write_bytes(content)
        plan.add(name, "preprocess", "--input", source)
    good = plan.folder / "good" / "in put"
    plan.add("another seed", "preprocess", "--input", good, "--seed", "7")
    plan.add("half", "preprocess", "--input", good, "--train-test-split-ratio", "0.5")
    plan.add("few test rows", "preprocess", "--input", good, "--train-test-split-ratio", "0.003")
    plan.add("few training rows", "preprocess", "--input", good, "--train-test-split-ratio", "0.999")
    plan.add("two folders", "preprocess", "--input", good, plan.folder / "crlf" / "in put")
    plan.add("no test rows", "preprocess", "--input", good, "--train-test-split-ratio", "0")
    plan.add(
        "over", "preprocess", "--input", plan.folder / "age" / "in put", "--max-rejected-fraction", "0.01"
    )
    plan.add(
        "within", "preprocess", "--input", plan.folder / "age" / "in put", "--max-rejected-fraction", "0.02"
    )
    for name, file in {"sample": SAMPLE, "real": REAL}.items():
        if file.is_file():
            source = plan.folder / name / "in put"
            source.mkdir(parents=True)
            (source / file.name).symlink_to(file)
            plan.add(name, "preprocess", "--input", source)
    return plan.run(sklearn_job, jobs / "census")


@pytest.fixture(scope="session")
def analysed(tmp_path_factory, prepared, sklearn_job, jobs) -> dict[str, Outcome]:
    """Selection, detection and cleaning."""
    plan = Plan(tmp_path_factory.mktemp("analyses"))
    for name in ("sample", "real"):
        if name not in prepared:
            continue
        features, rows = (prepared[name].output / kind / "train" for kind in ("features", "rows"))
        plan.add(f"select {name}", "select_features", "--features", features)
        strange = plan.add(f"detect {name}", "detect_anomalies", "--rows", rows)
        flags = ("--flags", strange / "flags")
        plan.add(f"drop {name}", "drop_anomalies", "--features", features, *flags)
    features, rows = (prepared["sample"].output / kind / "train" for kind in ("features", "rows"))
    plan.add("select three", "select_features", "--features", features, "--max-features", "3")
    plan.add("select none", "select_features", "--features", features, "--min-information", "9")
    plan.add("select nothing", "select_features", "--features", plan.folder)
    plan.add("detect again", "detect_anomalies", "--rows", rows)
    plan.add("detect strictly", "detect_anomalies", "--rows", rows, "--anomaly-score", "0.5")
    plan.add("detect none", "detect_anomalies", "--rows", rows, "--anomaly-score", "1")
    strange = plan.folder / "detect sample" / "out" / "flags"
    other = prepared["good"].output / "features" / "train"
    plan.add("drop of other rows", "drop_anomalies", "--features", other, "--flags", strange)
    everything = plan.folder / "all strange"
    everything.mkdir()
    count = len((features / "features.csv").read_text().splitlines()) - 1
    (everything / "flags.csv").write_text("score,anomaly\n" + "1,1\n" * count)
    plan.add("drop all", "drop_anomalies", "--features", features, "--flags", everything)
    return plan.run(sklearn_job, jobs / "training_workflow")


@pytest.fixture(scope="session")
def trained(tmp_path_factory, prepared, analysed, sklearn_job, jobs) -> dict[str, Outcome]:
    """``train.py`` as script mode starts it: hyperparameters with the hyphens of SageMaker's toolkit."""
    plan = Plan(tmp_path_factory.mktemp("training"))

    def train(name: str, data: str, *options: str, rows: Path | None = None) -> None:
        channels = (
            *("--train", rows or prepared[data].output / "features" / "train"),
            *("--selection", analysed[f"select {data}"].output),
            *("--encoder", prepared[data].output / "encoder"),
        )
        model = ("--model_dir", plan.folder / name / "model")
        plan.add(name, "train", *channels, *model, *options, output=False)

    train("sample", "sample", "-C", "1.0", "--max_iter", "1000", "--seed", "42")
    train("sample again", "sample")
    train("cleaned", "sample", rows=analysed["drop sample"].output / "cleaned")
    train("regularised", "sample", "-C", "0.0001")
    train("two iterations", "sample", "--max_iter", "2")
    train("C", "sample", "-C", "0")
    train("other features", "sample", rows=prepared["uci"].output / "features" / "train")
    train("no rows", "sample", rows=plan.folder)
    plan.add("no channel", "train", "--train", plan.folder, output=False)
    if "real" in prepared:
        train("real", "real")
    return plan.run(sklearn_job, jobs / "training_workflow")


def packed(folder: Path, target: Path, name: str = "model.json") -> Path:
    """A model's folder as SageMaker leaves it: ``model.tar.gz``."""
    target.mkdir(parents=True)
    with tarfile.open(target / "model.tar.gz", "w:gz") as tar:
        tar.add(folder, name)
    return target


@pytest.fixture(scope="session")
def evaluated(tmp_path_factory, prepared, trained, sklearn_job, jobs) -> dict[str, Outcome]:
    """``evaluate.py`` on good and bad models."""
    plan = Plan(tmp_path_factory.mktemp("evaluation"))

    def evaluate(name: str, model: Path, data: str, *options: str) -> None:
        folders = [("--" + kind, prepared[data].output / kind / "test") for kind in ("features", "rows")]
        plan.add(name, "evaluate", "--model", model, *sum(folders, ()), *options)

    def archive(name: str, member: str = "model.json") -> Path:
        file = trained[name].output.parent / "model" / "model.json"
        return packed(file, plan.folder / "archives" / f"{name} {member.replace('/', '-')}", member)

    sample = archive("sample")
    evaluate("everyone", sample, "sample")
    evaluate("by sex", sample, "sample", "--by", "sex")
    evaluate("by race", sample, "sample", "--by", "race")
    evaluate("other features", sample, "uci")
    evaluate("outside", archive("sample", "../model.json"), "sample")
    evaluate("no archive", plan.folder, "sample")
    whole = (sample / "model.tar.gz").read_bytes()
    (plan.folder / "truncated").mkdir()
    (plan.folder / "truncated" / "model.tar.gz").write_bytes(whole[: len(whole) // 2])
    evaluate("truncated", plan.folder / "truncated", "sample")
    broken = plan.folder / "broken.json"
    broken.write_text('{"format": 2}')
    evaluate("another format", packed(broken, plan.folder / "archives" / "format"), "sample")
    broken.write_bytes(b"\x80\x04K\x01.")
    evaluate("pickle", packed(broken, plan.folder / "archives" / "pickle"), "sample")
    if "real" in trained:
        real = archive("real")
        for by in ("everyone", "sex", "race", "education"):
            evaluate(f"real by {by}", real, "real", "--by", by)
    return plan.run(sklearn_job, jobs / "training_workflow")


@pytest.fixture(scope="session")
def census_files() -> dict[str, dict[str, bytes]]:
    return FILES
