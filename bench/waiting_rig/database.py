"""The metadata database of the benchmark's Airflow: made for it, read by it, dropped after it."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime

import psycopg
from sqlalchemy import DateTime, Integer, String, bindparam, create_engine, text
from sqlalchemy.engine import make_url

SERVER = "postgresql://postgres@127.0.0.1:5432/postgres"


@contextmanager
def database(server: str) -> Iterator[str | None]:
    """The URL of an empty PostgreSQL database, dropped in the end; None where no server answers."""
    name = f"millrace_bench_{os.getpid()}"
    try:
        connection = psycopg.connect(server, autocommit=True, connect_timeout=5)
    except psycopg.OperationalError as error:
        print(f"No PostgreSQL at {server} ({str(error).splitlines()[0]}): SQLite instead, which is slower.")
        yield None
        return
    with connection:
        connection.execute(f'CREATE DATABASE "{name}"')
        try:
            yield make_url(server).set(database=name).render_as_string(hide_password=False)
        finally:
            connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


class Metadata:
    """What the benchmark asks the database: how far runs are, and when their tasks started."""

    def __init__(self, url: str) -> None:
        self._engine = create_engine(url)

    def states(self, dag: str, runs: Sequence[str], task: str) -> dict[str, int]:
        """State -> number of a task's mapped instances in these runs."""
        query = text(
            "SELECT state, count(*) FROM task_instance"
            " WHERE dag_id = :dag AND run_id IN :runs AND task_id = :task GROUP BY state"
        ).bindparams(bindparam("runs", expanding=True))
        with self._engine.connect() as connection:
            rows = connection.execute(query, {"dag": dag, "runs": runs, "task": task})
            return {state or "none": count for state, count in rows}

    def starts(self, dag: str, runs: Sequence[str], task: str) -> dict[tuple[str, int], float]:
        """Run and map index -> start, in seconds since the epoch, of the instances that have started."""
        query = (
            text(
                "SELECT run_id, map_index, start_date FROM task_instance"
                " WHERE dag_id = :dag AND run_id IN :runs AND task_id = :task AND start_date IS NOT NULL"
            )
            .bindparams(bindparam("runs", expanding=True))
            .columns(run_id=String(), map_index=Integer(), start_date=DateTime(timezone=True))
        )
        with self._engine.connect() as connection:
            rows = connection.execute(query, {"dag": dag, "runs": runs, "task": task})
            return {(run, index): _epoch(start) for run, index, start in rows}

    def close(self) -> None:
        """Lets the database be dropped."""
        self._engine.dispose()


def _epoch(moment: datetime) -> float:
    """SQLite gives times without their zone, which is UTC."""
    return moment.timestamp() if moment.tzinfo else datetime.fromisoformat(f"{moment}+00:00").timestamp()
