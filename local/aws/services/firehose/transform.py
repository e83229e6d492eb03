"""Sends records through a function.

https://docs.aws.amazon.com/firehose/latest/dev/data-transformation.html
"""

import base64
import binascii
import json
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from botocore.exceptions import BotoCoreError, ClientError

from local.aws.services.firehose.destination import Transform
from local.aws.services.firehose.feeds import Feed, Taken
from local.aws.services.kinesis.positions import sequence_number

RESULTS = ("Ok", "Dropped", "ProcessingFailed")
FIRST_PAUSE, LONGEST_PAUSE = 0.5, 30.0
CODES = {
    "ResourceNotFoundException": "Lambda.ResourceNotFound",
    "TooManyRequestsException": "Lambda.InvokeLimitExceeded",
    "AccessDeniedException": "Lambda.InvokeAccessDenied",
}
"""Firehose's names of Lambda's errors; of another one the name is Lambda's own."""


class StoppedError(RuntimeError):
    """The delivery stream or the server stops; the records stay where they are."""


@dataclass(frozen=True)
class Failure:
    """Why records could not be processed."""

    code: str
    message: str
    attempts: int
    ended: int
    """Milliseconds since 1970."""


@dataclass
class Outcome:
    """What became of records: data to deliver, and those that failed, each with its reason."""

    data: list[bytes]
    failed: list[tuple[Taken, Failure]]


class InvocationError(RuntimeError):
    """A call did not give an answer that can be used; ``code`` is Firehose's name of the reason."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class Transformer:
    """Calls the function of one delivery stream.

    Args:
        client: of Lambda.
        about: members of every request that are the same.
        stopped: ends the pauses between attempts.
    """

    def __init__(self, client: Any, about: dict[str, str], stopped: threading.Event) -> None:
        self._client, self._about, self._stopped = client, about, stopped

    def transform(self, settings: Transform, feed: Feed, records: Sequence[Taken]) -> Outcome:
        """Calls the function until it answers or there have been enough attempts.

        Raises:
            StoppedError: there is no time for another attempt.
        """
        payload = json.dumps(self._request(feed, records)).encode()
        pause, attempt = FIRST_PAUSE, 0
        while True:
            attempt += 1
            try:
                return self._sorted(records, self._invoke(settings.function, payload))
            except InvocationError as error:
                if attempt > settings.retries:
                    failure = Failure(error.code, str(error), attempt, _now())
                    return Outcome([], [(taken, failure) for taken in records])
            if self._stopped.wait(pause):
                raise StoppedError(f"{settings.function} was not called again.")
            pause = min(2 * pause, LONGEST_PAUSE)

    def _request(self, feed: Feed, records: Sequence[Taken]) -> dict[str, Any]:
        return {
            "invocationId": str(uuid4()),
            **self._about,
            "records": [
                {
                    "recordId": record_id(taken),
                    "approximateArrivalTimestamp": taken.record.arrived,
                    "data": base64.b64encode(taken.record.data).decode(),
                    **feed.metadata(taken),
                }
                for taken in records
            ],
        }

    def _invoke(self, function: str, payload: bytes) -> list[dict[str, Any]]:
        try:
            answer = self._client.invoke(FunctionName=function, Payload=payload)
            body = answer["Payload"].read()
        except ClientError as error:
            code = error.response["Error"]["Code"]
            raise InvocationError(CODES.get(code, f"Lambda.{code}"), str(error)) from error
        except (BotoCoreError, OSError) as error:
            raise InvocationError("Lambda.FunctionRequestTimedOut", str(error)) from error
        if answer.get("FunctionError"):
            said = body[:1000].decode(errors="replace")
            raise InvocationError(
                "Lambda.FunctionError",
                f"The Lambda function was successfully invoked but it returned an error result: {said}",
            )
        try:
            records = json.loads(body)["records"]
            return [
                {"recordId": r["recordId"], "result": r["result"], "data": r.get("data")} for r in records
            ]
        except (ValueError, KeyError, TypeError) as error:
            raise InvocationError(
                "Lambda.JsonProcessingException",
                f"The function's answer is not an object with a list of records: {error!r}",
            ) from error

    @staticmethod
    def _sorted(records: Sequence[Taken], answers: list[dict[str, Any]]) -> Outcome:
        """Each record's result, in the order of the records."""
        by_id = {answer["recordId"]: answer for answer in answers}
        if len(by_id) < len(answers):
            raise InvocationError("Lambda.DuplicatedRecordId", "Multiple records have the same recordId.")
        outcome = Outcome([], [])
        for taken in records:
            answer = by_id.get(record_id(taken))
            if answer is None:
                raise InvocationError(
                    "Lambda.MissingRecordId", "At least one recordId is missing in the answer."
                )
            if failure := _result(outcome, answer):
                outcome.failed.append((taken, failure))
        return outcome


def _result(outcome: Outcome, answer: dict[str, Any]) -> Failure | None:
    """Takes one answer into the outcome, or says why it cannot be."""
    if answer["result"] not in RESULTS:
        raise InvocationError(
            "Lambda.JsonProcessingException",
            f"result is {answer['result']!r}, not one of {', '.join(RESULTS)}.",
        )
    if answer["result"] == "ProcessingFailed":
        return Failure("Lambda.ProcessingFailedStatus", "ProcessingFailed status set for record", 1, _now())
    if answer["result"] == "Ok":
        try:
            outcome.data.append(base64.b64decode(answer["data"] or "", validate=True))
        except (binascii.Error, TypeError) as error:
            return Failure("Lambda.JsonProcessingException", f"data is not base64: {error}", 1, _now())
    return None


def failed_line(taken: Taken, failure: Failure, function: str) -> bytes:
    """A failed record as it is in the bucket: a line of JSON.

    https://docs.aws.amazon.com/firehose/latest/dev/data-transformation-failure-handling.html
    """
    document = {
        "attemptsMade": failure.attempts,
        "arrivalTimestamp": taken.record.arrived,
        "errorCode": failure.code,
        "errorMessage": failure.message,
        "attemptEndingTimestamp": failure.ended,
        "rawData": base64.b64encode(taken.record.data).decode(),
        "lambdaArn": function,
    }
    return json.dumps(document).encode() + b"\n"


def record_id(taken: Taken) -> str:
    """The id of a record in a request to the function."""
    return f"{sequence_number(taken.record.number)}000000"


def _now() -> int:
    return time.time_ns() // 1_000_000
