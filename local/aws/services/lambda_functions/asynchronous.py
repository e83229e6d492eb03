"""Asynchronous invocations: a queue of events, retries, and where events go that no retry helps.

https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html
"""

import heapq
import json
import logging
import threading
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from moto.awslambda.exceptions import UnknownFunctionException
from moto.awslambda.models import lambda_backends

from local.aws.services.lambda_functions import destinations
from local.aws.services.lambda_functions.context import current
from local.aws.services.lambda_functions.environment import Outcome
from local.aws.services.lambda_functions.errors import ThrottledError
from local.aws.services.lambda_functions.execution import execute
from local.aws.services.lambda_functions.function import LocalFunction

log = logging.getLogger(__name__)

RETRIES = 2
MAX_AGE = 6 * 3600
MAX_BACKOFF = 300.0
"""Seconds between two attempts that were throttled; the first waits one."""
ERROR_SHOWN = 1024


@dataclass
class QueuedEvent:
    """An event that waits for its function; part of the saved state.

    Attributes:
        arn: of the function, with the qualifier by which it was called.
        created: seconds since the epoch, as is `due`.
        attempts: that ran; `throttled` counts those that could not.
    """

    account: str
    region: str
    arn: str
    payload: bytes
    id: str = field(default_factory=lambda: str(uuid4()))
    created: float = field(default_factory=time.time)
    due: float = 0.0
    attempts: int = 0
    throttled: int = 0


class AsynchronousInvoker:
    """Takes events from the queue when they are due, several at a time."""

    def __init__(self, workers: int) -> None:
        self._condition = threading.Condition()
        self._due: list[tuple[float, str, QueuedEvent]] = []
        self._executor = ThreadPoolExecutor(workers, "lambda event")
        self._closed = False

    def start(self) -> None:
        """Begins with what the last process left."""
        for _, _, backend in lambda_backends.iter_backends():
            for event in list(_queue(backend).values()):
                self._plan(event)
        threading.Thread(target=self._run, name="lambda events", daemon=True).start()

    def submit(self, function: LocalFunction, payload: bytes, arn: str = "") -> QueuedEvent:
        """Queues an event; it is part of the state when this returns."""
        event = QueuedEvent(function.account_id, function.region, arn or function.function_arn, payload)
        with current().aws.changing():
            _queue(_backend(event))[event.id] = event
        self._plan(event)
        return event

    def close(self) -> None:
        """Starts nothing more; what waits is in the state."""
        with self._condition:
            self._closed = True
            self._condition.notify_all()
        self._executor.shutdown(wait=False, cancel_futures=True)

    def _plan(self, event: QueuedEvent) -> None:
        with self._condition:
            heapq.heappush(self._due, (event.due, event.id, event))
            self._condition.notify_all()

    def _run(self) -> None:
        while True:
            with self._condition:
                while not self._closed and (not self._due or self._due[0][0] > time.time()):
                    self._condition.wait(self._due[0][0] - time.time() if self._due else None)
                if self._closed:
                    return
                event = heapq.heappop(self._due)[2]
                self._executor.submit(self._attempt, event)

    def _attempt(self, event: QueuedEvent) -> None:
        try:
            self._try(event)
        except UnknownFunctionException:
            log.warning("Event %s is dropped: its function %s is gone.", event.id, event.arn)
            _forget(event)
        except Exception:  # the event is in the state, and the next start tries again
            log.exception("Event %s for %s was not handled", event.id, event.arn)

    def _try(self, event: QueuedEvent) -> None:
        function: LocalFunction = _backend(event).get_function(event.arn)
        config = _config(function)
        if time.time() - event.created > config.get("MaximumEventAgeInSeconds", MAX_AGE):
            return _give_up(event, function, "EventAgeExceeded", None)
        try:
            outcome = execute(function, event.payload, request_id=event.id, arn=event.arn)
        except ThrottledError:
            return self._throttled(event, function)
        if current().aws.stopping.is_set() and outcome.failed:
            return None  # the process was ended, and not by the function
        event.attempts += 1
        if not outcome.failed:
            return _succeeded(event, function, outcome)
        if event.attempts > config.get("MaximumRetryAttempts", RETRIES):
            return _give_up(event, function, "RetriesExhausted", outcome)
        return self._again(event, event.attempts * current().minute)

    def _throttled(self, event: QueuedEvent, function: LocalFunction) -> None:
        if function.reserved == 0:
            return _give_up(event, function, "RetriesExhausted", None)
        event.throttled += 1
        return self._again(event, min(2.0 ** (event.throttled - 1), MAX_BACKOFF))

    def _again(self, event: QueuedEvent, seconds: float) -> None:
        with current().aws.changing():
            event.due = time.time() + seconds
        self._plan(event)


def _succeeded(event: QueuedEvent, function: LocalFunction, outcome: Outcome) -> None:
    if destination := _destination(function, "OnSuccess"):
        _deliver(event, lambda: _send(event, function, destination, "Success", outcome))
    _forget(event)


def _give_up(event: QueuedEvent, function: LocalFunction, condition: str, outcome: Outcome | None) -> None:
    """Sends the record to the destination and the event to the dead-letter queue, as far as there are any."""
    if destination := _destination(function, "OnFailure"):
        _deliver(event, lambda: _send(event, function, destination, condition, outcome))
    if target := function.dead_letter_config.get("TargetArn"):
        _deliver(event, lambda: destinations.send_text(target, event.payload.decode(), _why(event, outcome)))
    _forget(event)


def _deliver(event: QueuedEvent, send: Any) -> None:
    try:
        send()
    except Exception as error:  # whatever the destination's service raises: AWS counts it and goes on
        log.warning("What became of event %s could not be sent: %s", event.id, error)


def _send(
    event: QueuedEvent, function: LocalFunction, destination: str, condition: str, outcome: Outcome | None
) -> None:
    version = str(function.version)
    record: dict[str, Any] = {
        "version": "1.0",
        "timestamp": destinations.timestamp(),
        "requestContext": {
            "requestId": event.id,
            "functionArn": f"{function.unqualified_arn}:{version}",
            "condition": condition,
            "approximateInvokeCount": event.attempts,
        },
        "requestPayload": json.loads(event.payload),
    }
    if outcome:
        record["responseContext"] = {"statusCode": 200, "executedVersion": version} | (
            {"functionError": "Unhandled"} if outcome.failed else {}
        )
        record["responsePayload"] = json.loads(outcome.payload or b"null")
    destinations.send_record(destination, record, succeeded=condition == "Success")


def _why(event: QueuedEvent, outcome: Outcome | None) -> dict[str, tuple[str, str]]:
    said = json.loads(outcome.payload) if outcome else {"errorMessage": "The event was not processed."}
    text = str(said.get("errorMessage") or "") if isinstance(said, Mapping) else str(said)
    return {
        "RequestID": ("String", event.id),
        "ErrorCode": ("Number", "200" if outcome else "429"),
        "ErrorMessage": ("String", text[:ERROR_SHOWN] or "Unknown"),
    }


def _config(function: LocalFunction) -> dict[str, Any]:
    configs = function.event_invoke_config
    return dict(configs[0].config) if configs else {}


def _destination(function: LocalFunction, name: str) -> str | None:
    found = (_config(function).get("DestinationConfig") or {}).get(name) or {}
    return found.get("Destination") or None


def _backend(event: QueuedEvent) -> Any:
    return lambda_backends[event.account][event.region]


def _queue(backend: Any) -> dict[str, QueuedEvent]:
    queued: dict[str, QueuedEvent] = backend.queued_events
    return queued


def _forget(event: QueuedEvent) -> None:
    with current().aws.changing():
        _queue(_backend(event)).pop(event.id, None)


def waiting(function: LocalFunction) -> int:
    """How many events wait for a function."""
    queued = _queue(lambda_backends[function.account_id][function.region])
    return sum(f"{event.arn}:".startswith(f"{function.unqualified_arn}:") for event in list(queued.values()))
