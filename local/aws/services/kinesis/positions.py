"""Where in a shard: sequence numbers and iterators, which clients have to take as they are."""

import base64
import json
import re
from typing import NamedTuple

from local.aws.services.kinesis.errors import ExpiredIteratorError, InvalidArgumentError

FIRST_DIGITS = "496"
"""AWS's sequence numbers have 56 digits too, and begin so."""
DIGITS = 53
SEQUENCE_NUMBER = re.compile(r"0|[1-9]\d{0,128}")
ITERATOR_SECONDS = 300


def sequence_number(number: int) -> str:
    """Of a record of the journal. They compare alike as texts and as numbers."""
    return f"{FIRST_DIGITS}{number:0{DIGITS}d}"


def number_of(text: str) -> int:
    """The number in the journal that a sequence number stands for.

    Raises:
        InvalidArgumentError: no record of any stream has it.
    """
    if not SEQUENCE_NUMBER.fullmatch(text):
        raise InvalidArgumentError(f"Value '{text[:200]}' is no sequence number.")
    if len(text) != len(FIRST_DIGITS) + DIGITS or not text.startswith(FIRST_DIGITS):
        raise InvalidArgumentError(
            f"StartingSequenceNumber {text[:200]} is invalid because it did not come from this stream."
        )
    return int(text.removeprefix(FIRST_DIGITS))


class Iterator(NamedTuple):
    """A place in a shard of the journal: the records behind ``after``. ``issued`` in ms since 1970."""

    shard: int
    after: int
    issued: int

    def token(self) -> str:
        """As clients get it."""
        return base64.urlsafe_b64encode(json.dumps(self).encode()).decode()

    @classmethod
    def of(cls, token: str, now: int) -> "Iterator":
        """The iterator that a client gives back.

        Raises:
            InvalidArgumentError: it is none.
            ExpiredIteratorError: it is older than five minutes.
        """
        try:
            shard, after, issued = map(int, json.loads(base64.urlsafe_b64decode(token)))
        except (ValueError, TypeError) as error:
            raise InvalidArgumentError("Invalid ShardIterator.") from error
        age = (now - issued) // 1000
        if age > ITERATOR_SECONDS:
            raise ExpiredIteratorError(
                f"Iterator expired. The iterator was created {age} seconds ago, and one lasts"
                f" {ITERATOR_SECONDS} seconds: take a new one by GetShardIterator."
            )
        return cls(shard, after, issued)
