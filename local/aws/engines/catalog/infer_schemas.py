"""Reads the schemas of files: ``python infer_schemas.py REQUEST``.

The request is a JSON file: ``files``, each with ``path`` and ``part`` (what of a file is there: ``footer``,
``head`` or ``whole``), and ``output``, the file to write. That is a list, in the files' order: ``format``
(parquet, json, csv), ``columns`` (name and Hive type), ``rows`` or ``record_size``, ``compression``; None for
a file of no format that is known, and ``error`` for one that is damaged.
"""

import json
import sys
from pathlib import Path
from typing import Any

import pyarrow as pa

import parquet_schema
import text_schema


def main() -> None:
    """Reads what the request names."""
    request = json.loads(Path(sys.argv[1]).read_text())
    found = [infer(Path(file["path"]), file["part"]) for file in request["files"]]
    Path(request["output"]).write_text(json.dumps(found))


def infer(path: Path, part: str) -> dict[str, Any] | None:
    """What is found out about a file of which ``part`` is at ``path``."""
    if part != "footer":
        return text_schema.read(path, whole=part == "whole")
    try:
        return {"compression": "none", **parquet_schema.read(path)}
    except (pa.ArrowException, OSError) as error:
        return {"error": f"{error}"}


if __name__ == "__main__":
    main()
