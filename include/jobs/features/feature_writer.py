"""Writes records into a feature group, in batches and in parallel."""

import itertools
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from feature_files import Part, Record, records

BATCH = 25
"""What BatchWriteRecord takes."""
TRIES = 8
FIRST_PAUSE_SECONDS = 0.2
PASSING = {"InternalFailure", "ServiceUnavailable", "ThrottlingException", "InternalServerError"}
"""Error codes of an entry that are worth another try."""
OF_RECORDS = {"ValidationError", "ValidationException"}
KEPT_REASONS = 3
MAX_THREADS = 64


@dataclass
class Outcome:
    """What became of records: how many are written, and how many were refused for which reason."""

    written: int = 0
    reasons: Counter[str] = field(default_factory=Counter)

    @property
    def refused(self) -> int:
        """Records that Feature Store does not take."""
        return self.reasons.total()

    def add(self, other: "Outcome") -> None:
        """Counts what became of others as well; of reasons, the first ones are kept apart."""
        self.written += other.written
        for reason, count in other.reasons.items():
            known = reason in self.reasons or len(self.reasons) < KEPT_REASONS
            self.reasons[reason if known else "other reasons"] += count


def ingest(part: Part, threads: int) -> Outcome:
    """Writes all records of a part, with so many requests under way at a time."""
    client()  # before there are threads, which must not make it at the same time
    outcome = Outcome()
    with ThreadPoolExecutor(threads) as pool:
        pending: set[Future[Outcome]] = set()
        for some in _batches(records(part)):
            if len(pending) >= 2 * threads:
                done, pending = wait(pending, return_when=FIRST_COMPLETED)
                for future in done:
                    outcome.add(future.result())
            pending.add(pool.submit(write, part.group, some))
        for future in pending:
            outcome.add(future.result())
    return outcome


def _batches(chunks: Iterable[Sequence[Record]]) -> Iterator[list[Record]]:
    rows = itertools.chain.from_iterable(chunks)
    while some := list(itertools.islice(rows, BATCH)):
        yield some


def write(group: str, batch: Sequence[Record]) -> Outcome:
    """Writes a batch. What may pass is tried again, with growing pauses.

    Raises:
        ClientError: nothing can be written, as where the group is not there.
    """
    entries = [{"FeatureGroupName": group, "Record": record} for record in batch]
    outcome = Outcome()
    for number in range(TRIES):
        left, reasons = _write_once(entries)
        outcome.written += len(entries) - len(left) - len(reasons)
        outcome.reasons.update(reasons)
        if not left:
            return outcome
        entries = left
        time.sleep(FIRST_PAUSE_SECONDS * 2**number)
    outcome.reasons[f"was not processed in {TRIES} tries"] += len(entries)
    return outcome


def _write_once(entries: list[dict[str, Any]]) -> tuple[list[dict[str, Any]], list[str]]:
    """Entries to try again, and why others were refused."""
    if not hasattr(client(), "batch_write_record"):
        return [], [reason for entry in entries if (reason := _put(entry))]
    try:
        answer = client().batch_write_record(Entries=entries)
    except ClientError as error:
        if error.response["Error"]["Code"] not in OF_RECORDS:
            raise
        # One that makes the request invalid must not take the others with it.
        return [], [reason for entry in entries if (reason := _put(entry))]
    left = list(answer["UnprocessedEntries"])
    reasons = []
    for told in answer["Errors"]:
        if told["ErrorCode"] in PASSING:
            left.append(told["Entry"])
        else:
            reasons.append(f"{told['ErrorCode']}: {told['ErrorMessage']}")
    return left, reasons


def _put(entry: dict[str, Any]) -> str | None:
    """Writes one record; returns why Feature Store refuses it, if it does."""
    try:
        client().put_record(**entry)
    except ClientError as error:
        if error.response["Error"]["Code"] not in OF_RECORDS:
            raise
        return f"{error.response['Error']['Code']}: {error.response['Error']['Message']}"
    return None


@cache
def client() -> Any:
    """Of this process; threads share it. It validates nothing, which would take longer than all the rest."""
    config = Config(
        max_pool_connections=MAX_THREADS,
        parameter_validation=False,
        retries={"mode": "standard", "total_max_attempts": 10},
    )
    return boto3.client("sagemaker-featurestore-runtime", config=config)
