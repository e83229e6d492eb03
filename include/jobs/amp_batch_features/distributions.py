"""How the features are distributed: a histogram of each, drawn into the page of the gate."""

from collections.abc import Mapping
from datetime import date
from html import escape

from summaries import BINS, Distribution

WIDTH, HEIGHT = 240, 80
"""Of a plot, in pixels."""


def section(groups: Mapping[str, Mapping[str, Distribution]], day: date) -> str:
    """HTML with a plot for each feature of each group."""
    parts = [f"<h2>Distributions of the features of {day}</h2>"]
    for group, features in groups.items():
        plots = "".join(_figure(name, values) for name, values in features.items())
        parts.append(
            f'<h3>{escape(group)}</h3><div style="display:flex;flex-wrap:wrap;gap:1rem">{plots}</div>'
        )
    return "".join(parts)


def _figure(name: str, values: Distribution) -> str:
    if values.low is None or values.high is None:
        said = f"no value, {values.nulls} nulls"
    else:
        said = f"{values.low:.4g} to {values.high:.4g}, mean {values.mean:.4g}, {values.nulls} nulls"
    return f"<figure><figcaption>{escape(name)}<br><small>{said}</small></figcaption>{_plot(values)}</figure>"


def _plot(values: Distribution) -> str:
    """Bars whose heights are the square roots of the counts: few have much, and would not be seen."""
    tallest, step = max(*values.counts, 1), WIDTH / BINS
    bars = "".join(
        f'<rect x="{number * step:.1f}" y="{HEIGHT - height:.1f}" width="{step - 1:.1f}" '
        f'height="{height:.1f}">'
        f"<title>{count}</title></rect>"
        for number, count in enumerate(values.counts)
        if (height := HEIGHT * (count / tallest) ** 0.5)
    )
    return f'<svg width="{WIDTH}" height="{HEIGHT}" fill="#4c78a8" role="img">{bars}</svg>'
