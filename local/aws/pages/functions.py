"""Lambda functions: a list with what they did since the server started, a page for each, and their logs."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import quote

from moto.awslambda.models import lambda_backends
from moto.sqs.models import sqs_backends
from werkzeug.wrappers import Response

from local.aws.pages import logs
from local.aws.pages.facts import as_json
from local.aws.pages.frame import FUNCTIONS, TEXT, Crumb, NotThereError, page
from local.aws.services import lambda_functions
from local.aws.services.lambda_functions.asynchronous import waiting
from local.aws.services.lambda_functions.context import current
from local.aws.services.lambda_functions.mapping import LocalMapping

if TYPE_CHECKING:
    from local.aws.server import LocalAws
    from local.aws.services.lambda_functions.function import LocalFunction
    from local.aws.services.lambda_functions.pool import Figures

REFRESH_SECONDS = 3
HIDDEN = "****"
SECRET = re.compile("TOKEN|PASSWORD|SECRET", re.IGNORECASE)
PASSWORD = re.compile(r"(://[^/:@\s]*:)[^/@\s]+@")
"""Of a URL: what is between the user's name and the host."""


class Source(NamedTuple):
    """An event source: its name, how the last batch ended, and how far behind the function is."""

    name: str
    state: str
    result: str
    backlog: str


@dataclass(frozen=True)
class Row:
    """A function at this moment.

    Attributes:
        busy: processes with an invocation; `warm` ones wait for the next.
        queued: events that wait for an asynchronous invocation.
    """

    function: "LocalFunction"
    figures: "Figures"
    busy: int
    warm: int
    queued: int
    sources: list[Source]

    @property
    def name(self) -> str:
        """Of the function."""
        return str(self.function.function_name)

    @property
    def region(self) -> str:
        """Of the function."""
        return str(self.function.region)

    @property
    def address(self) -> str:
        """Of its page."""
        return f"{FUNCTIONS}{quote(self.name, safe='')}"

    @property
    def log(self) -> tuple[str, str]:
        """Its log group, and what its streams begin with."""
        return self.function.log_group, ""

    @property
    def milliseconds(self) -> str:
        """Of an invocation, on average."""
        figures = self.figures
        return f"{figures.seconds / figures.invocations * 1000:,.0f}" if figures.invocations else ""


class Functions:
    """Answers below :data:`~local.aws.pages.frame.FUNCTIONS`."""

    def __init__(self, aws: "LocalAws") -> None:
        self._account = aws.account_id

    def answer(self, _request: Any, where: str) -> Any:
        """The list, the page ``<name>`` or the text ``<name>/log``.

        Raises:
            NotThereError: there is no such function.
        """
        rows = {row.name: row for row in _rows()}
        crumbs = [Crumb("Functions", FUNCTIONS)]
        if not where:
            return page("functions.html", "Functions", crumbs, refresh=REFRESH_SECONDS, rows=rows.values())
        name, _, part = where.partition("/")
        if name not in rows:
            raise NotThereError(f"There is no function {name!a}.")
        row = rows[name]
        if part == "log":
            return Response(logs.whole(self._account, row), content_type=TEXT)
        if part:
            raise NotThereError(f"There is no page {part!a} of the function {name!a}, only log.")
        return page(
            "function.html",
            name,
            [*crumbs, Crumb(name, row.address)],
            rows=[row],
            row=row,
            configuration=as_json(shown(row.function.get_configuration())),
            logs=logs.tails(self._account, row),
            lines=logs.LINES,
        )


def shown(configuration: Mapping[str, Any]) -> dict[str, Any]:
    """A configuration without the secrets among a function's variables: by their names, and in URLs."""
    environment = configuration.get("Environment") or {}
    variables = {
        name: HIDDEN if SECRET.search(name) else PASSWORD.sub(rf"\1{HIDDEN}@", str(value))
        for name, value in (environment.get("Variables") or {}).items()
    }
    return {**configuration, "Environment": {**environment, "Variables": variables}}


def _rows() -> Iterator[Row]:
    pool = current().pool
    for function in lambda_functions.every():
        if function.version == "$LATEST":
            arn = function.unqualified_arn
            busy, warm = pool.environments(arn)
            yield Row(function, pool.figures[arn], busy, warm, waiting(function), list(_sources(function)))


def _sources(function: "LocalFunction") -> Iterator[Source]:
    backend: Any = lambda_backends[function.account_id][function.region]
    for mapping in backend.list_event_source_mappings("", function.function_name):
        if isinstance(mapping, LocalMapping):
            state = "Enabled" if mapping.enabled else "Disabled"
            yield Source(mapping.source_name, state, mapping.last_result, _backlog(mapping))


def _backlog(mapping: LocalMapping) -> str:
    if mapping.of_stream:
        return f"{current().sources.behind(mapping):,.1f} s"
    queue = sqs_backends[mapping.account_id][mapping.region].queues.get(mapping.source_name)
    return f"{len(queue._messages):,}" if queue else "no queue"  # noqa: SLF001  # its own counts go through all
