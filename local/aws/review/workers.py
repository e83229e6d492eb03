"""The people who review: their names, their teams and what they sign in with."""

import hashlib
import hmac
import secrets
import threading
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

MAX_NAME = 63
TOKEN_BYTES = 32


class WorkerNameError(ValueError):
    """A name that no worker can have, or that one has already."""


class UnknownWorkerError(LookupError):
    """No worker has this name."""


@dataclass(frozen=True)
class Worker:
    """A person who reviews.

    Attributes:
        id: What the output of a task calls the person; stays the same for as long as the worker exists.
        teams: Names of work teams; None is every team.
    """

    id: str
    name: str
    teams: frozenset[str] | None = None

    def belongs_to(self, team: str) -> bool:
        """Whether the person is in the work team with this ARN."""
        return self.teams is None or team.rpartition("/")[2] in self.teams


@dataclass(frozen=True)
class _Known:
    worker: Worker
    digest: bytes = field(repr=False)


class Workers:
    """All workers of an account. Thread-safe; part of the saved state.

    A worker belongs to every team unless teams are named: on AWS an identity provider says who is in
    which team, and locally there is none.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: dict[str, _Known] = {}

    def add(self, name: str, teams: Iterable[str] | None = None) -> str:
        """Adds a worker and returns the token to sign in with, which nothing can show again.

        Raises:
            WorkerNameError: the name is taken, empty, too long or not printable.
        """
        _check_name(name)
        token = _new_token()
        worker = Worker(uuid4().hex[:16], name, None if teams is None else frozenset(teams))
        with self._lock:
            if name in self._known:
                raise WorkerNameError(f"There is a worker {name!r} already: choose another name.")
            self._known[name] = _Known(worker, _digest(token))
        return token

    def known(self, name: str, token: str) -> Worker | None:
        """The worker with this name and token; None if there is no such pair."""
        with self._lock:
            found = self._known.get(name)
        # An unknown name takes as long as a wrong token.
        same = hmac.compare_digest(found.digest if found else bytes(32), _digest(token))
        return found.worker if found and same else None

    def renew(self, name: str) -> str:
        """Gives a worker another token and returns it; the old one is void.

        Raises:
            UnknownWorkerError: no worker has this name.
        """
        token = _new_token()
        with self._lock:
            self._known[name] = _Known(self._find(name).worker, _digest(token))
        return token

    def remove(self, name: str) -> None:
        """Forgets a worker, who can no longer sign in.

        Raises:
            UnknownWorkerError: no worker has this name.
        """
        with self._lock:
            self._find(name)
            del self._known[name]

    def all(self) -> list[Worker]:
        """By name."""
        with self._lock:
            return [self._known[name].worker for name in sorted(self._known)]

    def _find(self, name: str) -> _Known:
        if name not in self._known:
            raise UnknownWorkerError(f"There is no worker {name!r}.")
        return self._known[name]

    def __getstate__(self) -> dict[str, Any]:
        with self._lock:
            return {"_known": dict(self._known)}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state, _lock=threading.Lock())


def _check_name(name: str) -> None:
    if not 1 <= len(name) <= MAX_NAME:
        raise WorkerNameError(
            f"A worker's name has 1 to {MAX_NAME} characters, {name[:80]!r} has {len(name)}."
        )
    if not name.isprintable() or name != name.strip():
        raise WorkerNameError(f"A worker's name is printable, without space at its ends: {name!r} is not.")


def _new_token() -> str:
    return secrets.token_urlsafe(TOKEN_BYTES)


def _digest(token: str) -> bytes:
    """Plain SHA-256 is enough: a token is 256 random bits, so there is nothing to guess slowly."""
    return hashlib.sha256(token.encode(errors="surrogatepass")).digest()
