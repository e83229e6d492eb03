"""The command of a generator whose sample is one CSV file."""

import argparse
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path


def main(
    argv: Sequence[str] | None,
    description: str,
    lines: Callable[[int, int], Iterable[str]],
    *,
    rows: int,
    seed: int,
    sample: Path,
) -> int:
    """Writes the sample; returns the exit code.

    Args:
        argv: of the command line.
        description: of the command.
        lines: makes so many rows with a seed.
        rows: how many, unless the command line says otherwise.
        seed: likewise.
        sample: the file, likewise.
    """
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--rows", type=int, default=rows, help="how many")
    parser.add_argument("--seed", type=int, default=seed, help="another seed makes other rows")
    parser.add_argument("--output", type=Path, default=sample, help="CSV file to write")
    args = parser.parse_args(argv)
    if args.rows < 1:
        parser.error(f"--rows is {args.rows}, it must be at least 1")
    with args.output.open("w", newline="") as stream:
        stream.writelines(f"{line}\n" for line in lines(args.rows, args.seed))
    return 0
