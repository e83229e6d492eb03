"""Every Spark case of the abalone jobs, run by one process; tests look at what each left behind."""

import codecs
import gzip
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest

from include.images.spark import configuration
from local.aws.server import LocalAws
from tests.include.jobs.conftest import IMAGES, Job

REPOSITORY = Path(__file__).resolve().parents[4]
IMAGE_CODE = REPOSITORY / "include" / "images"
INPUT, OUTPUT = "input", "output"
"""Two buckets."""
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
HEADER = b"sex,length,diameter,height,whole,shucked,viscera,shell,rings\n"
BAD_ROWS = {
    "missing column": b"M,0.455,0.365\n",
    "extra column": ROWS[0] + b",1\n",
    "letters": _row(LENGTH, b"0.4x") + _row(LENGTH, b"0.5d") + _row(RINGS, b"ten"),
    "negative": _row(WHOLE, b"-0.514"),
    "not finite": b"".join(_row(LENGTH, value) for value in (b"NaN", b"-Infinity", b"1e999")),
    "sex": _row(0, b"X") + _row(0, b""),
    "rings": b"".join(_row(RINGS, value) for value in (b"0", b"-3", b"7.5", b"99999999999", b"")),
    "blank": b"\n   \n",
    "zero height, which is none": _row(HEIGHT, b"0") + _row(HEIGHT, b"0.0"),
    "open quote": b'"' + ROWS[0] + b"\n",
}
"""Each line is judged for itself."""
LONG = 10_000_000
FILES: dict[str, dict[str, bytes]] = {
    "good": {"abalone.csv": GOOD},
    "other order and files": {
        "b.csv": b"".join(r + b"\n" for r in ROWS[:20:-1]),
        "a.csv": b"\n".join(ROWS[:21]),
    },
    "as a spreadsheet writes it": {
        "abalone.csv": codecs.BOM_UTF8 + GOOD[:-1].replace(b"M,", b'"M" , ').replace(b"\n", b"\r\n")
    },
    "zipped": {"abalone.csv.gz": gzip.compress(GOOD)},
    "spaces and unicode": {"größe der Ohren/l'été [1] + 100%.csv": GOOD},
    "colon": {"2026-01-01T10:30.csv": GOOD},
    "signs": {"a+b=c%20d;e&f#g?/abalone.csv": GOOD},
    "hidden files": {"abalone.csv": GOOD, "_SUCCESS": b"", ".abalone.csv.crc": b"crc\0", "_old/a": b"x"},
    "outputs of a former attempt": {"abalone.csv": GOOD},
    "bad rows": {"abalone.csv": HEADER + GOOD + b"".join(BAD_ROWS.values())},
    "long lines": {"abalone.csv": GOOD + b"1," * 20_000 + b"\n" + b"x" * LONG + b"\n" + b"," * LONG + b"\n"},
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
    "empty part of a key": {"a//abalone.csv": GOOD},
    "colon in a pattern": {"[10:30].csv": GOOD},
    "failure after a success": {"abalone.csv.bz2": GOOD},
}
FORMER = ("csv/train/part-00007.csv", "rejected/part-00000.json", "_staging/csv/_SUCCESS", "_SUCCESS")
"""What an attempt left of which nothing may stay."""


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
        return [path.read_bytes() for path in sorted((self.output / folder).glob("*"))]

    def files(self) -> list[str]:
        return sorted(str(p.relative_to(self.output)) for p in self.output.rglob("*") if p.is_file())


class Plan:
    """Cases to run in one process."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.cases: dict[str, dict[str, Any]] = {}

    def add_features(self, name: str, *arguments: str, source: str | None = None) -> str:
        """A case that builds features from and in S3; the URI of its output."""
        output = f"s3://{OUTPUT}/{name}"
        where = ("--input", source or uri(name), "--output", output, "--report", self.folder / name / "out")
        self.add(name, "build_features", *where, *arguments, output=False)
        return output

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


def uri(name: str) -> str:
    """Where the input of a case is."""
    return f"s3://{INPUT}/{name}/in put/"


@contextmanager
def storage(folder: Path) -> Iterator[Any]:
    """A local AWS with both buckets, where the programs that start meanwhile find their S3."""
    with pytest.MonkeyPatch.context() as patch, LocalAws(home=folder / "aws", images=IMAGES) as aws:
        s3 = boto3.client("s3", endpoint_url=aws.endpoint_url)
        for bucket in (INPUT, OUTPUT):
            s3.create_bucket(Bucket=bucket)
        patch.setenv("AWS_ENDPOINT_URL", aws.endpoint_url)
        patch.setenv("SPARK_CONF_DIR", str(spark_configuration(folder, aws.endpoint_url)))
        yield s3


def spark_configuration(folder: Path, endpoint_url: str) -> Path:
    """A folder with Spark's files as the image makes them on a laptop."""
    code = "import json, storage; print(json.dumps(storage.core_site()))"
    there = {
        **os.environ,
        "PYTHONPATH": f"{IMAGE_CODE}{os.pathsep}{IMAGE_CODE / 'spark'}",
        "SAGEMAKER_BASE_DIR": str(folder),
        "AWS_ENDPOINT_URL": endpoint_url,
    }
    done = subprocess.run([sys.executable, "-c", code], env=there, capture_output=True, text=True, check=True)
    charset = {"spark.driver.defaultJavaOptions": "-Dfile.encoding=UTF-8"}
    configuration.write(
        [], folder / "conf", {"core-site": json.loads(done.stdout), "spark-defaults": charset}
    )
    return folder / "conf"


def upload(s3: Any, prefix: str, files: Mapping[str, bytes], bucket: str = INPUT) -> None:
    for name, content in files.items():
        s3.put_object(Bucket=bucket, Key=f"{prefix}/{name}", Body=content)


def download(s3: Any, folder: Path) -> None:
    """All outputs, into the cases' folders."""
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=OUTPUT)
    for key in (item["Key"] for page in pages for item in page.get("Contents", [])):
        name, _, path = key.partition("/")
        target = folder / name / "out" / path
        target.parent.mkdir(parents=True, exist_ok=True)
        s3.download_file(OUTPUT, key, str(target))


def _check(plan: Plan, name: str, features: str, *arguments: str | Path, suite: Path = SUITE) -> None:
    metrics = plan.folder / features.rpartition("/")[2] / "out" / "metrics" / "metrics.json"
    plan.add(name, "check_features", "--input", features, "--metrics", metrics, "--suite", suite, *arguments)


@pytest.fixture(scope="session")
def outcomes(tmp_path_factory, spark_job, jobs) -> dict[str, Outcome]:
    plan = Plan(tmp_path_factory.mktemp("abalone"))
    with storage(plan.folder) as s3:
        for name, files in FILES.items():
            upload(s3, f"{name}/in put", files)
            plan.add_features(name)
        for name in ("outputs of a former attempt", "failure after a success"):
            upload(s3, name, dict.fromkeys(FORMER, b"old"), OUTPUT)
        _add_more(plan, s3)
        _add_checks(plan, s3)
        outcomes = plan.run(spark_job, jobs / "abalone")
        download(s3, plan.folder)
    return outcomes


def _add_more(plan: Plan, s3: Any) -> None:
    plan.add_features("another seed", "--seed", "7", source=uri("good"))
    upload(s3, "sample/in put", {"abalone.csv": SAMPLE.read_bytes()})
    plan.add_features("sample")
    upload(s3, "odd file/in put", {"größe/a + b%20[1].csv": GOOD + b"x\n"})
    plan.add_features("odd file")
    plan.add_features("one file", source=f"{uri('good')}abalone.csv")
    whole = ("--output", f"s3://{OUTPUT}/", "--report", plan.folder / "whole bucket" / "out")
    plan.add("whole bucket", "build_features", "--input", uri("good"), *whole, output=False)
    upload(s3, "csv", {"mine.csv": b"1"}, OUTPUT)
    plan.add_features("no bucket", source="s3://nobody/x/")
    plan.add_features("input in the output", source=f"s3://{OUTPUT}/input in the output/csv/train/")
    if (REAL / "abalone.csv").is_file():
        upload(s3, "real/in put", {"abalone.csv": (REAL / "abalone.csv").read_bytes()})
        plan.add_features("real")
        plan.add_features("real again", source=uri("real"))


def _add_checks(plan: Plan, s3: Any) -> None:
    sample = f"s3://{OUTPUT}/sample"
    _check(plan, "check passes", sample, "--min-rows", "1000", "--max-rejected-fraction", "0.01")
    _check(plan, "check fails", f"s3://{OUTPUT}/bad rows", "--min-rows", "1000")
    suite = _suite_with(plan.folder, "expect_column_values_to_not_be_null", column="colour")
    _check(plan, "check of a column that is not there", sample, suite=suite)
    (plan.folder / "broken.json").write_text("[")
    _check(plan, "broken suite", sample, suite=plan.folder / "broken.json")
    _check(plan, "no metrics", f"s3://{OUTPUT}/nowhere")
    for name, files in (("no rows", {"_SUCCESS": b""}), ("half", {"parquet/train/part-00000.parquet": b""})):
        folder = plan.folder / name / "out" / "metrics"
        folder.mkdir(parents=True)
        (folder / "metrics.json").write_text('{"rows_in": 0}')
        upload(s3, name, files, OUTPUT)
    _check(plan, "no features", f"s3://{OUTPUT}/no rows")
    _check(plan, "half the features", f"s3://{OUTPUT}/half")


def _suite_with(folder: Path, expectation: str, **kwargs: Any) -> Path:
    path = folder / f"{expectation}.json"
    path.write_text(json.dumps({"features": [{"type": expectation, "kwargs": kwargs}], "intake": []}))
    return path


@pytest.fixture(scope="session")
def files() -> dict[str, dict[str, bytes]]:
    return FILES
