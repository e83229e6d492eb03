"""The same rows as CSV, libsvm, Parquet and recordio-protobuf: seconds and memory to load them for XGBoost.

Each load is a fresh process of the XGBoost image. ``load_s`` goes from the files to a QuantileDMatrix,
``read_s`` is the part of it that decodes them; ``peak_mib`` is the process's peak of memory, ``data_mib`` the
part of it that came after the libraries were imported. ``x_load`` and ``x_data`` are ratios to CSV.
"""

import json
import os
import statistics
import subprocess
import tempfile
from pathlib import Path

from bench.reporting import Row, parser, report
from local.aws.runtime.images import SOURCES, ImageStore

REPO = Path(__file__).resolve().parents[1]
RIG = Path(__file__).parent / "formats_rig"
SAMPLE = REPO / "include" / "samples" / "abalone" / "abalone.csv"
FORMATS = ("csv", "libsvm", "parquet", "recordio-protobuf")


def run(python: Path, program: str, *arguments: str) -> str:
    """A program of the rig in the environment of the image; what it printed."""
    environment = {**os.environ, "PYTHONPATH": f"{SOURCES}{os.pathsep}{SOURCES / 'xgboost'}"}
    command = [str(python), str(RIG / program), *arguments]
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=True)
    return done.stdout


def measure(python: Path, folder: Path, rounds: int) -> list[Row]:
    """One row for each format; the formats take turns."""
    loads: dict[str, list[dict[str, float]]] = {form: [] for form in FORMATS}
    for _ in range(rounds):
        for form in FORMATS:
            loads[form].append(json.loads(run(python, "load.py", str(folder / form), form)))
    medians = {
        form: {name: statistics.median(load[name] for load in found) for name in found[0]}
        for form, found in loads.items()
    }
    csv = medians["csv"]
    return [
        {
            "format": form,
            "files_mib": sum(path.stat().st_size for path in (folder / form).iterdir()) / 2**20,
            **{name: found[name] for name in ("read_s", "load_s", "peak_mib", "data_mib")},
            "x_load": found["load_s"] / csv["load_s"],
            "x_data": found["data_mib"] / csv["data_mib"],
        }
        for form, found in medians.items()
    ]


def main() -> None:
    """Writes the rows once and loads them in turns."""
    made = parser(__doc__ or "", rounds=3)
    made.add_argument("--rows", type=int, default=1_000_000, help="how many (%(default)s)")
    home = Path(os.environ.get("MILLRACE_HOME", REPO / ".millrace"))
    made.add_argument("--images", type=Path, default=home / "images", help="where environments are kept")
    arguments = made.parse_args()
    store = ImageStore(arguments.images)
    python = store.ensure(store.resolve("xgboost"), print) / "bin" / "python"
    with tempfile.TemporaryDirectory() as folder:
        run(python, "write.py", str(SAMPLE), str(arguments.rows), f"{folder}/rows")
        rows = measure(python, Path(folder) / "rows", arguments.rounds)
    report(f"Loading {arguments.rows:,} rows for XGBoost", rows, arguments.json)


if __name__ == "__main__":
    main()
