"""``serve``: rows of every format in, predictions of every format out."""

import json
import os
import socket
import struct
import subprocess
import urllib.error
import urllib.request

import pytest

from tests.include.images.boosting.conftest import (
    COLUMNS,
    HERE,
    IMAGES,
    PARQUET,
    RECORDIO,
    Job,
    csv,
    message,
    record,
    recordio,
    rows,
    sparse_recordio,
    tensor,
    wait_for,
)

TRAIN, ROWS = rows(300), rows(7, seed=9)
UNLABELLED = [row[1:] for row in ROWS]


@pytest.fixture(scope="module")
def endpoint(tmp_path_factory, run_all, python):
    """The URL of a model that is served by a process of the image."""
    base = tmp_path_factory.mktemp("serving")
    job = Job(base / "job").channel("train", a=csv(TRAIN))
    run_all([job], base)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {
        **os.environ,
        "SAGEMAKER_BASE_DIR": str(job.base),
        "PYTHONPATH": str(IMAGES),
        "SAGEMAKER_BIND_TO_HOST": "127.0.0.1",
        "SAGEMAKER_BIND_TO_PORT": str(port),
    }
    url = f"http://127.0.0.1:{port}"
    with subprocess.Popen([python, IMAGES / "xgboost" / "serve.py"], env=environment) as process:
        try:
            wait_for(lambda: _up(url))
            yield url
        finally:
            process.terminate()


def _up(url) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/ping", timeout=5):
            return True
    except OSError:
        return False


def ask(url, body: bytes, content_type: str, accept: str = "text/csv") -> tuple[int, bytes]:
    headers = {"Content-Type": content_type, "Accept": accept}
    request = urllib.request.Request(f"{url}/invocations", body, headers)
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


@pytest.fixture(scope="module")
def expected(endpoint):
    status, body = ask(endpoint, csv(UNLABELLED), "text/csv")
    assert status == 200
    return [float(line) for line in body.split()]


def _parquet(folder, python) -> bytes:
    files = folder / "files.json"
    columns = {name: [row[index] for row in UNLABELLED] for index, name in enumerate(COLUMNS[1:])}
    files.write_text(json.dumps({str(folder / "rows.parquet"): columns}))
    subprocess.run([python, HERE / "write_parquet.py", files], check=True)
    return (folder / "rows.parquet").read_bytes()


def _svm(labelled: str) -> bytes:
    pairs = (" ".join(f"{index}:{value}" for index, value in enumerate(row)) for row in UNLABELLED)
    return "\n".join(labelled + row for row in pairs).encode()


BODIES = {
    "libsvm": ("text/libsvm", lambda: _svm("")),
    "libsvm with labels": ("text/x-libsvm", lambda: _svm("1 ")),
    "recordio with labels": (RECORDIO, lambda: recordio(ROWS)),
    "recordio": (RECORDIO, lambda: b"".join(record(message(tensor(row), None)) for row in UNLABELLED)),
    "sparse recordio": (RECORDIO, lambda: sparse_recordio(ROWS)),
}


@pytest.mark.parametrize("name", BODIES)
def test_the_format_does_not_change_the_prediction(endpoint, expected, name):
    content_type, body = BODIES[name]
    status, answer = ask(endpoint, body(), content_type)
    assert (status, [float(line) for line in answer.split()]) == (200, expected)


def test_parquet(endpoint, expected, tmp_path, python):
    status, answer = ask(endpoint, _parquet(tmp_path, python), PARQUET)
    assert (status, [float(line) for line in answer.split()]) == (200, expected)


def test_predictions_as_json_and_as_records(endpoint, expected):
    body = csv(UNLABELLED)
    _, answer = ask(endpoint, body, "text/csv", "application/json")
    assert [entry["score"] for entry in json.loads(answer)["predictions"]] == expected
    _, answer = ask(endpoint, body, "text/csv", RECORDIO)
    # Each record: a label "score" that holds one float.
    length = len(answer) // len(expected)
    scores = [answer[start : start + length] for start in range(0, len(answer), length)]
    assert all(part.startswith(b"\x0a\x23\xd7\xce") and b"score" in part for part in scores)
    assert all(struct.pack("<f", value) in part for part, value in zip(scores, expected, strict=True))


@pytest.mark.parametrize(
    ("body", "content_type", "accept", "status", "says"),
    [
        (record(b"1234", magic=1), RECORDIO, "", 400, "The body, record 0 at byte 0 has the magic number"),
        (recordio(ROWS)[:-3], RECORDIO, "", 400, "The body, record 6 at byte"),
        (b"PAR1PAR1", PARQUET, "", 400, "The body is not Parquet, or is not whole"),
        (b"1,2,3\n1,2\n", "text/csv", "", 400, "Expected 3 columns, got 2"),
        (b"1,2,3", "image/png", "", 415, "application/x-parquet or application/x-recordio-protobuf"),
        (b"1,2,3", "text/csv", "image/png", 406, "ask for text/csv, application/json or"),
    ],
)
def test_what_is_wrong_with_the_body_is_said(endpoint, body, content_type, accept, status, says):
    found, answer = ask(endpoint, body, content_type, accept)
    assert (found, says in answer.decode()) == (status, True), answer
