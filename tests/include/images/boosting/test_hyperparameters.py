"""Hyperparameters of the built-in algorithm: what XGBoost is told, and what is refused with a sentence."""

import pytest

from include.images.xgboost.boosting.hyperparameters import validated
from tests.include.images.boosting.conftest import Job, csv, lines, rows

TUNED = "_tuning_objective_metric"


def parameters(**given: str):
    found, _ = validated({"num_round": "1", **given})
    return found


@pytest.mark.parametrize(
    ("name", "given", "told"),
    [
        ("monotone_constraints", "(1, 0, -1)", "(1,0,-1)"),
        ("monotone_constraints", "[1,0]", "(1,0)"),
        ("monotone_constraints", "(1,)", "(1)"),
        ("interaction_constraints", "[[0,1],[2, 3]]", "[[0, 1], [2, 3]]"),
        ("rate_drop", "0.5", 0.5),
        ("one_drop", "1", 1),
        ("skip_drop", "1.0", 1.0),
        ("sample_type", "weighted", "weighted"),
        ("normalize_type", "forest", "forest"),
        ("refresh_leaf", "0", 0),
        ("process_type", "update", "update"),
        ("updater", "grow_colmaker, prune", "grow_colmaker,prune"),
        ("lambda_bias", "0.5", 0.5),
        ("aft_loss_distribution", "extreme", "extreme"),
        ("aft_loss_distribution_scale", "1.2", 1.2),
        ("base_score", "-3", -3.0),
        ("eval_metric", "rmse, mae", ["rmse", "mae"]),
    ],
)
def test_what_xgboost_is_told(name, given, told):
    assert parameters(**{name: given}) == {name: told}


@pytest.mark.parametrize(
    ("name", "given", "says"),
    [
        ("base_score", "nan", "base_score is nan: it must be a number"),
        ("alpha", "nan", "alpha is nan: it must be from 0 up"),
        ("eta", "nan", "eta is nan: it must be from 0 to 1"),
        ("eta", "7", "eta is 7.0: it must be from 0 to 1"),
        ("rate_drop", "1.5", "rate_drop is 1.5: it must be from 0 to 1"),
        ("one_drop", "2", "one_drop is 2: it must be from 0 to 1"),
        ("skip_drop", "-1", "skip_drop is -1.0: it must be from 0 to 1"),
        ("lambda_bias", "2", "lambda_bias is 2.0: it must be from 0 to 1"),
        ("refresh_leaf", "2", "refresh_leaf is 2: it must be from 0 to 1"),
        ("aft_loss_distribution_scale", "-1", "aft_loss_distribution_scale is -1.0: it must be from 0 up"),
        ("aft_loss_distribution", "cauchy", "it must be one of normal, logistic, extreme"),
        ("sample_type", "x", "it must be one of uniform, weighted"),
        ("normalize_type", "x", "it must be one of tree, forest"),
        ("process_type", "x", "it must be one of default, update"),
        ("updater", "prune,distcol", "updater is 'distcol': it must be one of grow_colmaker, "),
        ("monotone_constraints", "(1, 2)", "it must be -1, 0 or 1 for each feature"),
        ("monotone_constraints", "(1, true)", "it must be -1, 0 or 1 for each feature"),
        ("monotone_constraints", "()", "it must be -1, 0 or 1 for each feature"),
        ("interaction_constraints", "[1, 2]", "it must be lists of features"),
        ("interaction_constraints", "[[-1]]", "it must be lists of features"),
        ("interaction_constraints", "one", "it must be lists of features"),
        *(
            ("objective", f"rank:{kind}", "it needs query groups, which this image does not read")
            for kind in ("pairwise", "ndcg", "map")
        ),
        ("objective", "reg:linear", "is 'reg:linear', which is deprecated: use reg:squarederror"),
        ("objective", "reg:cubic", "must be one of reg:squarederror, "),
        (TUNED, "rmse", "it must be a channel and a metric, as in validation:rmse"),
        ("colour", "1", "Unknown hyperparameters: colour."),
    ],
)
def test_what_is_refused(name, given, says):
    with pytest.raises(ValueError, match="yperparameter") as caught:
        parameters(**{name: given})
    assert says in str(caught.value)


@pytest.mark.parametrize(
    ("metrics", "tuned", "told"),
    [
        (None, "validation:mae", ["mae"]),
        ("mae,rmse", "validation:mae", ["rmse", "mae"]),
        ("rmse", "validation:error@0.7", ["rmse", "error@0.7"]),
    ],
)
def test_the_metric_that_is_tuned_for_is_the_last_one(metrics, tuned, told):
    given = {"eval_metric": metrics} if metrics else {}
    assert parameters(**given, **{TUNED: tuned}) == {"eval_metric": told}


def test_jobs_train_with_them(tmp_path, run_all):
    """What the table lets through XGBoost takes, too."""
    dart = {"booster": "dart", "rate_drop": "0.5", "one_drop": "1", "skip_drop": "0.1"}
    changes = {
        "tuned": {TUNED: "validation:mae"},
        "constraints": {"monotone_constraints": "(1, 0, 0)", "interaction_constraints": "[[0, 1], [2]]"},
        "dart": {**dart, "sample_type": "weighted", "normalize_type": "forest"},
        "colmaker": {"updater": "grow_colmaker,prune"},
        "approx": {"updater": "grow_histmaker"},
        "hist": {"updater": "grow_quantile_histmaker"},
        "linear": {"booster": "gblinear", "updater": "coord_descent", "lambda_bias": "0.5"},
    }
    jobs = {name: Job(tmp_path / name).channel("train", a=csv(rows(300))) for name in changes}
    for name, job in jobs.items():
        job.channel("validation", b=csv(rows(60, seed=8))).hyperparameters |= changes[name]
    logs = dict(zip(jobs, run_all(jobs.values(), tmp_path), strict=True))
    assert all(lines(log) == [0, 1, 2, 3, 4] and "exit code 0" in log for log in logs.values()), logs
    assert "validation-mae:" in logs["tuned"]
    assert "validation-mae:" not in logs["hist"]
    # XGBoost says it of what it has no use for.
    unused = [name for name, log in logs.items() if "are not used" in log]
    assert unused == ["linear"], logs
