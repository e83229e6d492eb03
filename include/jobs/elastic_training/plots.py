"""The pictures of the page."""

import math
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from figures import GRID, axes, png

BLUE, ORANGE, RED, GREY = "#1f6f8b", "#c05621", "#c62828", "#8b949e"
GAP_SECONDS = 10
"""Without a sample for so long, a device was not there: its pod was started again."""
MOST_NAMED = 12
"""Devices, up to which a picture names them; sizes, of which one names no more."""
UNITS = ((1, "seconds"), (60, "minutes"), (3600, "hours"))
MOST_UNITS = 180
"""Of time on an axis, before it is told in larger ones."""
KIB = 1024

Samples = Sequence[tuple[float, float]]
Rows = Sequence[Mapping[str, Any]]


def training(history: Rows) -> bytes:
    """Loss and accuracy after each epoch, and below them how many ranks took part in it."""
    figure = Figure(figsize=(9.6, 4.8), layout="constrained")
    left, ranks = figure.subplots(2, sharex=True, height_ratios=(3, 1))
    right = left.twinx()
    epochs = [row["epoch"] for row in history]
    left.plot(epochs, [row["train_loss"] for row in history], "o-", color=BLUE, label="training loss")
    accuracies = [row["validation_accuracy"] for row in history]
    right.plot(epochs, accuracies, "s--", color=ORANGE, label="validation accuracy")
    # An epoch's ranks are those from half an epoch before its number to half an epoch after it.
    edges = [epochs[0] - 0.5, *(epoch + 0.5 for epoch in epochs)]
    sizes = [row["world_size"] for row in history]
    ranks.stairs(sizes, edges, baseline=None, color=GREY, linewidth=2)
    left.set_title("Loss, accuracy and ranks by epoch", loc="left", fontsize=11, fontweight="bold")
    left.set(ylabel="cross entropy (nats)", ylim=(0, None))
    right.set(ylabel="share told right", ylim=(0, 1.02))
    ranks.set(ylabel="ranks", ylim=(0, max(sizes) + 1), xlabel="epoch")
    for axis in (ranks.xaxis, ranks.yaxis):
        axis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    lines = [*left.get_lines(), *right.get_lines()]
    left.legend(lines, [str(line.get_label()) for line in lines], frameon=False, loc="center right")
    for plot in (left, right, ranks):
        plot.spines[["top"]].set_visible(False)
    for plot in (left, ranks):
        plot.grid(color=GRID, alpha=0.25)
    return png(figure)


def utilisation(devices: Mapping[str, Samples]) -> bytes:
    """Percent by time, a line for each device; where its pod was away the line is broken."""
    start = min(samples[0][0] for samples in devices.values())
    end = max(samples[-1][0] for samples in devices.values())
    unit, name = next((unit for unit in UNITS[:-1] if end - start < unit[0] * MOST_UNITS), UNITS[-1])
    figure, plot = axes("Utilisation (%)", width=9.6, height=3.8)
    for device, samples in devices.items():
        whole = _with_gaps(samples)
        times, percents = [(time - start) / unit for time, _ in whole], [percent for _, percent in whole]
        plot.plot(times, percents, linewidth=1.2, marker=".", markersize=3, label=device)
    plot.set(xlabel=f"{name} since the first sample", ylim=(0, None))
    plot.grid(color=GRID, alpha=0.25)
    if len(devices) <= MOST_NAMED:
        plot.legend(frameon=False, fontsize=8, loc="center left", bbox_to_anchor=(1, 0.5))
    return png(figure)


def bandwidth(measured: Mapping[str, Any]) -> bytes:
    """Bus bandwidth by size, and its average over all sizes."""
    figure, plot = axes("All-reduce: bus bandwidth by size (GB/s)", width=9.6)
    sizes = [row["bytes"] for row in measured["sizes"]]
    rates = [row["bus_gb_per_second"] for row in measured["sizes"]]
    plot.semilogx(sizes, rates, "o-", base=2, color=BLUE, label=_ranks(measured["ranks"]))
    average = measured["average_gb_per_second"]
    plot.axhline(average, color=GREY, linestyle="--", label=f"average {average:.2f} GB/s")
    # The largest is among those that are told.
    told = sizes[::-1][:: math.ceil(len(sizes) / MOST_NAMED)]
    plot.set_xticks(told, [_size(each) for each in told], minor=False)
    plot.set(xlabel="size", ylim=(0, None))
    plot.grid(color=GRID, alpha=0.25)
    plot.legend(frameon=False)
    return png(figure)


def scaling(measured: Rows, ideal: Callable[[float], float]) -> bytes:
    """Seconds of an epoch by replicas, and what they would ideally be."""
    figure, plot = axes("An epoch by replicas (s)", width=9.6)
    replicas = [each["replicas"] for each in measured]
    plot.plot(replicas, [each["epoch_seconds"] for each in measured], "o-", color=BLUE, label="measured")
    between = np.linspace(replicas[0], replicas[-1], 200)
    plot.plot(between, [ideal(each) for each in between], ":", color=RED, linewidth=2, label="ideal")
    plot.set_xticks(replicas, [f"{each['replicas']}\n{_ranks(each['ranks'])}" for each in measured])
    plot.set(xlabel="replicas", ylim=(0, None))
    plot.grid(color=GRID, alpha=0.25)
    plot.legend(frameon=False)
    return png(figure)


def _with_gaps(samples: Samples) -> Samples:
    """With what no line goes through in each gap."""
    found = [samples[0]]
    for before, after in pairwise(samples):
        if after[0] - before[0] > GAP_SECONDS:
            found.append((after[0], float("nan")))
        found.append(after)
    return found


def _ranks(count: int) -> str:
    return f"{count} rank{'s' * (count != 1)}"


def _size(count: float) -> str:
    """Bytes for people.

    >>> _size(512), _size(1024), _size(32 * 1024 * 1024)
    ('512 B', '1 KiB', '32 MiB')
    """
    for unit in ("B", "KiB", "MiB"):
        if count < KIB:
            return f"{count:g} {unit}"
        count /= KIB
    return f"{count:g} GiB"
