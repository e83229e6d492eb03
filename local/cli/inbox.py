"""`millrace inbox`: texts and e-mail that the local SNS delivered to people."""

import json
import os
from datetime import datetime
from typing import Annotated, Any

import httpx
import typer
from rich.table import Table
from rich.text import Text

from local.cli.console import output
from local.stack.config import StackConfig
from local.stack.errors import MillraceError, NotRunningError

PAGE = "/_millrace/inbox/messages.json"

Json = Annotated[bool, typer.Option("--json", help="Print everything that is known of each, as JSON.")]


def inbox(as_json: Json = False) -> None:
    """Show what SNS delivered to telephones and e-mail addresses, newest first.

    None of it left this machine.
    """
    found = deliveries(StackConfig.from_environment(os.environ).aws_url)
    if as_json:
        typer.echo(json.dumps(found, ensure_ascii=False, indent=2))
    elif found:
        output.print(_table(found))
    else:
        output.print("Nothing was delivered.")


def deliveries(url: str) -> list[dict[str, Any]]:
    """The deliveries of the local AWS at ``url``, newest first.

    Raises:
        MillraceError: it answers something else.
        NotRunningError: it does not answer.
    """
    try:
        # A proxy of the user's environment has no business on loopback.
        answer = httpx.get(f"{url}{PAGE}", trust_env=False, timeout=10)
    except httpx.HTTPError as error:
        raise NotRunningError(f"The local AWS at {url} does not answer: run `millrace up`.") from error
    if not answer.is_success:
        raise MillraceError(f"The local AWS at {url} answers {answer.status_code}: {answer.text.strip()}")
    found: list[dict[str, Any]] = answer.json()
    return found


def _table(found: list[dict[str, Any]]) -> Table:
    table = Table("time", "to", "text", box=None, pad_edge=False)
    for each in found:
        time = datetime.fromisoformat(each["time"]).astimezone()
        text = "\n".join(filter(None, [each["subject"], each["text"]]))
        # Text, for what somebody sent is no markup of the terminal.
        table.add_row(f"{time:%Y-%m-%d %H:%M:%S}", Text(each["to"]), Text(_printable(text)))
    return table


def _printable(text: str) -> str:
    """Without control characters, by which a message could write elsewhere on the screen."""
    return "".join(
        char if char.isprintable() or char == "\n" else "\N{REPLACEMENT CHARACTER}" for char in text
    )
