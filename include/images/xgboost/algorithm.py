"""The built-in algorithm of the XGBoost image.

It takes the hyperparameters of SageMaker's XGBoost; `boosting` reads the channels and trains. The metrics
of a round stand in the log as AWS's metric definitions of XGBoost find them, with ``#011`` between them.
"""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from boosting import channels, models
from boosting.job import Job

Check = Callable[[str], Any]


def _number(name: str, kind: type, least: float | None = None, most: float | None = None) -> Check:
    def check(text: str) -> Any:
        try:
            value = kind(text)
        except ValueError:
            raise ValueError(
                f"Hyperparameter {name} is {text!r}: it must be of type {kind.__name__}."
            ) from None
        if (least is not None and value < least) or (most is not None and value > most):
            bounds = f"from {least}" + (f" to {most}" if most is not None else " up")
            raise ValueError(f"Hyperparameter {name} is {value}: it must be {bounds}.")
        return value

    return check


def _choice(name: str, *values: str) -> Check:
    def check(text: str) -> str:
        if text not in values:
            raise ValueError(f"Hyperparameter {name} is {text!r}: it must be one of {', '.join(values)}.")
        return text

    return check


OBJECTIVES = (
    *("reg:squarederror", "reg:squaredlogerror", "reg:logistic", "reg:pseudohubererror", "reg:absoluteerror"),
    *("reg:gamma", "reg:tweedie", "binary:logistic", "binary:logitraw", "binary:hinge", "count:poisson"),
    *(
        "multi:softmax",
        "multi:softprob",
        "rank:pairwise",
        "rank:ndcg",
        "rank:map",
        "survival:aft",
        "survival:cox",
    ),
)

PARAMETERS: dict[str, Check] = {
    "alpha": _number("alpha", float, 0),
    "base_score": _number("base_score", float),
    "booster": _choice("booster", "gbtree", "gblinear", "dart"),
    "colsample_bylevel": _number("colsample_bylevel", float, 0, 1),
    "colsample_bynode": _number("colsample_bynode", float, 0, 1),
    "colsample_bytree": _number("colsample_bytree", float, 0, 1),
    "eta": _number("eta", float, 0, 1),
    "eval_metric": lambda text: [metric.strip() for metric in text.split(",")],
    "gamma": _number("gamma", float, 0),
    "grow_policy": _choice("grow_policy", "depthwise", "lossguide"),
    "lambda": _number("lambda", float, 0),
    "max_bin": _number("max_bin", int, 2),
    "max_delta_step": _number("max_delta_step", float, 0),
    "max_depth": _number("max_depth", int, 0),
    "max_leaves": _number("max_leaves", int, 0),
    "min_child_weight": _number("min_child_weight", float, 0),
    "nthread": _number("nthread", int, 1),
    "num_class": _number("num_class", int, 2),
    "num_parallel_tree": _number("num_parallel_tree", int, 1),
    "objective": _choice("objective", *OBJECTIVES),
    "scale_pos_weight": _number("scale_pos_weight", float),
    "seed": _number("seed", int),
    "subsample": _number("subsample", float, 0, 1),
    "tree_method": _choice("tree_method", "auto", "exact", "approx", "hist"),
    "tweedie_variance_power": _number("tweedie_variance_power", float, 1, 2),
    "verbosity": _number("verbosity", int, 0, 3),
}
CONTROL: dict[str, Check] = {
    "num_round": _number("num_round", int, 1),
    "early_stopping_rounds": _number("early_stopping_rounds", int, 1),
    "csv_weights": _number("csv_weights", int, 0, 1),
}


def validated(raw: dict[str, str]) -> tuple[dict[str, Any], dict[str, Any]]:
    """XGBoost's parameters and those of the loop. Raises ValueError that names what is wrong."""
    if "num_round" not in raw:
        raise ValueError("Hyperparameter num_round is required: give the number of boosting rounds.")
    if unknown := sorted(set(raw) - set(PARAMETERS) - set(CONTROL)):
        raise ValueError(f"Unknown hyperparameters: {', '.join(unknown)}. Check the spelling.")
    texts = {name: str(value).strip('"') for name, value in raw.items()}
    parameters = {name: PARAMETERS[name](text) for name, text in texts.items() if name in PARAMETERS}
    if parameters.get("objective", "").startswith("multi:") and "num_class" not in parameters:
        raise ValueError(f"Hyperparameter num_class is required with objective {parameters['objective']}.")
    return parameters, {name: CONTROL[name](text) for name, text in texts.items() if name in CONTROL}


def train(raw: dict[str, str]) -> None:
    """The built-in algorithm. Raises ValueError for wrong hyperparameters and data."""
    parameters, control = validated(raw)
    job = Job(
        channels.configured(),
        # One thread count and one seed make the same bytes of the same data.
        {"seed": 0, "nthread": os.cpu_count() or 1, **parameters},
        control["num_round"],
        control.get("early_stopping_rounds"),
        weighted=control.get("csv_weights") == 1,
        separator="#011",
    )
    if trained := job.run():
        path = Path(os.environ["SM_MODEL_DIR"]) / models.MODEL_NAME
        models.save(trained.booster, path)
        print(f"Saved {path.name} with {trained.booster.num_boosted_rounds()} rounds.", flush=True)
