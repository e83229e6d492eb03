"""The Runtime API of one execution environment: how its program gets invocations and answers them.

https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
"""

import re
import threading
import time
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import Empty, SimpleQueue
from typing import Any, Literal

from typing_extensions import override

from local.aws.http import HOST

ROOT = "/2018-06-01/runtime"
ANSWERED = re.compile(rf"{ROOT}/invocation/([^/]+)/(response|error)")
POLL_SECONDS = 0.2
"""How soon the server notices that it is to end."""


@dataclass(frozen=True)
class Invocation:
    """One call of a function, as its program sees it.

    Attributes:
        arn: by which the function was called, with the qualifier if there was one.
        seconds: that the program has for it.
    """

    request_id: str
    payload: bytes
    arn: str
    seconds: float
    client_context: str = ""

    def headers(self) -> dict[str, str]:
        """What the program gets beside the payload; its time begins now."""
        deadline = int((time.time() + self.seconds) * 1000)
        headers = {
            "Lambda-Runtime-Aws-Request-Id": self.request_id,
            "Lambda-Runtime-Deadline-Ms": str(deadline),
            "Lambda-Runtime-Invoked-Function-Arn": self.arn,
        }
        return headers | (
            {"Lambda-Runtime-Client-Context": self.client_context} if self.client_context else {}
        )


@dataclass(frozen=True)
class Report:
    """Something that the program said, or its end.

    Attributes:
        kind: ``ready`` is its first request for an invocation, ``ended`` that there is no process any more.
        body: the answer, or the error as JSON.
        code: of the exit.
    """

    kind: Literal["ready", "response", "error", "init error", "ended"]
    body: bytes = b""
    code: int = 0


class RuntimeApi:
    """Serves one program on a port of its own, by which Lambda tells its environments apart."""

    def __init__(self) -> None:
        self.reports: SimpleQueue[Report] = SimpleQueue()
        self._invocations: SimpleQueue[Invocation | None] = SimpleQueue()
        self._asked = False
        self._server = _Server((HOST, 0), _Handler)
        self._server.api = self
        threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": POLL_SECONDS}, daemon=True
        ).start()

    @property
    def address(self) -> str:
        """The value of ``AWS_LAMBDA_RUNTIME_API``."""
        return f"{HOST}:{self._server.server_address[1]}"

    def hand_over(self, invocation: Invocation) -> None:
        """Gives the program its next invocation."""
        self._invocations.put(invocation)

    def next_report(self, timeout: float) -> Report | None:
        """What the program says next; None if that takes longer."""
        try:
            return self.reports.get(timeout=max(0.0, timeout))
        except Empty:
            return None

    def close(self) -> None:
        """Hangs up. Does not wait."""
        self._invocations.put(None)
        threading.Thread(target=self._end, daemon=True).start()

    def _end(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def next_invocation(self) -> Invocation | None:
        """Waits, as the program does; None when there will be no other."""
        if not self._asked:
            self._asked = True
            self.reports.put(Report("ready"))
        return self._invocations.get()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    api: RuntimeApi

    @override
    def handle_error(self, request: Any, client_address: Any) -> None:
        """A program that was killed hangs up in the middle; its end is reported by whoever waits for it."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1

    def do_GET(self) -> None:
        if self.path != f"{ROOT}/invocation/next":
            return self._answer(404)
        invocation = self.server.api.next_invocation()
        if invocation is None:
            self.close_connection = True
            return None
        return self._answer(200, invocation.payload, invocation.headers())

    def do_POST(self) -> None:
        # curl waits for this when it has much to send.
        body = self._body()
        answered = ANSWERED.fullmatch(self.path)
        if answered:
            self.server.api.reports.put(Report("response" if answered[2] == "response" else "error", body))
        elif self.path == f"{ROOT}/init/error":
            self.server.api.reports.put(Report("init error", body))
        else:
            return self._answer(404)
        return self._answer(202, b'{"status":"OK"}')

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        pieces = []
        while size := int(self.rfile.readline().split(b";")[0], 16):
            pieces.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(pieces)

    def _answer(self, status: int, body: bytes = b"", headers: dict[str, str] | None = None) -> None:
        self.send_response_only(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()

    @override
    def log_message(self, format: str, *args: Any) -> None:
        """Requests are not logged: a function makes two for every invocation."""
