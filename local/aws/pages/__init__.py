"""Pages for a person's browser: jobs, functions, feature groups, buckets, streams, metrics, calls, the inbox.

They only read, they are for this machine only (the dispatcher sees to that), they need no script, and
whatever a job or a request brought is escaped.
"""

import logging
from collections.abc import Iterable
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Protocol

from werkzeug.utils import redirect
from werkzeug.wrappers import Request, Response

from local.aws.pages.calls import Calls
from local.aws.pages.feature_groups import FeatureGroups
from local.aws.pages.frame import (
    CALLS,
    FEATURE_GROUPS,
    FUNCTIONS,
    INBOX,
    JOBS,
    METRICS,
    OBJECTS,
    PAGE,
    PYTORCH_JOBS,
    ROOT,
    STREAMS,
    TEXT,
    NotThereError,
)
from local.aws.pages.functions import Functions
from local.aws.pages.inbox import Inbox
from local.aws.pages.jobs import Jobs
from local.aws.pages.metrics import MetricsPage
from local.aws.pages.objects import Objects
from local.aws.pages.pytorch_jobs import PyTorchJobs
from local.aws.pages.streams import Streams

if TYPE_CHECKING:
    from local.aws.server import LocalAws

log = logging.getLogger(__name__)

__all__ = ["ROOT", "Pages"]


class Part(Protocol):
    """The pages below one address."""

    def answer(self, request: Any, where: str) -> Any:
        """The response at a path below that address; raises `NotThereError`."""
        ...


class Pages:
    """The WSGI application below :data:`ROOT`."""

    def __init__(self, aws: "LocalAws") -> None:
        self._parts: dict[str, Part] = {
            OBJECTS: Objects(aws),
            # Below those of jobs, so asked first.
            FEATURE_GROUPS: FeatureGroups(aws),
            PYTORCH_JOBS: PyTorchJobs(),
            JOBS: Jobs(aws),
            FUNCTIONS: Functions(aws),
            CALLS: Calls(aws),
            INBOX: Inbox(aws),
            STREAMS: Streams(),
            METRICS: MetricsPage(aws),
        }

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """Answers one request, by WSGI."""
        request = Request(environ)
        try:
            response = self._answer(request)
        except NotThereError as error:
            response = Response(f"{error}\n", HTTPStatus.NOT_FOUND, content_type=TEXT)
        except Exception as error:
            log.exception("The page %s failed", request.path)
            sentence = f"This page failed: {type(error).__name__}: {error}\n"
            response = Response(sentence, HTTPStatus.INTERNAL_SERVER_ERROR, content_type=TEXT)
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers["Cache-Control"] = "no-store"  # a task that runs again writes the same keys
        response.headers.setdefault("Content-Security-Policy", PAGE)
        answer: Iterable[bytes] = response(environ, start_response)
        return answer

    def _answer(self, request: Any) -> Any:
        if request.method not in ("GET", "HEAD"):
            return Response(
                "Only GET and HEAD are answered here.\n",
                HTTPStatus.METHOD_NOT_ALLOWED,
                {"Allow": "GET, HEAD"},
            )
        for root, part in self._parts.items():
            if f"{request.path}/".startswith(root):
                return part.answer(request, request.path.removeprefix(root.rstrip("/")).removeprefix("/"))
        if request.path.rstrip("/") == ROOT.rstrip("/"):
            return redirect(JOBS)
        raise NotThereError(f"There is no page {request.path!a}: see {', '.join(self._parts)}.")
