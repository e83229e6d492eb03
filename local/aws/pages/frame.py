"""What all pages share: addresses, the frame, and how much a browser lets them do."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

from jinja2 import Environment, FileSystemLoader
from werkzeug.wrappers import Response

if TYPE_CHECKING:
    from local.aws.server import LocalAws

ROOT = "/_millrace/"
OBJECTS, JOBS, CALLS, INBOX = f"{ROOT}s3/", f"{ROOT}jobs/", f"{ROOT}calls/", f"{ROOT}inbox/"
FEATURE_GROUPS = f"{JOBS}feature-groups/"
PYTORCH_JOBS = f"{JOBS}pytorch-jobs/"
STREAMS = f"{ROOT}streams/"
FUNCTIONS = f"{ROOT}functions/"
METRICS = f"{ROOT}metrics/"

POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action {forms}"
"""Policy of a page; without a sandbox, in which a click on an archive downloads nothing."""
PAGE = POLICY.format(forms="'none'")

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
MENU = (
    Crumb("Jobs", JOBS),
    Crumb("Feature groups", FEATURE_GROUPS),
    Crumb("Buckets", OBJECTS),
    Crumb("Streams", STREAMS),
    Crumb("Functions", FUNCTIONS),
    Crumb("Metrics", METRICS),
    Crumb("API calls", CALLS),
    Crumb("Inbox", INBOX),
)
TEMPLATES.globals |= {"menu": MENU}


def page(
    template: str, title: str, crumbs: Sequence[Crumb], *, refresh: int | None = None, **values: Any
) -> Any:
    """A page in the frame; ``refresh`` is the seconds after which a browser asks again."""
    text = TEMPLATES.get_template(template).render(title=title, crumbs=crumbs, refresh=refresh, **values)
    return Response(text, content_type=HTML)


def sources(aws: "LocalAws", root: str) -> str:
    """What is below a root, as a policy names it: where a browser on this machine may have found it."""
    port = urlsplit(aws.endpoint_url).port
    return " ".join(f"http://{host}:{port}{root}" for host in ("127.0.0.1", "localhost"))


def second(moment: datetime) -> str:
    """A time as pages show it, in UTC."""
    return f"{moment.astimezone(UTC) if moment.tzinfo else moment:%Y-%m-%d %H:%M:%S}"
