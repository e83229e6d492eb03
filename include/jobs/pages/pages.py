"""Pages that stand alone: no request leaves them, no script runs in them, and what they show is escaped."""

import base64
import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

FOLDER = Path(__file__).parent


def render(template: Path, **values: Any) -> str:
    """A page of a template, which may extend ``frame.html``.

    Its policy allows the page's own style sheet, by its hash, and pictures that are in the page.
    """
    style = (FOLDER / "page.css").read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = (
        f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; base-uri 'none'; form-action 'none'"
    )
    # The style sheet is a file of ours; everything else is escaped.
    own = {"style": Markup(style), "policy": policy}  # noqa: S704
    return _environment(template.parent).get_template(template.name).render(**own, **values)


def _environment(folder: Path) -> Environment:
    environment = Environment(
        loader=FileSystemLoader([folder, FOLDER]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(percent=percent, change=change, points=points, picture=picture)
    return environment


def percent(share: float | None) -> str:
    """One digit behind the point.

    >>> percent(0.125), percent(None)
    ('12.5%', 'n/a')
    """
    return "n/a" if share is None else f"{share:.1%}"


def change(share: float | None) -> str:
    """A relative change, with its sign.

    >>> change(-0.125)
    '-12.5%'
    """
    return "n/a" if share is None else f"{share:+.1%}"


def points(rates: Sequence[float | None]) -> str:
    """The second share less the first, in percentage points.

    >>> points([0.25, 0.5])
    '+25.0 points'
    """
    before, after = rates
    return "n/a" if before is None or after is None else f"{100 * (after - before):+.1f} points"


def picture(png: bytes) -> str:
    """The address of a picture that is inside the page."""
    return "data:image/png;base64," + base64.b64encode(png).decode()
