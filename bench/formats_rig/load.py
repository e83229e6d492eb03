"""Loads a folder into a QuantileDMatrix: ``load.py FOLDER FORMAT`` prints rows, seconds and MiB as JSON."""

import json
import resource
import sys
import time
from pathlib import Path

from boosting import channels, matrices  # type: ignore[import-not-found]


def peak_mib() -> float:
    """The most memory that this process has had."""
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 2**20


def main(folder: str, form: str) -> None:
    """One load."""
    before = peak_mib()
    started = time.perf_counter()
    spool = channels.folder("train", Path(folder), form).read()
    read = time.perf_counter()
    matrix = matrices.build({"train": spool}, {}, exact=False)["train"]
    ended = time.perf_counter()
    figures = {
        "rows": matrix.num_row(),
        "read_s": read - started,
        "load_s": ended - started,
        "peak_mib": peak_mib(),
        "data_mib": peak_mib() - before,
    }
    print(json.dumps(figures))


if __name__ == "__main__":
    main(*sys.argv[1:])
