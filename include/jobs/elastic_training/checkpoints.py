"""What a training goes on from when it starts again: written by rank 0, on the shared volume."""

import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from failure import JobError

NAME = re.compile(r"step-(\d{9})\.pt")
KEPT = 2
"""The one before the last is there should the last one not be whole."""
NONE = -1


@dataclass(frozen=True)
class Checkpoints:
    """A folder of them, each of a number of steps that were taken."""

    folder: Path

    def save(self, step: int, state: dict[str, Any]) -> None:
        """Keeps the state after so many steps; it is there as a whole or not at all."""
        self.folder.mkdir(parents=True, exist_ok=True)
        file = self.file(step)
        partial = file.with_suffix(".partial")
        torch.save(state, partial)
        partial.replace(file)
        for old in self._files()[:-KEPT]:
            old.unlink(missing_ok=True)

    def newest(self) -> int:
        """The step of the newest one that is whole; `NONE` if there is none.

        Raises:
            JobError: files are there, and none of them can be read.
        """
        files = self._files()
        for file in reversed(files):
            step = int(NAME.fullmatch(file.name)[1])  # type: ignore[index]
            try:
                self.load(step)
            except Exception as error:
                reason = f"Checkpoint {file.name} cannot be read, the one before it is taken: {error}"
                print(reason, file=sys.stderr, flush=True)
                continue
            return step
        if files:
            raise JobError(
                f"None of {len(files)} checkpoints in {self.folder} can be read. Remove them to start afresh."
            )
        return NONE

    def load(self, step: int) -> dict[str, Any]:
        """The state after so many steps."""
        # Tensors and numbers only: a checkpoint is data, and is not to run anything.
        state: dict[str, Any] = torch.load(self.file(step), weights_only=True, map_location="cpu")
        return state

    def file(self, step: int) -> Path:
        """Where the one after so many steps is."""
        return self.folder / f"step-{step:09}.pt"

    def _files(self) -> list[Path]:
        return sorted(file for file in self.folder.glob("step-*.pt") if NAME.fullmatch(file.name))
