"""Training jobs of the XGBoost image as SageMaker would run them: folders, configuration, processes."""

import json
import os
import random
import re
import struct
import subprocess
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.include.jobs.conftest import interpreter

IMAGES = Path(__file__).resolve().parents[4] / "include" / "images"
HERE = Path(__file__).parent
HYPERPARAMETERS = {
    "num_round": "5",
    "max_depth": "3",
    "subsample": "0.7",
    "seed": "42",
    "objective": "reg:squarederror",
    "nthread": "1",
}
RECORDIO = "application/x-recordio-protobuf"
PARQUET = "application/x-parquet"
COLUMNS = ("rings", "length", "height", "weight")
Row = Sequence[float]
STARTED: list[subprocess.Popen[str]] = []


def rows(count: int, seed: int = 7) -> list[Row]:
    """The label, which two of the features make, and three features."""
    draw = random.Random(seed)
    features = [[round(draw.random(), 3) for _ in range(3)] for _ in range(count)]
    return [[round(10 * a + b, 3), a, b, c] for a, b, c in features]


def csv(table: Iterable[Row]) -> bytes:
    return b"".join(",".join(map(str, row)).encode() + b"\n" for row in table)


def libsvm(table: Iterable[Row]) -> bytes:
    return "".join(
        f"{row[0]} {' '.join(f'{index}:{value}' for index, value in enumerate(row[1:]))}\n" for row in table
    ).encode()


# The wire format of AWS's Record message, by hand: what is tested is that the image reads what others write.


def _field(number: int, content: bytes) -> bytes:
    """A field of length-delimited type; every content here is shorter than 128 bytes."""
    assert len(content) < 128
    return bytes([number << 3 | 2, len(content)]) + content


def tensor(values: Row, *, wide: bool = False, keys: Row = (), shape: int | None = None) -> bytes:
    """A Value that holds a Float32Tensor, or with ``wide`` a Float64Tensor."""
    content = _field(1, struct.pack(f"<{len(values)}{'d' if wide else 'f'}", *values))
    if keys:
        content += _field(2, bytes(keys))
    if shape is not None:
        content += _field(3, bytes([shape]))
    return _field(3 if wide else 2, content)


def message(features: bytes, label: bytes | None) -> bytes:
    parts = [(1, features), (2, label)]
    return b"".join(
        _field(number, _field(1, b"values") + _field(2, value))
        for number, value in parts
        if value is not None
    )


def record(content: bytes, magic: int = 0xCED7230A) -> bytes:
    return struct.pack("<II", magic, len(content)) + content + bytes(-len(content) % 4)


def recordio(table: Iterable[Row], *, wide: bool = False) -> bytes:
    return b"".join(record(message(tensor(row[1:], wide=wide), tensor(row[:1], wide=wide))) for row in table)


def sparse_recordio(table: Iterable[Row]) -> bytes:
    return b"".join(
        record(message(tensor(row[1:], keys=range(len(row) - 1), shape=len(row) - 1), tensor(row[:1])))
        for row in table
    )


@dataclass
class Job:
    """A training job's folder, which stands for ``/opt/ml``."""

    base: Path
    hyperparameters: dict[str, str] = field(default_factory=lambda: dict(HYPERPARAMETERS))
    channels: dict[str, dict[str, str]] = field(default_factory=dict)
    hosts: list[str] = field(default_factory=lambda: ["algo-1"])
    host: str = "algo-1"
    addresses: dict[str, str] = field(default_factory=dict)

    def channel(self, name: str, content_type: str = "text/csv", **files: bytes) -> "Job":
        """Adds a channel in File mode; ``__`` in a name stands for a dot."""
        self.configure(name, ContentType=content_type)
        folder = self.base / "input" / "data" / name
        folder.mkdir(parents=True, exist_ok=True)
        for file, content in files.items():
            (folder / file.replace("__", ".")).write_bytes(content)
        return self

    def configure(self, name: str, **entry: str) -> "Job":
        self.channels[name] = {"TrainingInputMode": "File", "S3DistributionType": "FullyReplicated"} | entry
        return self

    def pipe(self, name: str, content_type: str = "text/csv") -> Path:
        """Adds a channel in Pipe mode; the pipe of its first epoch."""
        self.configure(name, ContentType=content_type, TrainingInputMode="Pipe")
        path = self.base / "input" / "data" / f"{name}_0"
        path.parent.mkdir(parents=True, exist_ok=True)
        os.mkfifo(path)
        return path

    def spot(self) -> "Job":
        self.checkpoints.mkdir(parents=True, exist_ok=True)
        return self

    def write(self) -> Path:
        config = self.base / "input" / "config"
        config.mkdir(parents=True, exist_ok=True)
        resources = {"current_host": self.host, "hosts": self.hosts}
        contents = {
            "hyperparameters": self.hyperparameters,
            "inputdataconfig": self.channels,
            "resourceconfig": resources,
        }
        for name, content in contents.items():
            (config / f"{name}.json").write_text(json.dumps(content))
        return self.base

    def start(self, python: Path) -> subprocess.Popen[str]:
        """The image's ``train`` as a process."""
        environment = {
            **os.environ,
            "SAGEMAKER_BASE_DIR": str(self.write()),
            "PYTHONPATH": str(IMAGES),
            "PYTHONUNBUFFERED": "1",
            "OMP_WAIT_POLICY": "PASSIVE",
            **({"MILLRACE_HOST_ADDRESSES": json.dumps(self.addresses)} if self.addresses else {}),
        }
        process = subprocess.Popen(
            [python, IMAGES / "xgboost" / "train.py"],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        STARTED.append(process)
        return process

    @property
    def checkpoints(self) -> Path:
        return self.base / "checkpoints"

    @property
    def numbers(self) -> list[int]:
        """Of the checkpoints that are there."""
        suffixes = (path.suffix[1:] for path in self.checkpoints.glob("xgboost-checkpoint.*"))
        return sorted(int(suffix) for suffix in suffixes if suffix.isdigit())

    @property
    def model(self) -> bytes:
        return (self.base / "model" / "xgboost-model").read_bytes()

    @property
    def failure(self) -> str:
        path = self.base / "output" / "failure"
        return path.read_text() if path.is_file() else ""


def lines(log: str) -> list[int]:
    """The numbers of the rounds in a log."""
    return [int(number) for number in re.findall(r"^\[(\d+)\]#011", log, re.MULTILINE)]


def rmse(log: str, name: str = "validation") -> float:
    """The last round's."""
    return float(log.rsplit(f"{name}-rmse:", 1)[1].split(maxsplit=1)[0].split("#", maxsplit=1)[0])


def wait_for(condition, seconds: float = 30.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.01)


@pytest.fixture(autouse=True)
def nothing_is_left_running():
    """A test that fails leaves no process behind either."""
    yield
    while STARTED:
        process = STARTED.pop()
        process.kill()
        process.communicate()


@pytest.fixture(scope="session")
def python() -> Path:
    return interpreter("xgboost")


@pytest.fixture(scope="session")
def run_all(python):
    """Runs jobs one after the other in one process; for each its log."""

    def run(jobs: Iterable[Job], folder: Path) -> list[str]:
        bases = folder / "bases.json"
        bases.write_text(json.dumps([str(job.write()) for job in jobs]))
        done = subprocess.run(
            [python, HERE / "run_jobs.py", bases],
            env={**os.environ, "PYTHONPATH": f"{IMAGES}{os.pathsep}{IMAGES / 'xgboost'}"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stdout[-4000:]
        return json.loads(bases.with_suffix(".logs").read_text())

    return run


def _columns(table: Sequence[Sequence[Any]], names: Sequence[str] = COLUMNS) -> dict[str, list[Any]]:
    return {name: [row[index] for row in table] for index, name in enumerate(names)}


@pytest.fixture(scope="session")
def parquet(tmp_path_factory, python):
    """Parquet files by name, written by the library of the image."""
    folder, table, held_out = tmp_path_factory.mktemp("parquet"), rows(300), rows(60, seed=8)
    tables: dict[str, dict[str, list[Any]]] = {
        "first": _columns(table[:150]),
        "second": _columns(table[150:]),
        "held out": _columns(held_out),
        "reordered": {name: _columns(table[150:])[name] for name in reversed(COLUMNS)},
        "missing": {name: values for name, values in _columns(table[:9]).items() if name != "height"},
        "extra": _columns([[*row, 0] for row in table[:9]], (*COLUMNS, "colour")),
        "text": _columns([[row[0], "M", *row[2:]] for row in table[:9]]),
        "no label": _columns([*table[:9], [None, *table[9][1:]]]),
        "alone": {"rings": [1, 2, 3]},
        "held out reordered": {name: _columns(held_out)[name] for name in reversed(COLUMNS)},
        "flags": _columns([[row[0], row[1] > 0.5 if row[2] > 0.1 else None, *row[2:]] for row in table]),
        # Both magic numbers within a value, which do not end the file.
        "disguised": _columns([[1.0, 1.0, struct.unpack("<d", b"PAR1PAR1")[0], 2.0]] * 9),
    }
    files = folder / "files.json"
    files.write_text(
        json.dumps({str(folder / f"{name}.parquet"): columns for name, columns in tables.items()})
    )
    subprocess.run([python, HERE / "write_parquet.py", files], check=True)
    return {name: (folder / f"{name}.parquet").read_bytes() for name in tables}
