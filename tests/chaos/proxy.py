"""A proxy between Airflow and AWS that records every call and does to chosen calls what networks do.

It speaks HTTP/1.1 on loopback and passes requests on unchanged. A rule picks calls and then runs code of
the scenario: before the call reaches AWS, or between AWS's answer and the caller's receipt of it.
"""

import http.client
import json
import re
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

import psutil

HOST = "127.0.0.1"
NOT_PASSED_ON = frozenset({"connection", "keep-alive", "transfer-encoding", "content-length", "expect"})
"""Headers that belong to one connection and not to the message; lengths are written anew."""
SIGNED_SERVICE = re.compile(r"Credential=[^/]+/\d+/[^/]+/([^/]+)/aws4_request")
TASK = re.compile(r"md/millrace-task#(\S+)")


@dataclass(frozen=True)
class Reply:
    """An answer of AWS, or one that looks like it."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def json(self) -> Any:
        """The body of a service that speaks JSON."""
        return json.loads(self.body)

    def with_json(self, content: Any) -> "Reply":
        """The same answer with another body."""
        # The checksum that SQS sends is of single messages, so the rest of the headers stays true.
        return replace(self, body=json.dumps(content).encode())


@dataclass
class Call:
    """A request as it was received, and how it ended."""

    at: float
    service: str
    operation: str
    parameters: dict[str, Any]
    client: tuple[str, int]
    task: str | None = None
    """The task that made the call, if it said so in its user agent."""
    status: int | None = None
    """None while the call is on its way, and for one that was dropped."""
    cut: threading.Event = field(default_factory=threading.Event)
    """Set when the connection is lost while the call is on its way."""

    @property
    def job(self) -> str | None:
        """The name of the job that the call is about."""
        return next((v for k, v in self.parameters.items() if k.endswith("JobName")), None)

    @property
    def tags(self) -> dict[str, str]:
        """The tags of what the call creates."""
        tags = self.parameters.get("Tags") or []
        return {tag["Key"]: tag["Value"] for tag in tags} if isinstance(tags, list) else {}

    @property
    def accepted(self) -> bool:
        """Whether AWS did what was asked."""
        return self.status is not None and self.status < http.client.MULTIPLE_CHOICES

    def process(self) -> psutil.Process:
        """The process that made the call and still waits for its answer."""
        for connection in psutil.net_connections("tcp4"):
            if connection.laddr == self.client and connection.pid:
                return psutil.Process(connection.pid)
        raise LookupError(f"nobody waits any more for the answer to {self.operation} at {self.client}")


class DroppedError(Exception):
    """Raised by a rule: the connection is closed without an answer."""


Matches = Callable[[Call], bool]
Before = Callable[[Call], Reply | None]
After = Callable[[Call, Reply], Reply | None]


@dataclass
class Rule:
    """What happens to calls that match, before AWS has them or when its answer is there.

    ``times`` is how many more calls it takes; without a number it takes each.
    """

    matches: Matches
    before: Before | None = None
    after: After | None = None
    times: int | None = None


class Proxy:
    """Listens on one port and passes everything on to another; a context manager."""

    def __init__(self, port: int, upstream: int) -> None:
        self.upstream = upstream
        self.calls: list[Call] = []
        self._rules: list[Rule] = []
        self._on_their_way: dict[int, tuple[Call, socket.socket]] = {}
        self._lock = threading.Lock()
        self._server = _Server((HOST, port), _Handler)
        self._server.proxy = self
        self.url = f"http://{HOST}:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    @contextmanager
    def rule(
        self,
        matches: Matches,
        *,
        before: Before | None = None,
        after: After | None = None,
        times: int | None = None,
    ) -> Iterator[None]:
        """A rule for as long as the context lasts."""
        made = Rule(matches, before, after, times)
        with self._lock:
            self._rules.append(made)
        try:
            yield
        finally:
            with self._lock:
                self._rules.remove(made)

    def hang_up(self, matches: Matches) -> None:
        """Cuts the connections of the calls on their way that match, such as a long poll."""
        with self._lock:
            for call, connection in self._on_their_way.values():
                if matches(call):
                    call.cut.set()
                    with suppress(OSError):
                        connection.shutdown(socket.SHUT_RDWR)

    @contextmanager
    def on_its_way(self, call: Call, connection: socket.socket) -> Iterator[None]:
        """Records a call, as on its way for as long as it has no answer."""
        with self._lock:
            self.calls.append(call)
            self._on_their_way[id(call)] = (call, connection)
        try:
            yield
        finally:
            with self._lock:
                del self._on_their_way[id(call)]

    def pick(self, call: Call, has: Callable[[Rule], object]) -> list[Rule]:
        """The rules of a sort that a call falls under now; a long poll may have begun before they did."""
        with self._lock:
            return [rule for rule in self._rules if has(rule) and self._takes(rule, call)]

    @staticmethod
    def _takes(rule: Rule, call: Call) -> bool:
        if rule.times == 0 or not rule.matches(call):
            return False
        if rule.times is not None:
            rule.times -= 1
        return True


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256
    proxy: Proxy

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that goes away, or was killed, is what this is for."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = 1 << 16
    server: _Server

    def setup(self) -> None:
        super().setup()
        self._upstream: http.client.HTTPConnection | None = None

    def finish(self) -> None:
        if self._upstream:
            self._upstream.close()
        with suppress(OSError):
            super().finish()

    def _serve(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        call = _read(self, body)
        try:
            reply = self._answer(call, body)
        except (DroppedError, ConnectionError, http.client.HTTPException):
            self.close_connection = True
            return
        call.status = reply.status
        self._send(reply)

    def __getattr__(self, name: str) -> Any:
        """Every method is served alike; the base class looks for ``do_GET`` and so on."""
        if name.startswith("do_"):
            return self._serve
        raise AttributeError(name)

    def _answer(self, call: Call, body: bytes) -> Reply:
        proxy, reply = self.server.proxy, None
        with proxy.on_its_way(call, self.connection):
            for rule in proxy.pick(call, lambda rule: rule.before):
                reply = reply or rule.before(call)
            reply = reply or self._pass_on(body)
            for rule in proxy.pick(call, lambda rule: rule.after):
                reply = rule.after(call, reply) or reply
            if call.cut.is_set():
                raise DroppedError
            return reply

    def _pass_on(self, body: bytes) -> Reply:
        headers = {name: value for name, value in self.headers.items() if name.lower() not in NOT_PASSED_ON}
        if self._upstream is None:
            self._upstream = http.client.HTTPConnection(HOST, self.server.proxy.upstream)
        try:
            self._upstream.request(self.command, self.path, body, headers)
            answer = self._upstream.getresponse()
        except (ConnectionError, http.client.HTTPException):
            self._upstream.close()
            self._upstream = None
            raise
        content = answer.read()
        kept = tuple((k, v) for k, v in answer.getheaders() if k.lower() not in NOT_PASSED_ON)
        if self.command == "HEAD":
            kept += (("Content-Length", answer.getheader("Content-Length") or "0"),)
        return Reply(answer.status, kept, content)

    def _send(self, reply: Reply) -> None:
        self.send_response_only(reply.status)
        for name, value in reply.headers:
            self.send_header(name, value)
        bare = self.command == "HEAD" or reply.status == http.client.NO_CONTENT
        if not bare:
            self.send_header("Content-Length", str(len(reply.body)))
        self.end_headers()
        self.wfile.write(b"" if bare else reply.body)
        self.wfile.flush()

    def handle_expect_100(self) -> bool:
        """The client waits for these bytes before it sends the body."""
        proceed = super().handle_expect_100()
        self.wfile.flush()
        return proceed


def error(code: str, status: int = 400, message: str = "The proxy says so.") -> Before:
    """Code of a rule: AWS's answer is this error, in the form of the service that was called."""

    def answer(call: Call) -> Reply:
        if call.service in ("sqs", "sagemaker", "logs"):
            body = json.dumps({"__type": code, "message": message}).encode()
            return Reply(status, (("Content-Type", "application/x-amz-json-1.0"),), body)
        inner = f"<Error><Code>{code}</Code><Message>{message}</Message></Error>"
        text = inner if call.service == "s3" else f"<ErrorResponse>{inner}</ErrorResponse>"
        return Reply(status, (("Content-Type", "text/xml"),), text.encode())

    return answer


def drop(_: Call) -> Reply:
    """Code of a rule: nobody answers."""
    raise DroppedError


def _read(handler: _Handler, body: bytes) -> Call:
    target = handler.headers.get("X-Amz-Target", "")
    signed = SIGNED_SERVICE.search(handler.headers.get("Authorization", ""))
    form = handler.headers.get("Content-Type", "").startswith("application/x-www-form-urlencoded")
    parameters: dict[str, Any] = {}
    operation = target.rpartition(".")[2]
    if operation:
        parameters = json.loads(body or b"{}")
    elif form:
        parameters = {name: values[0] for name, values in parse_qs(body.decode()).items()}
        operation = parameters.get("Action", "")
    if not operation:
        operation, parameters = handler.command, {"Path": urlsplit(handler.path).path}
    return Call(
        at=time.time(),
        service=signed[1] if signed else "",
        operation=operation,
        parameters=parameters,
        client=handler.client_address,
        task=said[1] if (said := TASK.search(handler.headers.get("User-Agent", ""))) else None,
    )
