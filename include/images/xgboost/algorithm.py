"""The built-in algorithm of the XGBoost image.

It takes the hyperparameters of SageMaker's XGBoost; `boosting` reads the channels and trains. The metrics
of a round stand in the log as AWS's metric definitions of XGBoost find them, with ``#011`` between them.
"""

import os
from pathlib import Path

from boosting import channels, hyperparameters, models
from boosting.job import Job


def train(raw: dict[str, str]) -> None:
    """The built-in algorithm. Raises ValueError for wrong hyperparameters and data."""
    parameters, control = hyperparameters.validated(raw)
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
