"""What a training leaves for people: predictions, a leaderboard, measures, the importance of features.

The names of the files are those that the report puts the name of the pair before.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

import measures
from documents import write_json
from fit_options import FitOptions

PREDICTIONS, LEADERBOARD = "test_predictions.csv", "leaderboard.csv"
PERFORMANCE, IMPORTANCE = "model_performance.txt", "feature_importance.csv"
FACTS, METRICS = "facts.json", "metrics.json"
IMPORTANCE_ROWS = 2000
IMPORTANCE_SHARE = 0.25
"""Of the time of the fitting."""
SEED = 0


@dataclass(frozen=True)
class Results:
    """What was learned and how good it is.

    Attributes:
        features: names of the columns that the predictor takes, in their order.
        facts: what a person wants to know first.
        metrics: flat numbers.
        predictions: a row for each of the test file: its number, what is true where that is known, what is
            predicted, and the chance of each class.
        leaderboard: a row for each model, the best one first.
        importance: a row for each feature: by how much the metric falls when its values are shuffled.
        performance: the metrics as text.
    """

    features: list[str]
    facts: dict[str, Any]
    metrics: dict[str, float]
    predictions: pd.DataFrame
    leaderboard: pd.DataFrame
    importance: pd.DataFrame
    performance: str

    def write(self, folder: Path) -> None:
        """All of it but the model, as files in a folder."""
        folder.mkdir(parents=True, exist_ok=True)
        tables = {PREDICTIONS: self.predictions, LEADERBOARD: self.leaderboard, IMPORTANCE: self.importance}
        for name, table in tables.items():
            table.to_csv(folder / name, index=False)
        (folder / PERFORMANCE).write_text(self.performance, encoding="utf-8")
        write_json(folder / FACTS, self.facts)
        write_json(folder / METRICS, self.metrics)


def of(
    predictor: Any,
    table: pd.DataFrame,
    asked: pd.DataFrame,
    *,
    seconds: float,
    options: FitOptions,
    empty: list[str],
) -> Results:
    """Predicts ``asked`` and measures the predictor by it, where its labels are known.

    Args:
        predictor: AutoGluon's, fitted.
        table: the rows that it was fitted on.
        asked: the rows to predict, with or without labels.
        seconds: that the fitting took.
        options: of the training.
        empty: columns that were dropped.
    """
    features = [str(name) for name in table if name != options.target]
    true, measurable = _true(asked, options.target), measures.measurable(predictor, asked)
    by_test = len(measurable) > 0
    predicted, chances = _answers(predictor, asked[features])
    # Its scores are the better the higher they are.
    board = predictor.leaderboard(measurable if by_test else None)
    numbers = {
        **({} if true is None else measures.measured(predictor, asked, predicted, chances)),
        "validation_score": _validation_score(predictor, board),
        "fit_seconds": round(seconds, 1),
        "models": float(len(board)),
        "train_rows": float(len(table)),
        "test_rows": float(len(asked)),
        "features": float(len(features)),
    }
    facts = {
        "target": options.target,
        "problem_type": predictor.problem_type,
        "eval_metric": predictor.eval_metric.name,
        "best_model": predictor.model_best,
        "presets": options.presets,
        "time_limit": options.time_limit,
        "empty_columns": empty,
        "importance_of": "the test file" if by_test else "the training file",
    }
    return Results(
        features=features,
        facts=facts,
        metrics=numbers,
        predictions=_predictions(true, predicted, chances),
        leaderboard=board,
        importance=_importance(
            predictor, measurable if by_test else measures.measurable(predictor, table), options.time_limit
        ),
        performance=measures.performance(facts, numbers, true, predicted),
    )


def _true(asked: pd.DataFrame, target: str) -> pd.Series | None:
    """What is true of each row; None if that is known of none."""
    return asked[target] if target in asked and asked[target].notna().any() else None


def _answers(predictor: Any, rows: pd.DataFrame) -> tuple[pd.Series, pd.DataFrame | None]:
    """What is predicted of each row, and the chance of each class where there are classes."""
    if not predictor.can_predict_proba:
        return predictor.predict(rows), None
    chances = predictor.predict_proba(rows)
    return predictor.predict_from_proba(chances), chances


def _predictions(true: pd.Series | None, predicted: pd.Series, chances: Any) -> pd.DataFrame:
    columns = {"row": range(1, len(predicted) + 1)}
    if true is not None:
        columns["actual"] = true.convert_dtypes().array
    columns["predicted"] = predicted.to_numpy()
    if chances is not None:
        columns |= {f"probability_{label}": chances[label].to_numpy() for label in chances}
    return pd.DataFrame(columns)


def _importance(predictor: Any, rows: pd.DataFrame, time_limit: int) -> pd.DataFrame:
    """By permutation, over some rows and for a bounded time.

    https://auto.gluon.ai/stable/api/autogluon.tabular.TabularPredictor.feature_importance.html
    """
    found = predictor.feature_importance(
        _drawn(predictor, rows),
        subsample_size=None,
        time_limit=time_limit * IMPORTANCE_SHARE,
        silent=True,
    )
    return found.rename_axis("feature").reset_index()


def _drawn(predictor: Any, rows: pd.DataFrame) -> pd.DataFrame:
    """Some of very many rows, among them one of each class: a sample without a rare one has no metrics."""
    shuffled = rows.sample(frac=1, random_state=SEED)
    if predictor.class_labels is not None:
        is_first = ~shuffled[predictor.label].duplicated()
        shuffled = pd.concat([shuffled[is_first], shuffled[~is_first]])
    return shuffled.head(IMPORTANCE_ROWS)


def _validation_score(predictor: Any, board: pd.DataFrame) -> float:
    best = board.loc[board["model"] == predictor.model_best, "score_val"].iloc[0]
    return measures.plain(predictor.eval_metric.name, best)
