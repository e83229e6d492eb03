"""Models in XGBoost's own formats: a pickle runs whatever it likes when it is read."""

import json
import os
import tarfile
import zlib
from pathlib import Path

import xgboost as xgb

from .batch import DataError

MODEL_NAME = "xgboost-model"
TEMPORARY = ".sagemaker-ignore"
"""SageMaker does not upload files with this suffix."""


def load(content: bytes, source: str) -> xgb.Booster:
    """The model in XGBoost's UBJSON or JSON.

    Raises:
        DataError: it is in another format, as a pickle is, or it is not whole.
    """
    if content[:1] != b"{":
        raise DataError(f"{source} is not in XGBoost's UBJ or JSON format: save it with Booster.save_model.")
    booster = xgb.Booster()
    try:
        booster.load_model(bytearray(content))
    except xgb.core.XGBoostError as error:
        raise DataError(f"{source} is not whole: {reason(error)}") from None
    return booster


def reason(error: xgb.core.XGBoostError) -> str:
    """What XGBoost's message says last before its stack of C++ calls."""
    lines = str(error).split("Stack trace:")[0].strip().splitlines()
    return lines[-1].removeprefix("- ").strip() if lines else "no reason given"


def save(booster: xgb.Booster, path: Path) -> None:
    """Writes UBJSON under another name first, so that a file under its own name is always whole."""
    temporary = path.with_name(path.name + TEMPORARY)
    with temporary.open("wb") as file:
        file.write(booster.save_raw("ubj"))
        file.flush()
        os.fsync(file.fileno())
    temporary.rename(path)


def earlier(folder: Path) -> xgb.Booster | None:
    """The model in the channel ``model``, as a file of its own or in a ``model.tar.gz``; None without one.

    What early stopping found superfluous is left out: training goes on from the best round.

    Raises:
        DataError: the channel holds no model, or not one that can be read.
    """
    if not folder.is_dir():
        return None
    for path in sorted(folder.rglob("*")):
        if path.name == MODEL_NAME and path.is_file():
            return _best(load(path.read_bytes(), f"{MODEL_NAME} of channel {folder.name}"))
        if path.name.endswith((".tar.gz", ".tgz")):
            return _best(load(_packed(path), f"{MODEL_NAME} in {path.name} of channel {folder.name}"))
    there = ", ".join(sorted(path.name for path in folder.rglob("*"))) or "nothing"
    raise DataError(
        f"Channel {folder.name} holds {there}: expected {MODEL_NAME} or a model.tar.gz that holds it."
    )


def check_fits(booster: xgb.Booster, columns: int, source: str) -> None:
    """The model takes as many features as the rows have. Raises `DataError`."""
    if booster.num_features() != columns:
        raise DataError(
            f"{source} takes {booster.num_features()} features, the rows of channel train have {columns}: "
            "go on from a model of the same features."
        )


def check_objective(booster: xgb.Booster, objective: str, source: str) -> None:
    """The model was trained for this objective. Raises `DataError`."""
    known = json.loads(booster.save_config())["learner"]["objective"]["name"]
    if known != objective:
        raise DataError(f"{source} was trained with objective {known}, this job has {objective}.")


def _packed(archive: Path) -> bytes:
    # Only this member is read, and nothing is unpacked: what else the archive says is not asked.
    try:
        with tarfile.open(archive, "r:*") as tar:
            for member in tar:
                if member.isfile() and os.path.normpath(member.name) == MODEL_NAME:
                    content = tar.extractfile(member)
                    return content.read() if content else b""
    except (tarfile.TarError, EOFError, OSError, zlib.error) as error:
        raise DataError(f"{archive.name} is not a tar archive that can be read: {error}") from None
    raise DataError(f"{archive.name} holds no file {MODEL_NAME}.")


def first_rounds(booster: xgb.Booster, rounds: int) -> xgb.Booster:
    """The model of the first rounds; the same model if it has no more.

    Raises:
        DataError: it has more and is linear: such a model keeps the sum of its rounds only.
    """
    if rounds == booster.num_boosted_rounds():
        return booster
    if booster_name(booster) == "gblinear":
        raise DataError(
            f"The model is of booster gblinear, its best round is {rounds - 1} and its last one "
            f"{booster.num_boosted_rounds() - 1}: a linear model cannot go back to an earlier round. "
            f"Train {rounds} rounds without early stopping, or use another booster."
        )
    return booster[:rounds]


def booster_name(booster: xgb.Booster) -> str:
    """``gbtree``, ``dart`` or ``gblinear``."""
    return str(json.loads(booster.save_config())["learner"]["gradient_booster"]["name"])


def _best(booster: xgb.Booster) -> xgb.Booster:
    best = booster.attr("best_iteration")
    if best is None:
        return booster
    kept = first_rounds(booster, int(best) + 1)
    kept.set_attr(best_iteration=None, best_score=None)
    return kept
