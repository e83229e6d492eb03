"""JSON documents that a job reads and leaves."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

Document = TypeVar("Document")


def write_json(path: Path, content: object) -> None:
    """Writes a document for people and programs: UTF-8, indented, with a line end. Its folder is made."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def parsed(path: Path, of: Callable[[object], Document], error: type[Exception]) -> Document:
    """What ``of`` makes of a JSON document; an error names it with its folder, as many have one name.

    Raises:
        Exception: an ``error`` that names the file: it is not JSON in UTF-8, or ``of`` has raised one.
    """
    name = f"{path.parent.name}/{path.name}"
    try:
        return of(json.loads(path.read_bytes()))
    except (UnicodeDecodeError, json.JSONDecodeError) as reason:
        raise error(f"{name} is not JSON in UTF-8: {reason}.") from reason
    except error as reason:
        raise error(f"{name}: {reason}") from reason
