"""The streams of all regions: in memory for every request, in the journal for the next start."""

import threading
from collections.abc import Mapping
from typing import Any

from local.aws.journal import Journal
from local.aws.services.kinesis.errors import InUseError, InvalidArgumentError, NotFoundError
from local.aws.services.kinesis.streams import Stream


class Catalog:
    """Finds streams and keeps them.

    Args:
        journal: of streams and records.
        account: that has them.
    """

    def __init__(self, journal: Journal, account: str) -> None:
        self.journal, self.account = journal, account
        self.changing = threading.RLock()
        self._streams = {
            stream.arn: stream
            for number, definition in journal.streams().items()
            for stream in [Stream.of(number, definition)]
        }
        self._by_number = {stream.number: stream for stream in self._streams.values()}

    def arn(self, region: str, name: str) -> str:
        """The ARN of a stream."""
        return f"arn:aws:kinesis:{region}:{self.account}:stream/{name}"

    def every(self, region: str | None = None) -> list[Stream]:
        """The streams of a region, or of all, by name."""
        found = [s for s in list(self._streams.values()) if region in (None, s.arn.split(":")[3])]
        return sorted(found, key=lambda stream: stream.name)

    def find(self, region: str, request: Mapping[str, Any]) -> Stream:
        """The stream that a request names, by ``StreamName``, ``StreamARN`` or ``ResourceARN``.

        Raises:
            InvalidArgumentError: it names none.
            NotFoundError: there is no such stream.
        """
        arn = request.get("StreamARN") or request.get("ResourceARN")
        name = request.get("StreamName")
        if not arn and not name:
            raise InvalidArgumentError("Either StreamName or StreamARN must be given.")
        return self.of_arn(arn or self.arn(region, str(name)))

    def of_arn(self, arn: str) -> Stream:
        """The stream of this ARN. Raises `NotFoundError`."""
        if arn not in self._streams:
            name = arn.rpartition("/")[2]
            raise NotFoundError(f"Stream {name} under account {self.account} not found.")
        return self._streams[arn]

    def of_number(self, number: int) -> Stream:
        """The stream of this number in the journal. Raises `NotFoundError`."""
        if number not in self._by_number:
            raise NotFoundError("The stream of this shard iterator is gone.")
        return self._by_number[number]

    def add(self, stream: Stream) -> None:
        """Keeps a new stream. Raises `InUseError`."""
        with self.changing:
            if stream.arn in self._streams:
                raise InUseError(f"Stream {stream.name} under account {self.account} already exists.")
            stream.number = self.journal.create(stream.arn, stream.definition())
            self._streams[stream.arn] = self._by_number[stream.number] = stream

    def save(self, stream: Stream) -> None:
        """Keeps a stream as it is now."""
        self.journal.save(stream.number, stream.definition())

    def remove(self, stream: Stream) -> None:
        """Takes a stream and its records away."""
        with self.changing:
            self._streams.pop(stream.arn, None)
            self._by_number.pop(stream.number, None)
        self.journal.delete(stream.number)
