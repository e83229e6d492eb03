"""Who is signed in. Sessions end with the server: whoever reviews signs in again by the same link."""

import secrets
import threading
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from local.aws.review.workers import Worker

LIFE = timedelta(hours=12)


@dataclass
class Session:
    """A worker who signed in, until when, and how many tasks they have answered since."""

    worker: Worker
    until: datetime
    done: int = 0


class Sessions:
    """All sessions, by the secret that a browser keeps in a cookie. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._open: dict[str, Session] = {}

    def begin(self, worker: Worker) -> str:
        """Starts a session and returns its secret."""
        secret, now = secrets.token_urlsafe(32), datetime.now(UTC)
        with self._lock:
            self._open = {key: session for key, session in self._open.items() if now < session.until}
            self._open[secret] = Session(worker, now + LIFE)
        return secret

    def find(self, secret: str) -> Session | None:
        """The session of a secret, unless it is over."""
        with self._lock:
            session = self._open.get(secret)
        return session if session and datetime.now(UTC) < session.until else None

    def end(self, secret: str) -> None:
        """Signs out."""
        with self._lock:
            self._open.pop(secret, None)
