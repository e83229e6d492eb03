"""Command-line numbers with bounds, refused before a job does any work."""

import argparse
from collections.abc import Callable
from typing import Any


def number(
    kind: type, low: float, high: float = float("inf"), *, above: bool = False, below: bool = False
) -> Callable[[str], Any]:
    """An argparse type: an int or float between two bounds.

    Args:
        kind: int or float.
        low: the least value; the value has to be more than it with ``above``.
        high: the largest value; the value has to be less than it with ``below``.
        above: whether ``low`` is excluded.
        below: whether ``high`` is excluded.
    """

    def parse(text: str) -> Any:
        try:
            value = kind(text)
        except ValueError:
            raise argparse.ArgumentTypeError(f"{text!r} is not of type {kind.__name__}") from None
        if not (low < value if above else low <= value) or not (value < high if below else value <= high):
            least = f"more than {low:g}" if above else f"at least {low:g}"
            most = f"less than {high:g}" if below else f"at most {high:g}"
            raise argparse.ArgumentTypeError(f"{text} is not {least} and {most}")
        return value

    return parse
