"""What a job goes on from when it starts again: written by rank 0 after each epoch."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from failure import JobError

NAME = re.compile(r"epoch-(\d{5})\.pt")
KEPT = 2
"""The one before the last is there should the last one have been cut off on its way to S3."""


@dataclass(frozen=True)
class Checkpoints:
    """A folder that SageMaker copies to S3 while the job runs, and back before it starts again."""

    folder: Path

    def save(self, epoch: int, state: dict[str, Any]) -> None:
        """Keeps the state after an epoch (from 0); it is there as a whole or not at all."""
        self.folder.mkdir(parents=True, exist_ok=True)
        file = self.folder / f"epoch-{epoch:05}.pt"
        partial = file.with_suffix(".partial")
        torch.save(state, partial)
        partial.replace(file)
        for old in self._files()[:-KEPT]:
            old.unlink()

    def last(self) -> tuple[int, dict[str, Any]] | None:
        """The last epoch that is kept, and its state; None if there is none.

        Raises:
            JobError: files are there, and none of them can be read.
        """
        reasons = []
        for file in reversed(self._files()):
            try:
                # Tensors and numbers only: a checkpoint is data, and is not to run anything.
                state = torch.load(file, weights_only=True, map_location="cpu")
            except Exception as error:
                reasons.append(f"{file.name}: {error}")
                print(f"Checkpoint {file.name} cannot be read, the one before it is taken: {error}")
                continue
            return int(NAME.fullmatch(file.name)[1]), state  # type: ignore[index]
        if reasons:
            raise JobError(f"No checkpoint can be read: {'; '.join(reasons)}. Remove them to start afresh.")
        return None

    def _files(self) -> list[Path]:
        return sorted(file for file in self.folder.glob("epoch-*.pt") if NAME.fullmatch(file.name))
