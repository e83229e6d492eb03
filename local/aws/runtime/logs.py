"""CloudWatch Logs of a container: its lines in batches, and the metrics that are read from them."""

import logging
import re
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

if TYPE_CHECKING:
    from mypy_boto3_logs import CloudWatchLogsClient

INTERVAL_SECONDS = 0.5
# The service takes at most 10,000 events and 1 MB a call, counting 26 bytes for each event.
MAX_EVENTS = 10_000
MAX_BYTES = 1_000_000
EVENT_OVERHEAD = 26
MAX_MESSAGE = 256 * 1024 - EVENT_OVERHEAD
EXISTS, NOT_FOUND = "ResourceAlreadyExistsException", "ResourceNotFoundException"

log = logging.getLogger(__name__)


class LogStream:
    """Writes lines to one stream, in batches, in order. Close it to be sure the last lines are there.

    A stream that was deleted is made again. One that fails otherwise takes no more lines.
    """

    def __init__(self, client: "CloudWatchLogsClient", group: str, stream: str) -> None:
        self._client, self.group, self.stream = client, group, stream
        self._lock = threading.Lock()
        self._lines: list[tuple[int, str]] = []
        self._broken = False
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"logs {stream}", daemon=True)
        self._thread.start()

    def write(self, line: str) -> None:
        """Takes one line. CloudWatch refuses empty messages, so an empty line becomes a blank."""
        now = time.time_ns() // 1_000_000
        pieces = [line[i : i + MAX_MESSAGE // 4] for i in range(0, len(line), MAX_MESSAGE // 4)]
        with self._lock:
            if not self._broken:
                self._lines.extend((now, piece) for piece in pieces or [" "])

    def close(self) -> None:
        """Sends what is left and returns when it has been sent."""
        self._closed.set()
        self._thread.join(timeout=30)

    def _run(self) -> None:
        try:
            self._create()
            while not self._closed.wait(INTERVAL_SECONDS):
                self._flush()
            self._flush()
        except (ClientError, BotoCoreError) as error:
            log.warning("Log stream %s %s is cut short: %s", self.group, self.stream, error)
            with self._lock:
                self._broken = True
                self._lines.clear()

    def _create(self) -> None:
        _unless(EXISTS, lambda: self._client.create_log_group(logGroupName=self.group))
        _unless(
            EXISTS,
            lambda: self._client.create_log_stream(logGroupName=self.group, logStreamName=self.stream),
        )

    def _flush(self) -> None:
        with self._lock:
            lines, self._lines = self._lines, []
        for batch in batches(lines):
            if not _unless(NOT_FOUND, lambda: self._put(batch)):  # noqa: B023  # called at once
                self._create()
                self._put(batch)

    def _put(self, batch: list[tuple[int, str]]) -> None:
        self._client.put_log_events(
            logGroupName=self.group,
            logStreamName=self.stream,
            logEvents=[{"timestamp": when, "message": text} for when, text in batch],
        )


def _unless(code: str, call: Callable[[], object]) -> bool:
    """Whether a call was carried out; errors of another code go on.

    By the code and not by the client's own classes of errors: they are made when they are first asked for,
    and two threads that do so at the same time have classes that differ.
    """
    try:
        call()
    except ClientError as error:
        if error.response["Error"]["Code"] != code:
            raise
        return False
    return True


def batches(lines: Iterable[tuple[int, str]]) -> Iterable[list[tuple[int, str]]]:
    """Cuts lines into calls that the service accepts."""
    batch: list[tuple[int, str]] = []
    size = 0
    for when, text in lines:
        weight = len(text.encode()) + EVENT_OVERHEAD
        if batch and (len(batch) == MAX_EVENTS or size + weight > MAX_BYTES):
            yield batch
            batch, size = [], 0
        batch.append((when, text))
        size += weight
    if batch:
        yield batch


class MetricScraper:
    """The last value of each of a training job's `MetricDefinitions`, read from its log.

    Args:
        definitions: names and regular expressions.
        followed: the name of a metric whose values are all kept, in `series`.
    """

    def __init__(self, definitions: Iterable[Mapping[str, str]], followed: str | None = None) -> None:
        self._patterns = [(d["Name"], re.compile(d["Regex"])) for d in definitions]
        self._last: dict[str, tuple[float, datetime]] = {}
        self._followed = followed
        self.series: list[float] = []

    def read(self, line: str) -> None:
        """Takes the first group of each pattern that matches; what is not a number is no metric."""
        for name, pattern in self._patterns:
            match = pattern.search(line)
            if match is None:
                continue
            try:
                value = float(match.group(1) if pattern.groups else match.group(0))
            except (TypeError, ValueError):
                continue
            self._last[name] = (value, datetime.now(UTC))
            if name == self._followed:
                self.series.append(value)

    def final(self) -> list[dict[str, Any]]:
        """As `FinalMetricDataList` has it."""
        return [{"MetricName": n, "Value": v, "Timestamp": t} for n, (v, t) in self._last.items()]
