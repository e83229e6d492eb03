"""What is measured of test files of every kind, by predictors of one small model. The image runs it."""

import functools
import tempfile
from pathlib import Path

from autogluon.tabular import TabularPredictor

import results
from fit_options import DETECT, FitOptions
from frames import rows_to_predict, training_rows


@functools.cache
def predictor(train, metric=DETECT):
    table, _ = training_rows(Path(train), "target")
    made = TabularPredictor(
        "target", eval_metric=None if metric == DETECT else metric, path=tempfile.mkdtemp(), verbosity=0
    )
    return made.fit(table, hyperparameters={"GBM": {}}), table


def transformed(train, test):
    """The features of the test file's rows as the models get them."""
    made, table = predictor(train)
    return made.transform_features(rows_to_predict(Path(test), table, "target")).to_dict("list")


def left(train, test, metric=DETECT):
    """What a training leaves of a test file."""
    made, table = predictor(train, metric)
    asked = rows_to_predict(Path(test), table, "target")
    found = results.of(made, table, asked, seconds=1, options=FitOptions("target", 20), empty=[])
    return {
        "metrics": found.metrics,
        "facts": found.facts,
        "performance": found.performance,
        "actual": found.predictions.to_csv(columns=["actual"], index=False).split("\n"),
        "is_scored": "score_test" in found.leaderboard,
        "importance": sorted(found.importance["feature"]),
    }
