"""`millrace up`, `down` and `status`."""

import os
import time

import typer
from rich.table import Table

from local.cli.console import errors, output, steps
from local.stack import lifecycle
from local.stack.config import StackConfig
from local.stack.credentials import USER
from local.stack.errors import NotRunningError
from local.stack.lifecycle import AWS, Stack


def up() -> None:
    """Start the local AWS and Airflow, or what of them does not run.

    MILLRACE_HOME, MILLRACE_AWS_PORT, MILLRACE_AIRFLOW_PORT and MILLRACE_DATABASE_URL (PostgreSQL) choose
    where: by default .millrace in the checkout, ports 4566 and 8080, SQLite. MILLRACE_DAGS names another
    folder of DAGs, MILLRACE_ENVIRONMENT, MILLRACE_TENANT and MILLRACE_TEAM other names.
    """
    started = time.monotonic()
    stack = start(StackConfig.from_environment(os.environ))
    output.print(f"Up after {time.monotonic() - started:.0f} seconds.")
    show_addresses(stack)


def down() -> None:
    """Stop every process of the stack; buckets, runs and models stay."""
    config = StackConfig.from_environment(os.environ)
    output.print("Stopped." if lifecycle.down(config) else "The stack was not running.")


def status() -> None:
    """Show the processes of the stack. Exit code 3 when one of them is not running."""
    config = StackConfig.from_environment(os.environ)
    rows = lifecycle.status(config)
    table = Table("process", "state", "pid", "uptime", "url", box=None, pad_edge=False)
    urls = {AWS: config.aws_url, "api-server": config.airflow_url}
    for row in rows:
        table.add_row(
            row.name, row.state.lower(), str(row.pid or ""), duration(row.uptime), urls.get(row.name, "")
        )
    if rows:
        output.print(table)
    if len(rows) < 1 + len(lifecycle.AIRFLOW) or not all(row.is_running for row in rows):
        errors.print(
            "The stack is not running: run `millrace up`."
            if not rows
            else f"Not every process runs: see {config.log}, or run `millrace up`.",
            soft_wrap=True,
        )
        raise typer.Exit(NotRunningError.exit_code)


def start(config: StackConfig) -> Stack:
    """The stack, up and ready, with its start shown."""
    with steps() as report:
        return lifecycle.up(config, report)


def show_addresses(stack: Stack) -> None:
    """Where to look and how to log in."""
    output.print(
        f"Airflow    {stack.config.airflow_url}  (user {USER}, password {stack.credentials.password})\n"
        f"Local AWS  {stack.config.aws_url}  (bucket {stack.bucket})\n"
        f"Its jobs   {stack.config.aws_url}/_millrace/jobs/",
        markup=False,
        soft_wrap=True,
    )


def duration(seconds: float) -> str:
    """Seconds as h:mm:ss."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}"
