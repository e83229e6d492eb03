"""The log of a job or function: its last lines for a page, all of them as text."""

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any, Protocol

from moto.logs.models import logs_backends

LINES = 500
"""Of a stream, on a page."""
LINE_LENGTH = 2000
"""Of a line, on a page; a longer one is cut there."""
STREAMS = 10
"""On a page: a training job has one for each host, an endpoint one for every start."""
BATCH = 1000


class Logged(Protocol):
    """What has a log."""

    @property
    def region(self) -> str:
        """Of its log group."""
        ...

    @property
    def log(self) -> tuple[str, str] | None:
        """The log group, and what the names of its streams begin with; None for what prints nothing."""
        ...


@dataclass(frozen=True)
class Tail:
    """The end of a stream; ``before`` is the number of lines that are not shown."""

    name: str
    lines: list[str]
    before: int


def tails(account: str, job: Logged) -> list[Tail]:
    """The last lines of the latest streams."""
    return [_tail(stream) for stream in _streams(account, job)[-STREAMS:]]


def whole(account: str, job: Logged) -> Iterator[bytes]:
    """Every stream from its beginning, its name first; blocks of lines, made when they are asked for."""
    for stream in _streams(account, job):
        yield f"# {stream.log_stream_name}\n".encode()
        # A copy of the list, of references only: lines may arrive meanwhile.
        events = iter(list(stream.events))
        while batch := list(islice(events, BATCH)):
            yield "".join(f"{event.message.rstrip()}\n" for event in batch).encode(errors="replace")


def tail_of(name: str, log: Iterable[str]) -> Tail:
    """The last lines of a log that is read from its beginning."""
    last = deque(enumerate(log), maxlen=LINES)
    return Tail(name, [_cut(line.rstrip()) for _, line in last], last[0][0] if last else 0)


def _tail(stream: Any) -> Tail:
    last = stream.events[-LINES:]
    lines = [_cut(event.message.rstrip()) for event in last]
    return Tail(stream.log_stream_name, lines, max(0, len(stream.events) - len(last)))


def _cut(line: str) -> str:
    return line if len(line) <= LINE_LENGTH else f"{line[:LINE_LENGTH]}... ({len(line):,} characters)"


def _streams(account: str, job: Logged) -> list[Any]:
    """Moto's streams of a job, in the order in which they began."""
    if job.log is None:
        return []
    name, prefix = job.log
    backend = dict(logs_backends.get(account) or {}).get(job.region)
    group = backend.groups.get(name) if backend else None
    if group is None:
        return []
    # The name of a stream is the job's, or begins with it and a slash.
    streams = [each for each in group.streams.values() if f"{each.log_stream_name}/".startswith(prefix)]
    return sorted(streams, key=lambda stream: stream.creation_time)
