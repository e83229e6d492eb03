"""Parquet files for tests: ``python write_parquet.py FILES.json``, path -> columns (name -> values)."""

import json
import sys
from pathlib import Path

import pyarrow as pa
from pyarrow import parquet

if __name__ == "__main__":
    for path, columns in json.loads(Path(sys.argv[1]).read_text()).items():
        parquet.write_table(pa.table(columns), path)
