"""Command-line numbers with bounds, refused before a job does any work."""

import argparse
from collections.abc import Callable
from typing import Any


def number(
    kind: type, low: float, high: float = float("inf"), *, open_ends: bool = False
) -> Callable[[str], Any]:
    """An argparse type: an int or float between two bounds, both excluded with ``open_ends``."""

    def parse(text: str) -> Any:
        try:
            value = kind(text)
        except ValueError:
            raise argparse.ArgumentTypeError(f"{text!r} is not of type {kind.__name__}") from None
        if not (low < value < high if open_ends else low <= value <= high):
            ends = "both excluded" if open_ends else "both included"
            raise argparse.ArgumentTypeError(f"{text} is not between {low:g} and {high:g}, {ends}")
        return value

    return parse
