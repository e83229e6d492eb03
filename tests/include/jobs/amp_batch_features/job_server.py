"""One Spark for all cases: runs scripts, writes the lake and reads what is left, as it is told.

``python job_server.py SCRIPTS ANSWERS``: each line of the input is a JSON object with ``do`` and its
arguments, each line of the file descriptor ANSWERS the answer.
"""

import importlib
import io
import json
import os
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

import boto3
import pyarrow as pa
import pyarrow.parquet as pq

TIMES = {"event_time", "started_at", "starts_at"}
EVENT_TYPES = {"topics": pa.list_(pa.string()), **dict.fromkeys(TIMES, pa.timestamp("us", "UTC"))}
FEATURE_TYPES = {"declared": pa.int64()}


def run(script: str, arguments: list[str], base: str) -> int:
    os.environ["SAGEMAKER_BASE_DIR"] = base
    module = importlib.import_module(script)
    try:
        return module.main(arguments)
    except SystemExit as exit_:  # argparse
        return exit_.code
    except BaseException as error:  # a job that is killed here ends there
        return f"{type(error).__name__}: {error}"
    finally:
        if "pyspark" in sys.modules and (spark := sys.modules["pyspark"].sql.SparkSession.getActiveSession()):
            spark.catalog.clearCache()


def kill(script: str, arguments: list[str], base: str, module: str, function: str, calls: int) -> str:
    """Runs a script whose process ends at a call of a function, as if the host had gone."""
    target, left = importlib.import_module(module), [calls]
    original = getattr(target, function)

    def ending(*given, **named):
        left[0] -= 1
        if left[0] < 0:
            raise KeyboardInterrupt("killed")
        return original(*given, **named)

    setattr(target, function, ending)
    try:
        return run(script, arguments, base)
    finally:
        setattr(target, function, original)


def write(bucket: str, objects: dict[str, list[dict]], events: bool = True) -> None:
    """Rows as Parquet with the columns that they have; the times of events are none of text."""
    s3, types = boto3.client("s3"), EVENT_TYPES if events else FEATURE_TYPES

    def put(key: str) -> None:
        rows = objects[key]
        if events:
            rows = [{name: moment(name, value) for name, value in row.items()} for row in rows]
        names = dict.fromkeys(name for row in rows for name in row)
        columns = {name: pa.array([row.get(name) for row in rows], types.get(name)) for name in names}
        file = io.BytesIO()
        pq.write_table(pa.table(columns), file)
        s3.put_object(Bucket=bucket, Key=key, Body=file.getvalue())

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(put, objects))


def moment(name: str, value: object) -> object:
    return datetime.fromisoformat(value) if name in TIMES else value


def read(bucket: str, prefix: str) -> list[dict]:
    """The rows of all Parquet below a prefix."""
    s3 = boto3.client("s3")
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
    keys = [item["Key"] for page in pages for item in page.get("Contents", [])]
    rows = []
    for key in keys:
        if key.endswith(".parquet"):
            body = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
            rows += pq.read_table(io.BytesIO(body)).to_pylist()
    return rows


COMMANDS = {"run": run, "kill": kill, "write": write, "read": read}

if __name__ == "__main__":
    scripts, descriptor = sys.argv[1:]
    sys.path.insert(0, scripts)
    with os.fdopen(int(descriptor), "w") as answers:
        for line in sys.stdin:
            request = json.loads(line)
            answer = COMMANDS[request.pop("do")](**request)
            print(json.dumps(answer, default=str), file=answers, flush=True)
