"""The command line, table and JSON file that every benchmark has."""

import argparse
import json
import os
import platform
from collections.abc import Mapping, Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

Row = Mapping[str, str | float]


def parser(description: str, rounds: int) -> argparse.ArgumentParser:
    """A parser with ``--json`` and ``--rounds``."""
    made = argparse.ArgumentParser(description=description)
    made.add_argument("--json", type=Path, metavar="FILE", help="also write the figures there")
    made.add_argument(
        "--rounds", type=int, default=rounds, help="repetitions; medians are shown (%(default)s)"
    )
    return made


def report(title: str, rows: Sequence[Row], json_file: Path | None) -> None:
    """Prints the rows with the machine they were measured on, and writes them where asked."""
    machine = f"{os.cpu_count()} cores, Python {platform.python_version()}, {platform.system()}"
    table = Table()
    for name in rows[0]:
        table.add_column(name, justify="left" if isinstance(rows[0][name], str) else "right")
    for row in rows:
        table.add_row(*(value if isinstance(value, str) else f"{value:.3f}" for value in row.values()))
    console = Console()
    console.print(f"{title} ({machine})", soft_wrap=True)
    console.print(table)
    if json_file:
        json_file.write_text(json.dumps({"title": title, "machine": machine, "rows": list(rows)}, indent=2))
