"""The ingestion as SageMaker runs it: a process in the image ``spark``, against a local AWS."""

import json
import os
import subprocess
from types import SimpleNamespace

import pytest

from include.bundles import Bundle
from local.aws.server import LocalAws
from tests.include.jobs.conftest import IMAGES, interpreter
from tests.local.aws.feature_store.conftest import FEATURES, Groups
from tests.local.aws.sagemaker.account import Account

WRITE = """
import json, sys
from datetime import datetime
from pathlib import Path
import pyarrow as pa
import pyarrow.parquet as pq
for name, columns in json.loads(sys.argv[1]).items():
    path = Path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    for key in columns:
        if key == "event_time" and columns[key] and not isinstance(columns[key][0], str):
            columns[key] = pa.array([datetime.fromtimestamp(s) for s in columns[key]], pa.timestamp("us"))
    pq.write_table(pa.table(columns), path, row_group_size=30)
"""


@pytest.fixture(scope="module")
def groups(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MILLRACE_OFFLINE_STORE_SECONDS", "3600")
        with LocalAws(home=tmp_path_factory.mktemp("aws"), images=IMAGES, port=0) as aws:
            made = Groups(aws, Account(aws.endpoint_url).furnish().role)
            made.endpoint_url = aws.endpoint_url
            yield made


@pytest.fixture
def group(groups, request):
    """A feature group of the test's own."""
    name = request.node.name.removeprefix("test_").replace("_", "-")[:60].strip("-")
    groups.make(name, OfflineStoreConfig=None)
    return name


@pytest.fixture
def parquet(tmp_path):
    """Writes Parquet files below a folder: path -> columns."""

    def write(files):
        paths = {str(tmp_path / path): columns for path, columns in files.items()}
        # No zone is UTC; NaN is not JSON, but Python reads it.
        environment = {**os.environ, "TZ": "UTC"}
        command = [interpreter("spark"), "-c", WRITE, json.dumps(paths)]
        subprocess.run(command, check=True, env=environment)

    return write


@pytest.fixture
def ingest(groups, tmp_path):
    """Runs the job; gives its exit code, its log, its metrics and, if it failed, the reason."""
    code = tmp_path / "code"
    code.mkdir()
    Bundle.of_job("features").write(code)

    def run(*arguments, processes=1, endpoint_url=groups.endpoint_url):
        base, metrics = tmp_path / "ml", tmp_path / "metrics"
        command = [interpreter("spark"), code / "ingest.py"]
        done = subprocess.run(
            [*command, *arguments, "--metrics", metrics, "--processes", str(processes)],
            env={
                **os.environ,
                "AWS_ENDPOINT_URL": endpoint_url,
                "AWS_DEFAULT_REGION": "us-east-1",
                "SAGEMAKER_BASE_DIR": str(base),
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=300,
            check=False,
        )
        message, file = base / "output" / "message", metrics / "metrics.json"
        return SimpleNamespace(
            code=done.returncode,
            log=done.stdout,
            reason=message.read_text() if message.exists() else None,
            metrics=json.loads(file.read_text()) if file.exists() else None,
        )

    return run


def columns(count, **changes):
    """Rows of a group with ``FEATURES``, by column."""
    rows = {
        "user_id": [f"u{n}" for n in range(count)],
        "event_time": ["2026-01-01T00:00:00Z"] * count,
        "minutes": [n / 8 for n in range(count)],
        "sessions": list(range(count)),
        "city": [f"c{n % 3}" for n in range(count)],
    }
    assert rows.keys() == FEATURES.keys()
    return rows | changes
