"""Puts records into a stream of Kinesis, each until it is there or has been tried often enough."""

import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

MOST_RECORDS = 500
"""Of a request."""
ATTEMPTS = 4
FIRST_PAUSE = 0.1
"""Seconds; it doubles."""


@dataclass(frozen=True)
class Record:
    """Data and the partition key; records of one key stay in order."""

    key: str
    data: bytes


def put(
    client: Any, stream: str, records: Mapping[str, Record], *, pause: Callable[[float], None] = time.sleep
) -> dict[str, str]:
    """Puts all records, by name.

    Returns:
        For each that is not there in the end, why.
    """
    left, reasons = dict(records), dict[str, str]()
    for attempt in range(ATTEMPTS):
        if attempt:
            # A shard that is full is not to be asked by everybody at once.
            pause(FIRST_PAUSE * 2**attempt * random.uniform(0.5, 1))  # noqa: S311  # no secret
        reasons = _put_once(client, stream, left)
        left = {name: left[name] for name in reasons}
        if not left:
            break
    return reasons


def _put_once(client: Any, stream: str, records: Mapping[str, Record]) -> dict[str, str]:
    names, reasons = list(records), {}
    for begin in range(0, len(names), MOST_RECORDS):
        part = names[begin : begin + MOST_RECORDS]
        entries = [{"Data": records[name].data, "PartitionKey": records[name].key} for name in part]
        answer = client.put_records(StreamName=stream, Records=entries)
        for name, each in zip(part, answer["Records"], strict=True):
            if "ErrorCode" in each:
                reasons[name] = f"{each['ErrorCode']}: {each.get('ErrorMessage', '')}"
    return reasons
