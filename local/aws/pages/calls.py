"""The record of API calls: a list of runs, a table for each, and the same as JSON."""

import json
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from werkzeug.wrappers import Response

from local.aws.pages.frame import CALLS, Crumb, NotThereError, page

if TYPE_CHECKING:
    from local.aws.server import LocalAws

UNATTRIBUTED = "unattributed"
SUFFIX = ".json"


class Calls:
    """Answers below :data:`~local.aws.pages.frame.CALLS`."""

    def __init__(self, aws: "LocalAws") -> None:
        self._aws = aws

    def answer(self, request: Any, where: str) -> Any:
        """The list, or the page of ``<dag>/<run>`` or ``unattributed``; with ``.json`` the document.

        Raises:
            NotThereError: nothing is recorded of such a run.
        """
        if not where and "dag" not in request.args:
            return self._list()
        dag, run = _run_of(request.args, where)
        if document := self._aws.calls.document(dag, run):
            return _page(document)
        named, bare = run or dag, (run or dag or "").removesuffix(SUFFIX)
        if bare != named:
            key = (dag, bare) if run else _run_of({}, bare)
            if document := self._aws.calls.document(*key):
                return Response(json.dumps(document, indent=1), content_type="application/json")
        raise NotThereError(f"There is no record of calls of {_title(dag, run)}.")

    def _list(self) -> Any:
        runs = [
            summary | {"title": _title(summary["dag"], summary["run"]), "address": address(summary)}
            for summary in self._aws.calls.runs()
        ]
        return page("calls.html", "API calls", [Crumb("API calls", CALLS)], runs=runs)


def _run_of(arguments: Any, where: str) -> tuple[str | None, str | None]:
    if "dag" in arguments:
        return arguments["dag"], arguments.get("run", "")
    dag, slash, run = where.partition("/")
    if not slash and dag == UNATTRIBUTED:
        return None, None
    return dag, run


def address(summary: Any) -> str:
    """The address of a document's page."""
    if summary["dag"] is None:
        return f"{CALLS}{UNATTRIBUTED}"
    return page_of_run(summary["dag"], summary["run"])


def page_of_run(dag: str, run: str) -> str:
    """The address of a run's page; what a browser would resolve or a path would split goes into the query."""
    if "/" in dag or {".", "..", ""} & {dag, *run.split("/")}:
        return f"{CALLS}?{urlencode({'dag': dag, 'run': run})}"
    return f"{CALLS}{quote(dag, safe='')}/{quote(run, safe='')}"


def _page(document: dict[str, Any]) -> Any:
    title = _title(document["dag"], document["run"])
    here = address(document)
    crumbs = [Crumb("API calls", CALLS), Crumb(title, here)]
    return page("run_calls.html", title, crumbs, document=document, json_address=f"{here}{SUFFIX}")


def _title(dag: str | None, run: str | None) -> str:
    return f"{dag} / {run}" if dag is not None and run is not None else UNATTRIBUTED
