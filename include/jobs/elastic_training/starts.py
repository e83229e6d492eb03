"""The starts of a training, in a file beside its checkpoints: the first, and one for each interruption."""

import json
import time
from dataclasses import asdict, dataclass
from pathlib import Path

FILE = "starts.jsonl"


@dataclass(frozen=True)
class Start:
    """A start.

    Attributes:
        time: in seconds since 1970.
        world_size: ranks.
        step: taken before it, from the beginning of the training on.
    """

    time: float
    world_size: int
    step: int


def add(folder: Path, world_size: int, step: int) -> None:
    """Keeps that a training starts now."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / FILE).open("a", encoding="utf-8") as file:
        # A line of its own, too, after one that was cut off.
        file.write("\n" + json.dumps(asdict(Start(time.time(), world_size, step))) + "\n")


def read(folder: Path) -> list[Start]:
    """All of them, in order."""
    found = []
    for line in (folder / FILE).read_text(encoding="utf-8").splitlines():
        try:
            found.append(Start(**json.loads(line)))
        except (ValueError, TypeError):
            continue  # empty, or cut off when its writer was
    return found
