"""Runs statements: ``python execute.py``, with a request on each line of its input, one at a time.

A request names the ``database`` (file, name) and its ``master`` (name, password or null), who runs the
statements (``login``: see `accounts.Accounts.log_in`), the ``statements`` (each ``sql`` and ``values``),
whether they are one ``transaction``, and the folders ``scratch`` and ``results``. Told are ``started`` and
``done`` of each statement, ``failed`` with an ``error`` for the one that did not go well, and ``over``.
"""

import logging
import time
from pathlib import Path
from typing import Any

import duckdb

from accounts import Accounts, Session, hashed
from administration import Administration
from dialogue import Dialogue
from errors import LoginError, RefusedError
from external import ExternalTables
from privileges import Privileges
from relations import Relations
from statements import Outcome, Statements
from store import Store
from system_views import SystemViews


class Run:
    """The statements of one request."""

    def __init__(self, request: dict[str, Any], server: Dialogue) -> None:
        self._request = request
        self._server = server
        name, password = request["master"]["name"], request["master"]["password"]
        master = (name, hashed(password, name) if password else None)
        self._store = Store(Path(request["database"]["file"]), Path(request["scratch"]), master)

    def all(self) -> None:
        """Runs them until one fails; of a transaction nothing is left then."""
        try:
            self._run(as_one=self._request["transaction"])
        except (RefusedError, LoginError, duckdb.Error) as error:
            self._store.close()
            self._server.tell("failed", error=str(error))
        else:
            self._store.close()

    def _run(self, *, as_one: bool) -> None:
        statements = self._statements(Accounts(self._store).log_in(self._request["login"]))
        if as_one:
            self._store.run("BEGIN TRANSACTION")
        for place, statement in enumerate(self._request["statements"]):
            self._one(place, statement, statements, alone=not as_one)
        if as_one:
            self._store.run("COMMIT")

    def _one(self, place: int, statement: dict[str, Any], statements: Statements, *, alone: bool) -> None:
        self._server.tell("started", place=place)
        began = time.monotonic_ns()
        if alone:
            self._store.run("BEGIN TRANSACTION")
        folder = Path(self._request["results"]) / str(place)
        outcome = statements.run(statement["sql"], statement["values"], folder)
        if alone:
            self._store.run("COMMIT")
        self._tell(place, outcome, time.monotonic_ns() - began)

    def _tell(self, place: int, outcome: Outcome, nanoseconds: int) -> None:
        self._server.tell(
            "done",
            place=place,
            rows=outcome.rows,
            size=outcome.size,
            has_result=outcome.has_result,
            duration=nanoseconds,
        )

    def _statements(self, session: Session) -> Statements:
        store, server, name = self._store, self._server, self._request["database"]["name"]
        privileges = Privileges(store)
        relations = Relations(
            session,
            privileges,
            ExternalTables(store, server),
            SystemViews(store, session, server, name),
            name,
        )
        administration = Administration(store, Accounts(store), privileges, session, server)
        scratch = Path(self._request["scratch"])
        return Statements(
            store, session, privileges, relations, administration, server=server, scratch=scratch
        )


def main() -> None:
    """Answers requests for as long as the server is there."""
    logging.getLogger("sqlglot").setLevel(logging.ERROR)  # it warns of what is refused anyway
    server = Dialogue()
    while True:
        Run(server.request(), server).all()
        server.tell("over")


if __name__ == "__main__":
    main()
