"""Runs the built-in algorithm once for each job: one interpreter serves them all.

``python run_jobs.py BASES.json``: a list of folders that stand for ``/opt/ml``. What each job printed goes to
``BASES.logs``.
"""

import contextlib
import io
import json
import os
import sys
from pathlib import Path

from algorithm import train
from entrypoint import training


def run(base: str) -> str:
    os.environ["SAGEMAKER_BASE_DIR"] = base
    log = io.StringIO()
    with contextlib.redirect_stdout(log), contextlib.redirect_stderr(log):
        code = training.main(train)
    return f"{log.getvalue()}exit code {code}\n"


if __name__ == "__main__":
    bases = Path(sys.argv[1])
    bases.with_suffix(".logs").write_text(json.dumps([run(base) for base in json.loads(bases.read_text())]))
