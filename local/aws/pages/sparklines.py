"""Small graphs without axes, as the points of an SVG's polylines."""

from collections.abc import Sequence

WIDTH, HEIGHT = 150, 28
"""Pixels."""
MARGIN = 2
"""Pixels above the highest value and below zero, for the width of the line."""


def segments(values: Sequence[float | None]) -> list[str]:
    """Lines through successive values, broken where one is missing; the lowest is zero or what is below it.

    A value without neighbours is a line of a pixel.
    """
    there = [value for value in values if value is not None]
    if not there:
        return []
    low, high = min(0.0, *there), max(0.0, *there)
    runs: list[list[tuple[float, float]]] = [[]]
    for place, value in enumerate(values):
        if value is None:
            runs.append([])
            continue
        share = (value - low) / (high - low) if high > low else 0.0
        x = MARGIN + place * (WIDTH - 2 * MARGIN) / max(len(values) - 1, 1)
        runs[-1].append((x, HEIGHT - MARGIN - share * (HEIGHT - 2 * MARGIN)))
    return [" ".join(f"{x:.1f},{y:.1f}" for x, y in _visible(run)) for run in runs if run]


def _visible(run: list[tuple[float, float]]) -> list[tuple[float, float]]:
    return run if len(run) > 1 else [run[0], (run[0][0] + 1, run[0][1])]
