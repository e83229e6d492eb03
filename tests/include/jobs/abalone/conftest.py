"""Every Spark case of the abalone jobs, run by one process; tests look at what each left behind."""

import codecs
import gzip
import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.include.jobs.conftest import Job

REPOSITORY = Path(__file__).resolve().parents[4]
SUITE = REPOSITORY / "include" / "expectations" / "abalone.json"
SAMPLE = REPOSITORY / "include" / "samples" / "abalone" / "abalone.csv"
REAL = REPOSITORY.parent / "shared" / "data" / "abalone"
ROWS = SAMPLE.read_bytes().splitlines()[:60]
GOOD = b"".join(row + b"\n" for row in ROWS)


def _row(column: int, value: bytes) -> bytes:
    """A good row but for one value."""
    values = ROWS[0].split(b",")
    values[column] = value
    return b",".join(values) + b"\n"


LENGTH, HEIGHT, WHOLE, RINGS = 1, 3, 4, 8
FILES: dict[str, dict[str, bytes]] = {
    "good": {"abalone.csv": GOOD},
    "other order and files": {
        "b.csv": b"".join(r + b"\n" for r in ROWS[:20:-1]),
        "a.csv": b"\n".join(ROWS[:21]),
    },
    "crlf": {"abalone.csv": GOOD.replace(b"\n", b"\r\n")},
    "no last line end": {"abalone.csv": GOOD[:-1]},
    "byte order mark": {"abalone.csv": codecs.BOM_UTF8 + GOOD},
    "quotes and blanks": {"abalone.csv": GOOD.replace(b"M,", b'"M" , ')},
    "zipped": {"abalone.csv.gz": gzip.compress(GOOD)},
    "spaces and unicode": {"größe der Ohren/l'été [1] + 100%.csv": GOOD},
    "hidden files": {"abalone.csv": GOOD, "_SUCCESS": b"", ".abalone.csv.crc": b"crc\0"},
    "header": {"abalone.csv": b"sex,length,diameter,height,whole,shucked,viscera,shell,rings\n" + GOOD},
    "missing column": {"abalone.csv": GOOD + b"M,0.455,0.365\n"},
    "extra column": {"abalone.csv": GOOD + ROWS[0] + b",1\n"},
    "letters": {"abalone.csv": GOOD + _row(LENGTH, b"0.4x") + _row(LENGTH, b"0.5d") + _row(RINGS, b"ten")},
    "negative": {"abalone.csv": GOOD + _row(WHOLE, b"-0.514")},
    "not finite": {"abalone.csv": GOOD + b"".join(_row(LENGTH, v) for v in (b"NaN", b"-Infinity", b"1e999"))},
    "sex": {"abalone.csv": GOOD + _row(0, b"X") + _row(0, b"")},
    "rings": {
        "abalone.csv": GOOD + b"".join(_row(RINGS, v) for v in (b"0", b"-3", b"7.5", b"99999999999", b""))
    },
    "blank lines": {"abalone.csv": GOOD + b"\n   \n"},
    "open quote": {"abalone.csv": GOOD + b'"' + ROWS[0] + b"\n"},
    "zero height": {"abalone.csv": GOOD + _row(HEIGHT, b"0") + _row(HEIGHT, b"0.0")},
    "10 MB line": {"abalone.csv": GOOD + b"x" * 10_000_000 + b"\n"},
    "10 MB of commas": {"abalone.csv": GOOD + b"," * 10_000_000 + b"\n"},
    "long line": {"abalone.csv": GOOD + b"1," * 20_000 + b"\n"},
    "no file": {},
    "empty": {"abalone.csv": b""},
    "empty gzip": {"abalone.csv.gz": gzip.compress(b"")},
    "all rejected": {"abalone.csv": b"a,b\nc,d\n"},
    "utf-16": {"abalone.csv": GOOD.decode().encode("utf-16")},
    "utf-16 without mark": {"abalone.csv": GOOD.decode().encode("utf-16-le")},
    "gzip named csv": {"abalone.csv": gzip.compress(GOOD)},
    "csv named gz": {"abalone.csv.gz": GOOD},
    "bzip2": {"abalone.csv.bz2": GOOD},
    "spreadsheet": {"abalone.csv": b"PK\x03\x04" + GOOD},
    "one row": {"abalone.csv": ROWS[0] + b"\n"},
}


@dataclass(frozen=True)
class Outcome:
    """What one run of a job left behind."""

    code: int
    output: Path
    base: Path

    @property
    def message(self) -> str:
        path = self.base / "output" / "message"
        return path.read_text() if path.is_file() else ""

    @property
    def metrics(self) -> dict[str, Any]:
        return self.json("metrics/metrics.json")

    @property
    def rejected(self) -> list[dict[str, Any]]:
        lines = [line for part in self.parts("rejected") for line in part.decode().splitlines()]
        return [json.loads(line) for line in lines]

    def json(self, path: str) -> Any:
        return json.loads((self.output / path).read_text())

    def parts(self, folder: str) -> list[bytes]:
        return [path.read_bytes() for path in sorted((self.output / folder).iterdir())]

    def files(self) -> list[str]:
        return sorted(str(p.relative_to(self.output)) for p in self.output.rglob("*") if p.is_file())


class Plan:
    """Cases to run in one process."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.cases: dict[str, dict[str, Any]] = {}

    def add(self, name: str, script: str, *arguments: str | Path, output: bool = True) -> Path:
        folder = self.folder / name / "out"
        everything = [*map(str, arguments), *(["--output", str(folder)] if output else [])]
        base = str(self.folder / name / "opt")
        self.cases[name] = {"script": script, "arguments": everything, "base": base}
        return folder

    def run(self, job: Job, scripts: Path) -> dict[str, Outcome]:
        cases = self.folder / "cases.json"
        cases.write_text(json.dumps(list(self.cases.values())))
        done = job(Path(__file__).parent / "run_cases.py", scripts, cases, base=self.folder)
        assert done.returncode == 0, done.stdout[-4000:]
        codes = json.loads((self.folder / "cases.json.codes").read_text())
        return {
            name: Outcome(code, self.folder / name / "out", self.folder / name / "opt")
            for name, code in zip(self.cases, codes, strict=True)
        }


def _check(plan: Plan, name: str, features: Path, *arguments: str | Path, suite: Path = SUITE) -> None:
    metrics = features / "metrics" / "metrics.json"
    needed = ("--input", features / "parquet", "--metrics", metrics, "--suite", suite)
    plan.add(name, "check_features", *needed, *arguments)


@pytest.fixture(scope="session")
def outcomes(tmp_path_factory, spark_job, jobs) -> dict[str, Outcome]:
    plan = Plan(tmp_path_factory.mktemp("abalone"))
    for name, files in FILES.items():
        source = plan.folder / name / "in put"
        source.mkdir(parents=True)
        for file, content in files.items():
            (source / file).parent.mkdir(exist_ok=True)
            (source / file).write_bytes(content)
        plan.add(name, "build_features", "--input", source)
    good = plan.folder / "good"
    plan.add("another seed", "build_features", "--input", good / "in put", "--seed", "7")
    sample_source = plan.folder / "sample" / "in put"
    sample_source.mkdir(parents=True)
    shutil.copy(SAMPLE, sample_source)
    sample = plan.add("sample", "build_features", "--input", sample_source)
    if (REAL / "abalone.csv").is_file():
        plan.add("real", "build_features", "--input", REAL)
        plan.add("real again", "build_features", "--input", REAL)
    _check(plan, "check passes", sample, "--min-rows", "1000", "--max-rejected-fraction", "0.01")
    _check(plan, "check fails", plan.folder / "missing column" / "out", "--min-rows", "1000")
    suite = _suite_with(plan.folder, "expect_column_values_to_not_be_null", column="colour")
    _check(plan, "check of a column that is not there", sample, suite=suite)
    (plan.folder / "broken.json").write_text("[")
    _check(plan, "broken suite", sample, suite=plan.folder / "broken.json")
    _check(plan, "no metrics", plan.folder)
    (plan.folder / "no rows" / "metrics").mkdir(parents=True)
    (plan.folder / "no rows" / "metrics" / "metrics.json").write_text('{"rows_in": 0}')
    _check(plan, "no features", plan.folder / "no rows")
    return plan.run(spark_job, jobs / "abalone")


def _suite_with(folder: Path, expectation: str, **kwargs: Any) -> Path:
    path = folder / f"{expectation}.json"
    path.write_text(json.dumps({"features": [{"type": expectation, "kwargs": kwargs}], "intake": []}))
    return path


@pytest.fixture(scope="session")
def files() -> dict[str, dict[str, bytes]]:
    return FILES
