"""What a browser is told about the pages, and who may post to them."""

from collections.abc import Iterable
from typing import Any
from urllib.parse import urlsplit

from local.aws.pages.frame import ROOT

REVIEW = f"{ROOT}review/"

ASSET_TYPES = {".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8"}

PAGE = (
    "default-src 'none'; script-src {assets}; style-src {assets}; frame-src {tasks}; form-action 'self'; "
    "img-src data:; base-uri 'none'; frame-ancestors 'none'"
)
TASK = (
    "sandbox allow-scripts allow-forms; default-src 'none'; script-src 'unsafe-inline' {assets}; "
    "style-src 'unsafe-inline' {assets}; img-src data: blob: {links}; media-src data: blob: {links}; "
    "font-src data:; frame-src {frames}; form-action 'none'; base-uri 'none'; frame-ancestors {origin}"
)
"""Of a task's document. ``allow-forms`` is what makes a form say that it is submitted; none goes anywhere."""


def of_task(links: Iterable[str], host_url: str) -> dict[str, str]:
    """Headers of a task's document, which may load `links`."""
    places = " ".join(link.partition("?")[0] for link in links)
    policy = TASK.format(
        assets=_folder(host_url, "assets/"),
        links=places,
        frames=places or "'none'",
        origin=host_url.rstrip("/"),
    )
    return {"Content-Security-Policy": policy, "Referrer-Policy": "no-referrer"}


def protect(headers: Any, host_url: str) -> None:
    """Adds to an answer what it does not have; `host_url` is how the browser names this server."""
    policy = PAGE.format(assets=_folder(host_url, "assets/"), tasks=_folder(host_url, "tasks/"))
    headers.setdefault("Content-Security-Policy", policy)
    # With no referrer at all, browsers would not say where a form comes from.
    headers.setdefault("Referrer-Policy", "same-origin")
    headers["X-Content-Type-Options"] = "nosniff"
    headers["Cache-Control"] = "no-store"
    headers["Cross-Origin-Opener-Policy"] = "same-origin"


def _folder(host_url: str, name: str) -> str:
    return f"{host_url.rstrip('/')}{REVIEW}{name}"


def is_from_a_browser(request: Any) -> bool:
    """Browsers say where a POST comes from; other programs have no reason to."""
    return "Origin" in request.headers or "Sec-Fetch-Site" in request.headers


def is_from_here(request: Any) -> bool:
    """Whether a POST was made by a page of this origin, or by a program."""
    origin = request.headers.get("Origin")
    if origin is not None and urlsplit(origin).netloc != request.host:
        return False
    return request.headers.get("Sec-Fetch-Site", "same-origin") in ("same-origin", "none")
