"""JSON documents that a job leaves."""

import json
from pathlib import Path


def write_json(path: Path, content: object) -> None:
    """Writes a document for people and programs: UTF-8, indented, with a line end. Its folder is made."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
