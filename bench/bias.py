"""All 21 bias metrics of a CSV file: our job against Clarify's open library.

Each is a process that starts from nothing, reads the file and measures one group, for FT with the five
nearest neighbours of each member; ours also draws the page. They take turns in one run. All figures must
agree but FT, whose sign and ties differ. Memory is the peak of the process, shared pages counted once (PSS).
"""

import json
import math
import os
import statistics
import tempfile
from pathlib import Path

from bench.abalone_spark import IMAGES, Figures, watched
from bench.bias_rig import rows
from bench.reporting import Row, parser, report
from include.bias import BiasAnalysis
from include.bundles import Bundle
from local.aws.runtime.images import ImageStore

RIG = Path(__file__).with_name("bias_rig")


def command(way: str, scratch: Path) -> list[str]:
    """How a way is run; it leaves its figures in ``scratch``."""
    csv = str(scratch / "rows.csv")
    if way == "smclarify":
        store = ImageStore(IMAGES, RIG.parent)
        python = store.ensure(store.resolve(RIG.name), print) / "bin" / "python"
        return [str(python), str(RIG / "clarify.py"), csv, str(scratch / "smclarify.json")]
    store = ImageStore(IMAGES)
    python = store.ensure(store.resolve("sklearn"), print) / "bin" / "python"
    config = ["--config", str(scratch / "analysis_config.json")]
    script = str(scratch / "code" / "bias.py")
    return [str(python), script, "--data", csv, *config, "--output", str(scratch / "ours")]


def prepare(scratch: Path, count: int) -> None:
    """Writes the rows, the scripts and the configuration."""
    rows.write(scratch / "rows.csv", count)
    (scratch / "code").mkdir()
    for name, content in Bundle.of_job("bias", "pages").files.items():
        (scratch / "code" / name).write_bytes(content)
    asked = BiasAnalysis(
        data="",
        output="",
        label="income",
        positive=[1],
        facets={"sex": ["Female"]},
        predicted_label="predicted",
        group_variable="occupation",
        excluded=["occupation"],
    )
    (scratch / "analysis_config.json").write_text(json.dumps(asked.config()))


def compare(scratch: Path) -> None:
    """Raises `SystemExit` where the two ways differ in more than FT."""
    theirs = json.loads((scratch / "smclarify.json").read_text())
    ours = json.loads((scratch / "ours" / "metrics.json").read_text())
    for name, value in theirs.items():
        if name != "FT" and not math.isclose(ours[f"sex_Female_{name}"], value, abs_tol=1e-9):
            raise SystemExit(f"{name} is {ours[f'sex_Female_{name}']} here and {value} by smclarify")


def run(count: int, rounds: int) -> dict[str, list[Figures]]:
    """Both ways, in turns."""
    found: dict[str, list[Figures]] = {"smclarify": [], "ours": []}
    with tempfile.TemporaryDirectory(prefix="bias-") as folder:
        scratch = Path(folder)
        prepare(scratch, count)
        commands = {way: command(way, scratch) for way in found}
        for _ in range(rounds):
            for way, figures in found.items():
                figures.append(watched(commands[way], dict(os.environ), scratch / "log"))
        compare(scratch)
    return found


def table(found: dict[str, list[Figures]]) -> list[Row]:
    """Medians of each way, and theirs over ours: above 1 ours is the better one."""
    median = {
        way: {
            "seconds": statistics.median(each.seconds for each in figures),
            "cpu_s": statistics.median(each.cpu_seconds for each in figures),
            "peak_mib": statistics.median(each.peak_mib for each in figures),
        }
        for way, figures in found.items()
    }
    ratio = {name: median["smclarify"][name] / median["ours"][name] for name in median["ours"]}
    return [{"way": way, **values} for way, values in median.items()] + [{"way": "smclarify / ours", **ratio}]


def main() -> None:
    """Makes the rows, runs both ways and prints the table."""
    arguments = parser(__doc__ or "", rounds=3)
    arguments.add_argument("--rows", type=int, default=1_000_000, help="rows of input (%(default)s)")
    options = arguments.parse_args()
    report(
        f"21 bias metrics of {options.rows:,} rows", table(run(options.rows, options.rounds)), options.json
    )


if __name__ == "__main__":
    main()
