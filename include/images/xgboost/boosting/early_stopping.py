"""Ends training when the validation metric no longer improves."""

import xgboost as xgb

MAXIMISED = {"auc", "aucpr", "pre", "map", "ndcg"}


class EarlyStopping:
    """Watches the last metric of the last data set, as XGBoost does.

    The best round and its score are attributes of the model and so of each checkpoint: an attempt that
    resumes counts on from there, and needs no history of the metric.
    """

    def __init__(self, rounds: int) -> None:
        self.rounds = rounds

    def over(self, booster: xgb.Booster, number: int, metrics: dict[str, float]) -> bool:
        """Notes the round's score; True when ``rounds`` of them have passed since the best."""
        name, score = list(metrics.items())[-1]
        best = booster.attr("best_score")
        if best is None or _better(name, score, float(best)):
            booster.set_attr(best_iteration=str(number), best_score=repr(score))
        return self.passed(booster, number)

    def passed(self, booster: xgb.Booster, number: int) -> bool:
        """Whether training was over with this round already."""
        best = booster.attr("best_iteration")
        return best is not None and number - int(best) >= self.rounds


def _better(name: str, score: float, best: float) -> bool:
    metric = name.split(":", 1)[1].split("@", maxsplit=1)[0].rstrip("-")
    return score > best if metric in MAXIMISED else score < best
