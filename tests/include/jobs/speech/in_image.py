"""Asks about modules that need the libraries of the jobs' image, in a process of its interpreter.

As a script it answers expressions, a line of JSON for each; the modules that it is given are their names.
"""

import importlib
import json
import subprocess
import sys
from contextlib import redirect_stdout
from dataclasses import asdict, is_dataclass
from pathlib import Path
from typing import Any, Self


class RaisedError(Exception):
    """What an expression raised: the name of its class, and its message."""


class Image:
    """``image("terms.found(answer)", answer="an EC2 instance")`` gives what the expression does, as JSON."""

    def __init__(self, python: Path, folders: list[Path], modules: list[str]) -> None:
        command = [python, __file__, json.dumps(list(map(str, folders))), *modules]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def __call__(self, expression: str, **values: Any) -> Any:
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.write(json.dumps([expression, values], default=str) + "\n")
        self.process.stdin.flush()
        answer = json.loads(self.process.stdout.readline())
        if "raised" in answer:
            raise RaisedError(answer["raised"])
        return answer["value"]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.communicate()
        assert self.process.returncode == 0


def plain(value: object) -> object:
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    return list(value) if isinstance(value, (set, frozenset)) else str(value)


def answer(expression: str, values: dict[str, Any], modules: dict[str, Any]) -> dict[str, Any]:
    try:
        return {"value": eval(expression, modules | values)}
    except Exception as error:
        return {"raised": f"{type(error).__name__}: {error}"}


if __name__ == "__main__":
    sys.path[:0] = json.loads(sys.argv[1])
    imported = {name: importlib.import_module(name) for name in sys.argv[2:]}
    for line in sys.stdin:
        with redirect_stdout(sys.stderr):  # What a module prints is no answer.
            found = answer(*json.loads(line), imported)
        print(json.dumps(found, default=plain), flush=True)
