"""Every format trains the same model of the same rows; what is no such format is refused with a sentence."""

import json
import os
import struct
import subprocess
from pathlib import Path

import pytest

from tests.include.images.boosting.conftest import (
    IMAGES,
    PARQUET,
    RECORDIO,
    Job,
    csv,
    libsvm,
    message,
    record,
    recordio,
    rmse,
    rows,
    sparse_recordio,
    tensor,
)

TRAIN, HELD_OUT = rows(300), rows(60, seed=8)
LINE = b"1,2,3,4\n"
GOOD = recordio(TRAIN[:5])
WEIGHTED = [[row[0], 1.0, *row[1:]] for row in TRAIN]
SECOND = GOOD[: len(GOOD) // 5]
"""Each record of `GOOD` has the same length."""


def _good(base: Path, parquet) -> dict[str, Job]:
    def job(name, content_type, first, second, held_out):
        trained = Job(base / name).channel("train", content_type, a=first, b=second)
        return trained.channel("validation", content_type, c=held_out)

    halves = TRAIN[:150], TRAIN[150:], HELD_OUT
    semicolons = [csv(part).replace(b",", b";") for part in halves]
    made = {
        "csv": job("csv", "text/csv", *map(csv, halves)),
        "csv with parameters": job("label", "text/csv; label_size=1", *map(csv, halves)),
        "semicolons": job("semicolons", "csv", *semicolons),
        "libsvm": job("libsvm", "text/x-libsvm", *map(libsvm, halves)),
        "no content type": job("none", "", *map(libsvm, halves)),
        "parquet": job("parquet", PARQUET, parquet["first"], parquet["second"], parquet["held out"]),
        "columns in another order": job(
            "reordered", "parquet", parquet["first"], parquet["reordered"], parquet["held out"]
        ),
        "validation columns in another order": job(
            "validation", PARQUET, parquet["first"], parquet["second"], parquet["held out reordered"]
        ),
        "blank first lines": job("blank", "csv", *(b"\n \r\n" + csv(part) for part in halves)),
        "recordio": job("recordio", RECORDIO, *map(recordio, halves)),
        "float64": job("float64", RECORDIO, *(recordio(part, wide=True) for part in halves)),
        "sparse": job("sparse", "recordio-protobuf", *map(sparse_recordio, halves)),
        "weighted": job(
            "weighted",
            "text/csv",
            csv(WEIGHTED[:150]),
            csv(WEIGHTED[150:]),
            csv([[r[0], 1, *r[1:]] for r in HELD_OUT]),
        ),
        "weighted libsvm": job(
            "weighted libsvm", "libsvm", *(libsvm(part).replace(b" 0:", b":1 0:") for part in halves)
        ),
    }
    made["weighted"].hyperparameters["csv_weights"] = "1"
    return made


@pytest.fixture(scope="module")
def trained(tmp_path_factory, parquet, run_all):
    base = tmp_path_factory.mktemp("trained")
    jobs = _good(base, parquet)
    return dict(zip(jobs, zip(jobs.values(), run_all(jobs.values(), base), strict=True), strict=True))


NAMES = (
    *(
        "csv with parameters",
        "semicolons",
        "libsvm",
        "no content type",
        "parquet",
        "columns in another order",
        "validation columns in another order",
        "blank first lines",
    ),
    *("recordio", "float64", "sparse", "weighted", "weighted libsvm"),
)


@pytest.mark.parametrize("name", NAMES)
def test_the_format_does_not_change_the_model(trained, name):
    (expected, log), (job, other) = trained["csv"], trained[name]
    assert "exit code 0" in other, other
    assert rmse(other) == pytest.approx(rmse(log), rel=1e-4)
    assert 0 < rmse(log) < 2
    if name not in {"libsvm", "no content type", "sparse", "weighted", "weighted libsvm"}:
        assert job.model == expected.model


REFUSED = {
    "header": (
        "text/csv",
        {"x.csv": b"rings,length\n1,2\n"},
        "x.csv of channel train is not a headerless CSV",
    ),
    "short row": ("text/csv", {"x.csv": LINE + b"1,2,3\n"}, "Expected 4 columns, got 3"),
    "no feature": (
        "text/csv",
        {"x.csv": b"1\n2\n"},
        "x.csv of channel train has 1 column: expected the label",
    ),
    "two widths": (
        "text/csv",
        {"a.csv": LINE, "b.csv": b"1,2\n"},
        "b.csv of channel train has 1 features: expected 3 as in the rows before",
    ),
    "no label": ("text/csv", {"x.csv": LINE + b",2,3,4\n"}, "rows whose label is missing or infinite"),
    "tabs": ("text/csv", {"x.csv": b"\t\t\t\n1\t2\t3\t4\n"}, "rows whose label is missing or infinite"),
    "query groups": (
        "libsvm",
        {"x": b"# a comment about qid:s\n1 0:2 # qid:\n1 qid:7 0:3\n"},
        "x of channel train has query groups (qid:) in lines 1 to 3, which this image does not read.",
    ),
    "infinite label": ("text/csv", {"x.csv": b"inf,2,3,4\n"}, "rows whose label is missing or infinite"),
    "empty": ("text/csv", {"x.csv": b"", "_SUCCESS": b"1"}, "Channel train has no rows"),
    "label size": ("text/csv; label_size=2", {"x.csv": LINE}, "is not an accepted csv ContentType"),
    "content type": ("image/png", {"x.png": LINE}, "image/png is not an accepted ContentType: csv, text/csv"),
    "no libsvm": ("libsvm", {"x": b"1 0:2\n1 a:b\n"}, "x of channel train is not libsvm"),
    "some weights": ("libsvm", {"x": b"1:2 0:2\n1 0:3\n"}, "in lines 1 to 2: some rows have a weight"),
    "no parquet": (PARQUET, {"x.parquet": LINE * 9}, "x.parquet is not Parquet, or is not whole"),
    "bad magic": (
        RECORDIO,
        {"x": SECOND + record(b"1234", magic=0x0A23D7CE)},
        f"x of channel train, record 1 at byte {len(SECOND)} has the magic number 0x0a23d7ce: expected 0xced",
    ),
    "truncated": (
        RECORDIO,
        {"x": GOOD[:-5]},
        f"record 4 at byte {4 * len(SECOND)} ends after {len(SECOND) - 13} bytes of content: expected",
    ),
    "truncated header": (RECORDIO, {"x": GOOD + b"\x0a\x23"}, "ends after 2 bytes of its header: expected 8"),
    "no record": (RECORDIO, {"x": record(b"\xff\xff\xff\xff")}, "x of channel train, record 0 at byte 0: "),
    "no record label": (
        RECORDIO,
        {"x": GOOD + record(message(tensor([1, 2, 3]), None))},
        f"record 5 at byte {len(GOOD)}: its label has nothing: expected 'values'",
    ),
    "two labels": (
        RECORDIO,
        {"x": record(message(tensor([1, 2, 3]), tensor([1, 2])))},
        "record 0 at byte 0: its label has 2 values: expected 1",
    ),
    "other width": (
        RECORDIO,
        {"x": GOOD + record(message(tensor([1, 2]), tensor([1])))},
        "it has 2 features: expected 3",
    ),
    "key too large": (
        RECORDIO,
        {"x": record(message(tensor([1], keys=[9], shape=3), tensor([1])))},
        "it has the key 9: expected less than its shape, 3",
    ),
}


@pytest.fixture(scope="module")
def refused(tmp_path_factory, run_all):
    base, jobs = tmp_path_factory.mktemp("refused"), {}
    for name, (content_type, files, _) in REFUSED.items():
        jobs[name] = Job(base / name).channel("train", content_type)
        for file, content in files.items():
            (base / name / "input" / "data" / "train" / file).write_bytes(content)
    logs = run_all(jobs.values(), base)
    assert all("exit code 1" in log for log in logs), logs
    return {name: job.failure for name, job in jobs.items()}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_wrong_with_the_data_is_said(refused, name):
    assert refused[name].startswith("DataError: ")
    assert REFUSED[name][2] in refused[name]


@pytest.mark.parametrize(
    ("name", "says"),
    [
        (
            "missing",
            "b.parquet of channel train has no column 'height': expected the columns rings, length, height",
        ),
        ("extra", "b.parquet of channel train has a column 'colour': expected the columns rings, length, "),
        ("text", "Column 'length' of b.parquet of channel train is of type "),
        ("no label", "b.parquet of channel train has rows whose label is missing or infinite."),
        ("alone", "b.parquet of channel train has no column 'length'"),
    ],
)
def test_parquet_files_have_the_columns_of_the_first(tmp_path, parquet, run_all, name, says):
    job = Job(tmp_path / "job").channel(
        "train", PARQUET, a__parquet=parquet["first"], b__parquet=parquet[name]
    )
    run_all([job], tmp_path)
    assert says in job.failure


def test_a_record_in_parts_is_joined(tmp_path, run_all):
    whole = message(tensor(TRAIN[0][1:]), tensor(TRAIN[0][:1]))
    label = message(tensor(TRAIN[1][1:]), tensor(TRAIN[1][:1]))
    magic = struct.pack("<I", 0xCED7230A)
    # A record whose content holds the magic number: an unknown field of the message does.
    content = label + bytes([15 << 3 | 2, 8]) + b"1234" + magic
    first, second = content[:-4], b""
    parts = b"".join(
        magic + struct.pack("<I", flag << 29 | len(part)) + part + bytes(-len(part) % 4)
        for flag, part in ((1, first), (3, second))
    )
    jobs = [
        Job(tmp_path / "parts").channel("train", RECORDIO, x=record(whole) + parts),
        Job(tmp_path / "whole").channel("train", RECORDIO, x=record(whole) + record(label)),
    ]
    run_all(jobs, tmp_path)
    assert jobs[0].model == jobs[1].model


def test_labels_that_the_objective_does_not_take_are_refused(tmp_path, run_all):
    job = Job(tmp_path / "job").channel("train", a=csv(TRAIN))
    job.hyperparameters["objective"] = "binary:logistic"
    run_all([job], tmp_path)
    assert job.failure.startswith("DataError: XGBoost cannot train on this: ")
    assert "must be in" in job.failure
    assert "Stack trace" not in job.failure


def test_other_ways_to_grow_trees_read_the_same_rows(tmp_path, run_all):
    """Those that need the values themselves: all rows are in memory then."""
    jobs = []
    for name, change in (
        ("exact", {"tree_method": "exact"}),
        ("approx", {"tree_method": "approx"}),
        ("linear", {"booster": "gblinear"}),
        ("dart", {"booster": "dart"}),
        ("metrics", {"eval_metric": "rmse,mae"}),
    ):
        job = Job(tmp_path / name).channel("train", a=csv(TRAIN[:150]), b=csv(TRAIN[150:]))
        job.channel("validation", c=csv(HELD_OUT)).hyperparameters |= change
        if name == "linear":
            for tree in ("max_depth", "subsample"):
                del job.hyperparameters[tree]
        jobs.append(job)
    logs = run_all(jobs, tmp_path)
    assert all("exit code 0" in log and 0 < rmse(log) < 3 for log in logs), logs
    assert "#011validation-mae:" in logs[-1]


def test_the_validation_files_have_the_columns_of_the_training_files(tmp_path, parquet, run_all):
    job = Job(tmp_path / "job").channel("train", PARQUET, a=parquet["first"])
    job.channel("validation", PARQUET, c=parquet["missing"])
    run_all([job], tmp_path)
    assert "c of channel validation has no column 'height': expected the columns rings, length" in job.failure


def test_booleans_may_be_missing(tmp_path, parquet, run_all):
    flags = [[row[0], "" if row[2] <= 0.1 else int(row[1] > 0.5), *row[2:]] for row in TRAIN]
    jobs = [
        Job(tmp_path / "parquet").channel("train", PARQUET, a=parquet["flags"]),
        Job(tmp_path / "csv").channel("train", "text/csv", a=csv(flags)),
    ]
    logs = run_all(jobs, tmp_path)
    assert "exit code 0" in logs[0], logs
    assert jobs[0].model == jobs[1].model


def test_a_damaged_page_is_said(tmp_path, parquet, run_all):
    content = parquet["first"]
    damaged = content[:4] + b"\xff" * 200 + content[204:]
    job = Job(tmp_path / "job").channel("train", PARQUET, a=damaged)
    run_all([job], tmp_path)
    assert job.failure.startswith("DataError: a of channel train has rows that cannot be read: ")


SIZES = """
import json, sys
from pathlib import Path
from boosting import libsvm_rows, parquet_rows, protobuf_rows
from boosting.batch import Layout
for module in (libsvm_rows, parquet_rows, protobuf_rows):
    module.BATCH_ROWS, module.BATCH_VALUES = 8, int(sys.argv[1])
readers = {"libsvm": libsvm_rows, "parquet": parquet_rows, "recordio": protobuf_rows, "sparse": protobuf_rows}
sizes = {}
for path in map(Path, sys.argv[2:]):
    with path.open("rb") as stream:
        batches = list(readers[path.name].batches(stream, path.name, Layout()))
    sizes[path.name] = [batch.rows for batch in batches]
    assert {str(batch.features.dtype) for batch in batches} == {"float32"}
print(json.dumps(sizes))
"""


@pytest.mark.parametrize(("values", "size"), [(1000, 8), (12, 4)])
def test_rows_are_decoded_as_many_at_a_time_as_their_values_allow(tmp_path, parquet, python, values, size):
    """Rows of three features; a Parquet file's have the label among their columns: 12 values are 3 rows."""
    contents = {"libsvm": libsvm, "recordio": recordio, "sparse": sparse_recordio}
    for name, encoded in contents.items():
        (tmp_path / name).write_bytes(encoded(TRAIN[:9]))
    (tmp_path / "parquet").write_bytes(parquet["disguised"])
    environment = {**os.environ, "PYTHONPATH": f"{IMAGES}{os.pathsep}{IMAGES / 'xgboost'}"}
    command = [python, "-c", SIZES, str(values), *sorted(tmp_path.iterdir())]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True, timeout=60)
    by_rows = [min(size, 9 - start) for start in range(0, 9, size)]
    by_columns = by_rows if size == 8 else [3, 3, 3]
    assert json.loads(done.stdout) == {**dict.fromkeys(contents, by_rows), "parquet": by_columns}
