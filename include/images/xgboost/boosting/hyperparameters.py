"""The hyperparameters of SageMaker's XGBoost: which there are, and what each may be.

https://docs.aws.amazon.com/sagemaker/latest/dg/xgboost_hyperparameters.html
"""

import json
from collections.abc import Callable, Mapping
from typing import Any

Check = Callable[[str], Any]
INFINITY = float("inf")


def _number(name: str, kind: type, least: float = -INFINITY, most: float = INFINITY) -> Check:
    def check(text: str) -> Any:
        try:
            value = kind(text)
        except ValueError:
            raise ValueError(
                f"Hyperparameter {name} is {text!r}: it must be of type {kind.__name__}."
            ) from None
        if not (least <= value <= most):  # Of NaN nothing is true: it is out of all bounds.
            bounds = f"from {least}" + (f" to {most}" if most < INFINITY else " up")
            wanted = bounds if least > -INFINITY else "a number"
            raise ValueError(f"Hyperparameter {name} is {value}: it must be {wanted}.")
        return value

    return check


def _choice(name: str, *values: str) -> Check:
    def check(text: str) -> str:
        if text not in values:
            raise ValueError(f"Hyperparameter {name} is {text!r}: it must be one of {', '.join(values)}.")
        return text

    return check


def _objective(text: str) -> str:
    if text.startswith("rank:"):
        raise ValueError(
            f"Hyperparameter objective is {text!r}: it needs query groups, which this image does not read."
        )
    if text == "reg:linear":
        raise ValueError(f"Hyperparameter objective is {text!r}, which is deprecated: use reg:squarederror.")
    return str(_choice("objective", *OBJECTIVES)(text))


def _updater(text: str) -> str:
    check = _choice("updater", *UPDATERS)
    return ",".join(check(name.strip()) for name in text.split(","))


def _monotone_constraints(text: str) -> str:
    values = _json(f"[{text.strip('()[], ')}]")
    if not values or not all(_is_integer(value) and -1 <= value <= 1 for value in values):
        raise ValueError(
            f"Hyperparameter monotone_constraints is {text!r}: it must be -1, 0 or 1 for each feature, "
            "as in (1, 0, -1)."
        )
    return f"({','.join(map(str, values))})"


def _interaction_constraints(text: str) -> str:
    groups = _json(text)
    if not groups or not all(isinstance(group, list) and all(map(_is_feature, group)) for group in groups):
        raise ValueError(
            f"Hyperparameter interaction_constraints is {text!r}: it must be lists of features, which are "
            "numbered from 0, as in [[0, 1], [2, 3, 4]]."
        )
    return json.dumps(groups)


def _json(text: str) -> list[Any]:
    """A list; empty for what is none."""
    try:
        values = json.loads(text)
    except ValueError:
        return []
    return values if isinstance(values, list) else []


def _is_integer(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_feature(value: Any) -> bool:
    return _is_integer(value) and value >= 0


OBJECTIVES = (
    *("reg:squarederror", "reg:squaredlogerror", "reg:logistic", "reg:pseudohubererror", "reg:absoluteerror"),
    *("reg:gamma", "reg:tweedie", "binary:logistic", "binary:logitraw", "binary:hinge", "count:poisson"),
    *("multi:softmax", "multi:softprob", "survival:aft", "survival:cox"),
)
UPDATERS = (
    *("grow_colmaker", "grow_histmaker", "grow_quantile_histmaker", "sync", "refresh", "prune"),
    *("shotgun", "coord_descent"),
)
"""Of AWS's those that XGBoost still has."""

PARAMETERS: dict[str, Check] = {
    "aft_loss_distribution": _choice("aft_loss_distribution", "normal", "logistic", "extreme"),
    "aft_loss_distribution_scale": _number("aft_loss_distribution_scale", float, 0),
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
    "interaction_constraints": _interaction_constraints,
    "lambda": _number("lambda", float, 0),
    # XGBoost has it no more, and says so in the log; a job that worked on AWS is to work here.
    "lambda_bias": _number("lambda_bias", float, 0, 1),
    "max_bin": _number("max_bin", int, 2),
    "max_delta_step": _number("max_delta_step", float, 0),
    "max_depth": _number("max_depth", int, 0),
    "max_leaves": _number("max_leaves", int, 0),
    "min_child_weight": _number("min_child_weight", float, 0),
    "monotone_constraints": _monotone_constraints,
    "normalize_type": _choice("normalize_type", "tree", "forest"),
    "nthread": _number("nthread", int, 1),
    "num_class": _number("num_class", int, 2),
    "num_parallel_tree": _number("num_parallel_tree", int, 1),
    "objective": _objective,
    "one_drop": _number("one_drop", int, 0, 1),
    "process_type": _choice("process_type", "default", "update"),
    "rate_drop": _number("rate_drop", float, 0, 1),
    "refresh_leaf": _number("refresh_leaf", int, 0, 1),
    "sample_type": _choice("sample_type", "uniform", "weighted"),
    "scale_pos_weight": _number("scale_pos_weight", float),
    "seed": _number("seed", int),
    "skip_drop": _number("skip_drop", float, 0, 1),
    "subsample": _number("subsample", float, 0, 1),
    "tree_method": _choice("tree_method", "auto", "exact", "approx", "hist"),
    "tweedie_variance_power": _number("tweedie_variance_power", float, 1, 2),
    "updater": _updater,
    "verbosity": _number("verbosity", int, 0, 3),
}
CONTROL: dict[str, Check] = {
    "num_round": _number("num_round", int, 1),
    "early_stopping_rounds": _number("early_stopping_rounds", int, 1),
    "csv_weights": _number("csv_weights", int, 0, 1),
}
OBJECTIVE_METRIC = "_tuning_objective_metric"
"""What a tuning job compares its training jobs by, such as ``validation:rmse``."""


def validated(raw: Mapping[str, str]) -> tuple[dict[str, Any], dict[str, Any]]:
    """XGBoost's parameters and those of the loop. Raises ValueError that names what is wrong."""
    if "num_round" not in raw:
        raise ValueError("Hyperparameter num_round is required: give the number of boosting rounds.")
    if unknown := sorted(set(raw) - set(PARAMETERS) - set(CONTROL) - {OBJECTIVE_METRIC}):
        raise ValueError(f"Unknown hyperparameters: {', '.join(unknown)}. Check the spelling.")
    texts = {name: str(value).strip('"') for name, value in raw.items()}
    parameters = {name: PARAMETERS[name](text) for name, text in texts.items() if name in PARAMETERS}
    if parameters.get("objective", "").startswith("multi:") and "num_class" not in parameters:
        raise ValueError(f"Hyperparameter num_class is required with objective {parameters['objective']}.")
    if metric := texts.get(OBJECTIVE_METRIC):
        parameters["eval_metric"] = _with_objective(parameters.get("eval_metric", []), metric)
    return parameters, {name: CONTROL[name](text) for name, text in texts.items() if name in CONTROL}


def _with_objective(metrics: list[str], objective: str) -> list[str]:
    """The metrics and, as on AWS, the one that is tuned for: the last, by which training stops early."""
    _, colon, metric = objective.partition(":")
    if not colon:
        raise ValueError(
            f"Hyperparameter {OBJECTIVE_METRIC} is {objective!r}: it must be a channel and a metric, "
            "as in validation:rmse."
        )
    return [*(name for name in metrics if name != metric), metric]
