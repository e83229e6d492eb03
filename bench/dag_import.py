"""Seconds that each DAG module adds to importing Airflow. Goal: under 0.3 s each."""

import json
import os
import statistics
import subprocess
import sys
from pathlib import Path

from bench.reporting import Row, parser, report

REPO = Path(__file__).resolve().parents[1]

CODE = """
import json, runpy, sys, time
import airflow.sdk
started = time.perf_counter()
runpy.run_path(sys.argv[1])
print(json.dumps(time.perf_counter() - started))
"""


def seconds(module: Path) -> float:
    """One import in a process of its own."""
    environment = {**os.environ, "PYTHONPATH": f"{REPO}:{REPO / 'plugins'}"}
    done = subprocess.run(
        [sys.executable, "-c", CODE, str(module)],
        cwd=REPO,
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return float(json.loads(done.stdout.splitlines()[-1]))


def main() -> None:
    """Imports every DAG module several times."""
    arguments = parser(__doc__ or "", rounds=5).parse_args()
    rows: list[Row] = [
        {
            "dag": module.stem,
            "import_s": statistics.median(seconds(module) for _ in range(arguments.rounds)),
        }
        for module in sorted((REPO / "dags").glob("*.py"))
    ]
    report("DAG import", rows, arguments.json)


if __name__ == "__main__":
    main()
