"""Runs a script's ``main`` once for each case: one interpreter, and one Spark, serve them all.

``python run_cases.py SCRIPTS CASES.json``: a list of ``{"script", "arguments", "base"}``. The exit codes go
to ``CASES.json.codes``.
"""

import importlib
import json
import os
import sys
from pathlib import Path


def run(case: dict) -> int:
    os.environ["SAGEMAKER_BASE_DIR"] = case["base"]
    script = importlib.import_module(case["script"])
    try:
        return script.main(case["arguments"])
    except SystemExit as exit_:  # argparse
        return exit_.code
    finally:
        if "pyspark" in sys.modules and (spark := sys.modules["pyspark"].sql.SparkSession.getActiveSession()):
            spark.catalog.clearCache()


if __name__ == "__main__":
    scripts, cases = sys.argv[1:]
    sys.path.insert(0, scripts)
    codes = [run(case) for case in json.loads(Path(cases).read_text())]
    Path(cases + ".codes").write_text(json.dumps(codes))
