"""Runs a script's ``main`` for each line of its input, all in one interpreter with one Spark.

``python steps.py SCRIPTS``: a line is ``{"script", "arguments", "base"}``, the answer ``{"code"}``. With
``"stop": {"module", "name", "after"}`` the run is broken off when that function is called for the time after
so many; with ``"kill"`` the whole process is killed there, with ``"overwrite": [bucket, key]`` in
``"stop"`` an object is replaced. ``{"read": [...]}`` answers the rows of Parquet files.
"""

import importlib
import io
import json
import os
import signal
import sys
import threading
import traceback
from collections.abc import Iterator
from contextlib import contextmanager

import boto3
import pyarrow.parquet as pq


class BrokenOffError(BaseException):
    """Nothing in a job catches this, as nothing catches a kill."""


@contextmanager
def stopping(stop: dict | None, kill: bool) -> Iterator[None]:
    if not stop:
        yield
        return
    module, calls = importlib.import_module(stop["module"]), 0
    original, one_by_one = getattr(module, stop["name"]), threading.RLock()

    def counted(*arguments, **options):
        nonlocal calls
        with one_by_one:
            calls += 1
            if calls > stop["after"]:
                interfere(stop.get("overwrite"), kill)
            return original(*arguments, **options)

    setattr(module, stop["name"], counted)
    try:
        yield
    finally:
        setattr(module, stop["name"], original)


def interfere(overwrite: list[str] | None, kill: bool) -> None:
    if overwrite:
        bucket, key = overwrite
        boto3.client("s3").put_object(Bucket=bucket, Key=key, Body=b"of another job")
        return
    if kill:
        os.kill(os.getpid(), signal.SIGKILL)
    raise BrokenOffError


def run(step: dict) -> int:
    os.environ["SAGEMAKER_BASE_DIR"] = step["base"]
    script = importlib.import_module(step["script"])
    try:
        with stopping(step.get("stop"), step.get("kill", False)):
            return script.main(step["arguments"])
    except BrokenOffError:
        return 137
    except SystemExit as exit_:  # argparse
        return exit_.code
    except Exception:
        traceback.print_exc()
        return 2


def read(uris: list[str]) -> list[dict]:
    s3 = boto3.client("s3")
    rows = []
    for uri in uris:
        bucket, _, key = uri.removeprefix("s3://").partition("/")
        body = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
        rows += pq.read_table(io.BytesIO(body)).to_pylist()
    return rows


if __name__ == "__main__":
    sys.path.insert(0, sys.argv[1])
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)  # what the jobs print is not an answer
    for line in sys.stdin:
        step = json.loads(line)
        answer = {"rows": read(step["read"])} if "read" in step else {"code": run(step)}
        answers.write(json.dumps(answer, default=lambda value: value.isoformat()) + "\n")
