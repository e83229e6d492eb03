"""The hosts of a job: what they are called, and where they are.

On AWS the names resolve as soon as every host is up. Elsewhere ``MILLRACE_HOST_ADDRESSES`` says where they
are, as JSON: ``{"algo-1": "127.18.3.1", "algo-2": "127.18.3.2"}``.
"""

import json
import os
import socket
import time
from typing import Any

from . import paths

ADDRESSES = "MILLRACE_HOST_ADDRESSES"
PATIENCE_SECONDS = 60.0


class HostUnknownError(RuntimeError):
    """The name of a host does not resolve."""


def names() -> list[str]:
    """Every host of the job, in the same order on each."""
    return sorted(_resources().get("hosts", ["algo-1"]))


def current() -> str:
    """The host that this is."""
    return str(_resources().get("current_host", names()[0]))


def addresses() -> dict[str, str]:
    """Host -> IP address. A host that starts later than this one is waited for.

    Raises:
        HostUnknownError: a name does not resolve within a minute.
    """
    if found := given():
        return found
    deadline = time.monotonic() + PATIENCE_SECONDS
    return {name: _resolved(name, deadline) for name in names()}


def given() -> dict[str, str]:
    """Host -> IP address where names do not resolve; empty where they do."""
    return dict(json.loads(os.environ.get(ADDRESSES) or "{}"))


def _resolved(name: str, deadline: float) -> str:
    while True:
        try:
            return socket.gethostbyname(name)
        except OSError as error:
            if time.monotonic() > deadline:
                raise HostUnknownError(
                    f"Host {name} does not resolve after {PATIENCE_SECONDS:.0f} seconds: {error}."
                ) from error
        time.sleep(1)


def _resources() -> dict[str, Any]:
    """The resource configuration of a training or of a processing job; empty where there is none."""
    base = paths.base()
    for file in (base / "input" / "config" / "resourceconfig.json", base / "config" / "resourceconfig.json"):
        if file.is_file():
            return dict(json.loads(file.read_text()))
    return {}
