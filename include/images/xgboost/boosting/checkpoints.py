"""The model after each round, for a training job that is interrupted and starts again.

SageMaker keeps the folder in S3 while the job runs and fills it again before the job's next attempt.
"""

import re
import sys
from pathlib import Path

import xgboost as xgb
from entrypoint import paths  # type: ignore[import-not-found]

from . import models
from .batch import DataError

KEPT = 5
DEFAULT = Path("/opt/ml/checkpoints")
UPLOADING, UPLOADED = ".sagemaker-uploading", ".sagemaker-uploaded"
"""Suffixes of the files with which SageMaker says what it does with a checkpoint."""
_NAME = re.compile(r"xgboost-checkpoint\.(\d+)")


class Checkpoints:
    """Files ``xgboost-checkpoint.N``, N the round's number from 0; the last five of them are kept."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def latest(self) -> xgb.Booster | None:
        """The newest model that can be read; None without one.

        One that cannot is named on stderr, and the one before it is taken. What an interrupted attempt was
        writing is removed.
        """
        for path in self.folder.glob(f"*{models.TEMPORARY}"):
            path.unlink(missing_ok=True)
        for number, path in reversed(self._files()):
            try:
                booster = models.load(path.read_bytes(), path.name)
                if booster.num_boosted_rounds() == number + 1:
                    return booster
                reason = f"{path.name} has {booster.num_boosted_rounds()} rounds: expected {number + 1}"
            except (DataError, OSError) as error:
                reason = str(error)
            print(f"WARNING: this checkpoint is left out: {reason}", file=sys.stderr, flush=True)
        return None

    def save(self, booster: xgb.Booster) -> None:
        """Writes the model under its last round's number and removes what is too old."""
        self.folder.mkdir(parents=True, exist_ok=True)
        models.save(booster, self.folder / f"xgboost-checkpoint.{booster.num_boosted_rounds() - 1}")
        for _, path in self._files()[:-KEPT]:
            if not _in_transit(path):
                path.unlink(missing_ok=True)

    def _files(self) -> list[tuple[int, Path]]:
        """By number, the oldest first."""
        if not self.folder.is_dir():
            return []
        found = ((_NAME.fullmatch(path.name), path) for path in self.folder.iterdir())
        return sorted((int(match[1]), path) for match, path in found if match)


def configured() -> Checkpoints | None:
    """Where the job wants its checkpoints; None where it wants none.

    SageMaker says so in ``checkpointconfig.json`` or by making the folder.
    """
    path = Path(paths.read_config("checkpointconfig").get("LocalPath", DEFAULT))
    # Where /opt/ml is another folder, so is what the configuration names below it.
    folder = paths.base() / path.relative_to("/opt/ml") if path.is_relative_to("/opt/ml") else path
    return Checkpoints(folder) if folder.is_dir() or path != DEFAULT else None


def _in_transit(path: Path) -> bool:
    uploading, uploaded = (path.with_name(path.name + suffix) for suffix in (UPLOADING, UPLOADED))
    return uploading.exists() and not uploaded.exists()
