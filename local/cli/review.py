"""`millrace review`: adds a reviewer and shows the link by which they sign in."""

import os
import webbrowser
from typing import Annotated
from urllib.parse import urlencode

import httpx
import typer

from local.cli.console import output
from local.stack.config import StackConfig
from local.stack.errors import MillraceError, NotRunningError

PAGE = "/_millrace/review/"

Name = Annotated[str, typer.Argument(metavar="NAME", help="Who reviews.", show_default=False)]
Open = Annotated[bool, typer.Option("--open", help="Open the page in this machine's browser.")]


def review(name: Name, open_: Open = False) -> None:
    """Add a reviewer and show the link that signs them in.

    A reviewer who is known gets another link, and the one before no longer signs in.
    """
    config = StackConfig.from_environment(os.environ)
    link, is_new = sign_in_link(config.aws_url, name)
    if not is_new:
        output.print(f"{name} has another link now.", markup=False, soft_wrap=True)
    output.print(link, markup=False, soft_wrap=True)
    if open_ and not webbrowser.open(link):
        raise MillraceError("No browser was found: open the link yourself.")


def sign_in_link(url: str, name: str) -> tuple[str, bool]:
    """A link that signs a reviewer in, and whether the reviewer is new.

    Name and token are in the fragment, which a browser sends nowhere.

    Args:
        url: of the local AWS.
        name: of the reviewer.

    Raises:
        MillraceError: nobody can have this name.
        NotRunningError: the local AWS does not answer.
    """
    try:
        answer = httpx.post(f"{url}{PAGE}workers", data={"name": name}, trust_env=False, timeout=10)
    except httpx.HTTPError as error:
        raise NotRunningError(f"The local AWS at {url} does not answer: run `millrace up`.") from error
    if not answer.is_success:
        raise MillraceError(answer.text.strip())
    worker = answer.json()
    secret = urlencode({"name": worker["name"], "token": worker["token"]})
    return f"{url}{PAGE}sign-in#{secret}", worker["is_new"]
