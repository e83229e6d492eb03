"""The HTTP server: threads, HTTP/1.1 with persistent connections, loopback only."""

import errno
import io
import logging
import socket
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from types import TracebackType
from typing import Any

from moto.moto_server.werkzeug_app import MotoRequestHandler
from typing_extensions import override
from werkzeug.serving import ThreadedWSGIServer

log = logging.getLogger(__name__)

HOST = "127.0.0.1"
IDLE_SECONDS = 120
"""A silent connection holds a thread: it is closed after this long."""

BLOCK = 64 * 1024
BLOCKS_DRAINED = 16
"""How much of a body that nobody read is read, so that its connection can be kept."""

ExcInfo = tuple[type[BaseException], BaseException, TracebackType] | tuple[None, None, None]


class PortInUseError(RuntimeError):
    """Another process listens on the port that was asked for."""


def bind(port: int) -> socket.socket:
    """A listening socket on the loopback address; port 0 takes a free one.

    Raises:
        PortInUseError: another process listens on ``port``.
    """
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((HOST, port))
    except OSError as error:
        listener.close()
        if error.errno != errno.EADDRINUSE:
            raise
        raise PortInUseError(
            f"Port {port} of {HOST} is in use: stop the process that listens there, or choose another --port."
        ) from error
    listener.listen(ThreadedWSGIServer.request_queue_size)
    return listener


class RequestHandler(MotoRequestHandler):
    """Answers many requests on one connection.

    werkzeug's own handler closes the connection after every answer, which costs a client a new
    TCP connection and 10 ms per call.
    """

    server: "HttpServer"
    protocol_version = "HTTP/1.1"
    timeout = IDLE_SECONDS
    disable_nagle_algorithm = True
    wbufsize = BLOCK

    def run_wsgi(self) -> None:
        """Runs the application on one request and leaves the connection ready for the next."""
        environ = self.make_environ()
        length = int(environ.get("CONTENT_LENGTH") or 0)
        if not environ.get("wsgi.input_terminated"):
            environ["wsgi.input"] = _Body(self.rfile, length)
        response = _Response(self)
        try:
            with self.server.answering():
                body: Iterable[bytes] = self.server.app(environ, response.start)
                if not _drained(environ["wsgi.input"]):
                    self.close_connection = True
                response.send(body, head=environ["REQUEST_METHOD"] == "HEAD")
        except (ConnectionError, TimeoutError):
            self.close_connection = True
        except Exception:
            log.exception("The answer to %s %s broke off", self.command, self.path)
            self.close_connection = True

    def handle_expect_100(self) -> bool:
        """Tells the client to send the body, now: it waits for these bytes a whole second."""
        proceed = super().handle_expect_100()
        self.wfile.flush()
        return proceed

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Requests are not logged: the pipelines make hundreds a minute."""

    @override
    def log_message(self, format: str, *args: Any) -> None:
        log.debug(format, *args)


class _Body(io.RawIOBase):
    """The part of the connection that is this request's body."""

    def __init__(self, stream: io.BufferedIOBase, length: int) -> None:
        self._stream = stream
        self.remaining = length

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        view = memoryview(buffer)[: self.remaining]
        if not view:
            return 0
        count = self._stream.readinto(view)
        if not count:
            raise ConnectionError("The client closed the connection in the middle of a request body.")
        self.remaining -= count
        return count

    def readline(self, size: int | None = -1) -> bytes:
        limit = self.remaining if size is None or size < 0 else min(size, self.remaining)
        line = self._stream.readline(limit) if limit else b""
        self.remaining -= len(line)
        return line


def _drained(stream: io.RawIOBase) -> bool:
    """Whether nothing of the body is left to be taken for the next request; a long rest is not read."""
    return any(not stream.read(BLOCK) for _ in range(BLOCKS_DRAINED))


class _Response:
    """Writes status, headers and body, with a length or in chunks."""

    def __init__(self, handler: RequestHandler) -> None:
        self._handler = handler
        self._status = ""
        self._headers: list[tuple[str, str]] = []

    def start(
        self, status: str, headers: list[tuple[str, str]], _exc_info: ExcInfo | None = None, /
    ) -> Callable[[bytes], object]:
        """The ``start_response`` of WSGI."""
        self._status, self._headers = status, list(headers)
        return refuse_to_write

    def send(self, body: Iterable[bytes], *, head: bool) -> None:
        """Writes the answer; ``body`` is closed in any case."""
        handler = self._handler
        try:
            code, _, reason = self._status.partition(" ")
            bare = head or code in ("204", "304")
            names = {name.lower() for name, _ in self._headers}
            chunked = not bare and "content-length" not in names
            if chunked and handler.request_version == "HTTP/1.0":
                chunked, handler.close_connection = False, True
            handler.send_response(int(code), reason)
            for name, value in self._headers:
                handler.send_header(name, value)
            if chunked:
                handler.send_header("Transfer-Encoding", "chunked")
            if handler.close_connection:
                handler.send_header("Connection", "close")
            handler.end_headers()
            if not bare:
                self._write(body, chunked)
            handler.wfile.flush()
        finally:
            close = getattr(body, "close", None)
            if close:
                close()

    def _write(self, body: Iterable[bytes], chunked: bool) -> None:
        out = self._handler.wfile
        if chunked:
            out.flush()
        for data in body:
            if chunked and data:
                out.write(b"%x\r\n%b\r\n" % (len(data), data))
                # It may be long until the next one: a watch tells of a change when it happens.
                out.flush()
            else:
                out.write(data)
        if chunked:
            out.write(b"0\r\n\r\n")


def refuse_to_write(_: bytes) -> None:
    """What ``start_response`` returns: the old way to write, which this server does not offer."""
    raise NotImplementedError("Answers are iterables of bytes.")


class HttpServer(ThreadedWSGIServer):
    """One thread per connection; threads do not keep the process alive."""

    daemon_threads = True

    def __init__(self, listener: socket.socket, app: Any) -> None:
        host, port = listener.getsockname()
        super().__init__(host, port, app, handler=RequestHandler, fd=listener.fileno())
        listener.close()
        self._idle = threading.Condition()
        self._answering = 0
        self._connections: set[socket.socket] = set()

    @contextmanager
    def answering(self) -> Iterator[None]:
        """Counts the requests that are not answered yet."""
        with self._idle:
            self._answering += 1
        try:
            yield
        finally:
            with self._idle:
                self._answering -= 1
                self._idle.notify_all()

    def stop(self, patience: float) -> None:
        """Takes no more connections, lets open requests end for ``patience`` seconds, hangs up."""
        self.shutdown()
        with self._idle:
            self._idle.wait_for(lambda: not self._answering, timeout=patience)
            for connection in self._connections:
                with suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)

    @override
    def process_request(self, request: Any, client_address: Any) -> None:
        with self._idle:
            self._connections.add(request)
        super().process_request(request, client_address)

    @override
    def shutdown_request(self, request: Any) -> None:
        with self._idle:
            self._connections.discard(request)
        super().shutdown_request(request)

    @override
    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that goes away is no error of ours."""
        log.debug("Connection from %s broke off", client_address, exc_info=True)
