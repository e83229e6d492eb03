"""The function `pit_features` as it ships: in this process, and in a local AWS behind a queue."""

import json
import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from bench.amp_serving_rig.modules import FLATTENING, FUNCTION, load
from bench.amp_serving_rig.recommender import Recommender
from include.bundles import Bundle

BATCH = 10
USERS = 500
NAME = "pit-features"
PATIENCE = 600
"""Seconds until a backlog is gone."""


def moment(ahead: timedelta = timedelta()) -> str:
    """Now, as events say it."""
    return f"{datetime.now(UTC) + ahead:%Y-%m-%dT%H:%M:%S.%fZ}"


class Function:
    """In this process.

    Args:
        redis_url: where it counts.
        shows: how many there are.
    """

    def __init__(self, redis_url: str, shows: int) -> None:
        os.environ["MILLRACE_REDIS_URL"] = redis_url
        found = load(FUNCTION, FLATTENING)
        self.keys, self.reading = found.keys, found.reading
        self._handle = found.handler.handler
        self.client = found.connection.connect(redis_url)
        self.shows, self.sent = [f"show-{number}" for number in range(shows)], 0

    def event(self, **fields: Any) -> dict[str, Any]:
        """The next one: a like or a session of one of the shows."""
        number = self.sent
        self.sent += 1
        return {
            "event_id": str(number),
            "event_type": "session" if number % 3 else "like",
            "event_time": moment(),
            "user_id": f"user-{number % USERS}",
            "show_id": self.shows[number * 7 % len(self.shows)],
            "creator_id": f"creator-{number % 100}",
            "seconds": number % 900,
            **fields,
        }

    def like(self, show: str) -> dict[str, Any]:
        """One of a user of whom nobody has heard."""
        return self.event(event_type="like", show_id=show, user_id=f"stranger-{self.sent}")

    def send(self, events: Sequence[dict[str, Any]] | None = None) -> None:
        """A batch; raises `SystemExit` if one of the events is not counted."""
        events = events or [self.event() for _ in range(BATCH)]
        records = [
            {"messageId": str(number), "eventSource": "aws:sqs", "body": json.dumps(each)}
            for number, each in enumerate(events)
        ]
        answer = self._handle({"Records": records}, None)
        if answer["batchItemFailures"]:
            raise SystemExit(f"Events are not counted: {answer}")

    def announce(self, count: int) -> None:
        """Puts so many shows into the catalog: most are live, some come later."""
        shows = [
            {
                **self.event(
                    event_type="show", show_id=self.shows[number], creator_id=f"creator-{number % 100}"
                ),
                "title": f"Show {number}",
                "topics": [f"topic-{number % 20}", f"topic-{number * 7 % 20}"],
                "starts_at": moment(timedelta(hours=number % 5)),
                "minutes": 60,
                "status": "scheduled" if number % 5 else "live",
            }
            for number in range(count)
        ]
        for start in range(0, count, BATCH):
            self.send(shows[start : start + BATCH])

    def read(self) -> Any:
        """Of a user and the shows."""
        return self.reading.read(self.client, "user-0", self.shows, since=datetime.now(UTC).date())

    def likes(self, shows: Sequence[str]) -> int:
        """Of all these shows."""
        found = self.reading.read(self.client, "user-0", shows, since=datetime.now(UTC).date())
        return sum(each.likes for each in found.shows.values())


class Queue:
    """The function in a local AWS, and the queue that it takes events from."""

    def __init__(self, account: Recommender, redis_url: str) -> None:
        self._sqs, self._functions = account.client("sqs"), account.client("lambda")
        self._functions.create_function(
            FunctionName=NAME,
            Runtime="python3.12",
            Role=account.run.settings.role_arn,
            Handler="handler.handler",
            Code={"ZipFile": Bundle.of_function(FUNCTION.name).zipped()},
            Timeout=60,
            Environment={"Variables": {"MILLRACE_REDIS_URL": redis_url}},
        )
        made = self._sqs.create_queue(QueueName=NAME, Attributes={"VisibilityTimeout": "120"})
        self._url = made["QueueUrl"]
        arn = self._sqs.get_queue_attributes(QueueUrl=self._url, AttributeNames=["QueueArn"])
        mapping = self._functions.create_event_source_mapping(
            FunctionName=NAME,
            EventSourceArn=arn["Attributes"]["QueueArn"],
            BatchSize=BATCH,
            FunctionResponseTypes=["ReportBatchItemFailures"],
        )
        self._mapping = mapping["UUID"]

    def send(self, events: Sequence[dict[str, Any]]) -> None:
        """Up to ten."""
        entries = [{"Id": str(number), "MessageBody": json.dumps(each)} for number, each in enumerate(events)]
        answer = self._sqs.send_message_batch(QueueUrl=self._url, Entries=entries)
        if answer.get("Failed"):
            raise SystemExit(f"SQS refuses {answer['Failed'][0]}")

    @contextmanager
    def throttled(self) -> Iterator[None]:
        """Two invocations at a time, of one event each: the least that an event source mapping may have."""
        update = self._functions.update_event_source_mapping
        update(UUID=self._mapping, BatchSize=1, ScalingConfig={"MaximumConcurrency": 2})
        yield
        update(UUID=self._mapping, BatchSize=BATCH, ScalingConfig={})

    def backlog(self) -> int:
        """Messages that wait or are being taken."""
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        found = self._sqs.get_queue_attributes(QueueUrl=self._url, AttributeNames=names)["Attributes"]
        return sum(int(found[name]) for name in names)

    def drain(self) -> None:
        """Waits until it is empty."""
        deadline = time.monotonic() + PATIENCE
        while self.backlog():
            if time.monotonic() > deadline:
                raise SystemExit(f"{self.backlog()} messages wait after {PATIENCE} seconds")
            time.sleep(0.05)
