"""What all pages share: addresses, the frame, and how much a browser lets them do."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from jinja2 import Environment, FileSystemLoader
from werkzeug.wrappers import Response

ROOT = "/_millrace/"
OBJECTS, JOBS, CALLS, INBOX = f"{ROOT}s3/", f"{ROOT}jobs/", f"{ROOT}calls/", f"{ROOT}inbox/"

PAGE = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
"""Policy of a page; without a sandbox, in which a click on an archive downloads nothing."""

HTML, TEXT = "text/html; charset=utf-8", "text/plain; charset=utf-8"


class NotThereError(LookupError):
    """Nothing is at an address. The message is one sentence."""


class Crumb(NamedTuple):
    """A step of the way to a page."""

    name: str
    address: str


TEMPLATES = Environment(
    loader=FileSystemLoader(Path(__file__).parent), autoescape=True, trim_blocks=True, lstrip_blocks=True
)
MENU = (Crumb("Jobs", JOBS), Crumb("Buckets", OBJECTS), Crumb("API calls", CALLS), Crumb("Inbox", INBOX))
TEMPLATES.globals |= {"menu": MENU}


def page(
    template: str, title: str, crumbs: Sequence[Crumb], *, refresh: int | None = None, **values: Any
) -> Any:
    """A page in the frame; ``refresh`` is the seconds after which a browser asks again."""
    text = TEMPLATES.get_template(template).render(title=title, crumbs=crumbs, refresh=refresh, **values)
    return Response(text, content_type=HTML)


def second(moment: datetime) -> str:
    """A time as pages show it, in UTC."""
    return f"{moment.astimezone(UTC) if moment.tzinfo else moment:%Y-%m-%d %H:%M:%S}"
