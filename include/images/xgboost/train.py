"""``train`` of the XGBoost image: the user's script, or the built-in algorithm."""

import sys
from pathlib import Path

from entrypoint import termination, training  # type: ignore[import-not-found]


def algorithm(hyperparameters: dict[str, str]) -> None:
    """Imported only when it is used: a script need not wait for libraries that it may not want."""
    termination.end_on_sigterm()
    from algorithm import train  # type: ignore[import-not-found]  # noqa: PLC0415

    train(hyperparameters)


if __name__ == "__main__":
    sys.exit(training.main(algorithm, library=Path(__file__).resolve().parent))
