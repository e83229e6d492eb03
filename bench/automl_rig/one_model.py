"""One XGBoost or one LightGBM as it comes: prints its accuracy and the seconds of its fitting as JSON.

``python one_model.py NAME TRAIN TEST TARGET``; the tables are read as the pipeline reads them.
"""

import json
import sys
import time
from pathlib import Path

import pandas as pd
from lightgbm import LGBMClassifier
from xgboost import XGBClassifier

from frames import rows_to_predict, text_columns, training_rows

MODELS = {
    "xgboost": lambda: XGBClassifier(enable_categorical=True, n_jobs=2),
    "lightgbm": lambda: LGBMClassifier(n_jobs=2, verbosity=-1),
}


def main(name: str, train: Path, test: Path, target: str) -> None:
    """Text becomes categories, which both take; labels become numbers."""
    table, _ = training_rows(train, target)
    asked = rows_to_predict(test, table, target)
    features = table.columns.drop(target)
    for column in text_columns(table[features]):
        kinds = pd.CategoricalDtype(sorted(table[column].dropna().unique()))
        table[column], asked[column] = table[column].astype(kinds), asked[column].astype(kinds)
    codes, labels = pd.factorize(table[target], sort=True)
    model = MODELS[name]()
    begun = time.monotonic()
    model.fit(table[features], codes)
    seconds = time.monotonic() - begun
    right = labels[model.predict(asked[features])] == asked[target].to_numpy()
    print(json.dumps({"accuracy": float(right.mean()), "fit_seconds": seconds, "models": 1.0}))


if __name__ == "__main__":
    chosen, first, second, label = sys.argv[1:]
    main(chosen, Path(first), Path(second), label)
