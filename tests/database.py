"""A PostgreSQL database of its own for a test, where a server answers."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit, urlunsplit

import psycopg
from psycopg import sql

SERVER = "postgresql://postgres@127.0.0.1:5432/postgres"


@contextmanager
def made(purpose: str) -> Iterator[str | None]:
    """The URL of an empty database, dropped at the end; None where there is no PostgreSQL server."""
    server = os.environ.get("MILLRACE_DATABASE_URL") or SERVER
    name = f"millrace_{purpose}_{os.getpid()}"
    try:
        connection = psycopg.connect(server, autocommit=True, connect_timeout=3)
    except psycopg.OperationalError:
        yield None
        return
    with connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        # As docs/production.md has it.
        connection.execute(
            sql.SQL("ALTER DATABASE {} SET idle_in_transaction_session_timeout = '60s'").format(
                sql.Identifier(name)
            )
        )
        try:
            yield urlunsplit(urlsplit(server)._replace(path=f"/{name}"))
        finally:
            # FORCE: a process that was killed may not have been missed by the server yet.
            connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))
