"""Boosting rounds, from the first or from a checkpoint's next."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import xgboost as xgb

from . import models
from .checkpoints import Checkpoints
from .early_stopping import EarlyStopping


@dataclass(frozen=True)
class Trained:
    """A model with all its rounds.

    Attributes:
        rounds: how many of them count: up to the best one where there was early stopping, otherwise all.
        metrics: of the last round that counts, such as ``validation:rmse``.
    """

    booster: xgb.Booster
    rounds: int
    metrics: dict[str, float]

    @property
    def best(self) -> xgb.Booster:
        """The model with the rounds that count. Raises `DataError` where that cannot be made."""
        return models.first_rounds(self.booster, self.rounds)


@dataclass(frozen=True)
class Rounds:
    """How to train.

    Attributes:
        parameters: XGBoost's.
        total: number of rounds that the model is to have, those of an earlier model included.
        early_stopping: rounds without an improvement after which training ends; None for never.
        checkpoints: where each round's model goes, None for nowhere.
        separator: what stands between the values of a round's line in the log.
        silent: no lines: another host prints them.
    """

    parameters: Mapping[str, Any]
    total: int
    early_stopping: int | None = None
    checkpoints: Checkpoints | None = None
    separator: str = "\t"
    silent: bool = False

    def train(self, data: Mapping[str, xgb.DMatrix], start: xgb.Booster | None) -> Trained:
        """Adds rounds to ``start`` until there are enough, or until they no longer help.

        `xgboost.train` counts rounds from 0 whatever model it starts with. Here a round keeps its number,
        and rows are drawn from the seed and that number, so an attempt that resumes does not draw those of
        the first rounds again. Where nothing is drawn (``subsample`` and ``colsample_*`` are 1) it makes the
        very model, byte for byte, of a training that was not interrupted.
        """
        watch = [(matrix, name) for name, matrix in data.items()]
        booster = xgb.Booster(
            {**self.parameters, "seed_per_iteration": True},
            list(data.values()),
            model_file=start.save_raw("ubj") if start else None,
        )
        stopping = EarlyStopping(self.early_stopping) if self.early_stopping else None
        done = booster.num_boosted_rounds()
        history: dict[int, dict[str, float]] = {}
        over = stopping is not None and stopping.passed(booster, done - 1)
        while done < self.total and not over:
            booster.update(data["train"], iteration=done)
            history[done] = self._evaluate(booster, watch, done)
            over = stopping is not None and stopping.over(booster, done, history[done])
            if self.checkpoints:
                self.checkpoints.save(booster)
            done += 1
        return self._trained(booster, watch, history)

    def _evaluate(
        self, booster: xgb.Booster, watch: list[tuple[xgb.DMatrix, str]], number: int
    ) -> dict[str, float]:
        metrics = _metrics(booster.eval_set(watch, number))
        if not self.silent:
            values = (f"{name.replace(':', '-', 1)}:{value:.5f}" for name, value in metrics.items())
            print(self.separator.join([f"[{number}]", *values]), flush=True)
        return metrics

    def _trained(
        self,
        booster: xgb.Booster,
        watch: list[tuple[xgb.DMatrix, str]],
        history: dict[int, dict[str, float]],
    ) -> Trained:
        best = booster.attr("best_iteration") if self.early_stopping else None
        rounds = booster.num_boosted_rounds() if best is None else int(best) + 1
        # The best round may be one of an earlier attempt, or there may have been nothing left to train.
        metrics = history.get(rounds - 1) or _metrics(
            models.first_rounds(booster, rounds).eval_set(watch, rounds - 1)
        )
        return Trained(booster, rounds, metrics)


def _metrics(line: str) -> dict[str, float]:
    r"""The values in XGBoost's line of a round.

    >>> _metrics("[7]\ttrain-rmse:1.5\tvalidation-ndcg@5-:2")
    {'train:rmse': 1.5, 'validation:ndcg@5-': 2.0}
    """
    pairs = (part.rsplit(":", 1) for part in line.split("\t")[1:])
    return {name.replace("-", ":", 1): float(value) for name, value in pairs}
