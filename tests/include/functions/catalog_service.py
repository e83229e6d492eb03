"""A catalog service on loopback, which fails when it is told to."""

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from typing import Any

STARTS_AT = f"{datetime.now(UTC):%Y-%m-%dT%H}:00:00.000Z"


def show(show_id: str) -> dict[str, object]:
    """What a catalog says of a show: more than is wanted."""
    return {
        "show_id": show_id,
        "title": f"Show {show_id}",
        "status": "live",
        "topics": ["pop", "jazz"],
        "creator": {"id": "c000001", "email": "nobody@example.com"},
        "schedule": {"starts_at": STARTS_AT, "minutes": 45, "time_zone": "UTC"},
        "artwork": {"url": "https://example.com/1.png"},
    }


class Service:
    """What it answers; ``fails`` says of the number of a request whether it is answered with 503."""

    def __init__(self) -> None:
        self.url = ""
        self.asked: list[str] = []
        self.tokens: set[str | None] = set()
        self.fails: Callable[[int], bool] = lambda number: False
        self.answers: dict[str, tuple[int, bytes]] = {}
        self._lock = Lock()

    def answer(self, path: str, token: str | None) -> tuple[int, bytes]:
        """Status and body."""
        with self._lock:
            self.asked.append(path)
            self.tokens.add(token)
            number = len(self.asked)
        if self.fails(number):
            return 503, b"{}"
        name = path.rpartition("/")[2]
        return self.answers.get(name, (200, json.dumps(show(name)).encode()))


class Server(ThreadingHTTPServer):
    """It takes no notice of whoever is killed while it answers."""

    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


@contextmanager
def serving() -> Iterator[Service]:
    """The service, with its URL."""
    service = Service()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            status, body = service.answer(self.path, self.headers["Authorization"])
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Nothing."""

    server = Server(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    service.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield service
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
