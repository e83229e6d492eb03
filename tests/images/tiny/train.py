"""Scores the hyperparameter `x` by its distance from 3, after as many seconds as asked for."""

import sys
import time

from entrypoint import training


def algorithm(hyperparameters):
    print(f"score: {(float(hyperparameters['x']) - 3) ** 2}", flush=True)
    time.sleep(float(hyperparameters["seconds"]))


sys.exit(training.main(algorithm))
