"""What a row of the table of AWS jobs says.

A row names operations as AWS's own API reference does; paths are JMESPath into the
answer of the describe operation, or into an event.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import jmespath


@dataclass(frozen=True)
class EventPattern:
    """The EventBridge event of a kind's state changes, with the paths of name and status in it."""

    source: str
    detail_type: str
    name: str
    status: str

    def read(self, event: Mapping[str, Any]) -> tuple[str, str] | None:
        """The name and status that an event announces, or None if it is of another kind."""
        if event.get("source") != self.source or event.get("detail-type") != self.detail_type:
            return None
        name, status = jmespath.search(self.name, event), jmespath.search(self.status, event)
        return (name, status) if isinstance(name, str) and isinstance(status, str) else None


@dataclass(frozen=True)
class ErrorPattern:
    """An AWS error by its code and, where a code means several things, words of its message."""

    code: str
    words: str = ""

    def matches(self, code: str, message: str) -> bool:
        """Whether an error is the one meant; the case of the words does not matter."""
        return code == self.code and self.words.lower() in message.lower()


@dataclass(frozen=True)
class Listing:
    """The operation that lists jobs of a kind, changed after a moment, with their statuses.

    ``items`` is the member of its answer; ``name`` and ``status`` are members of an item.
    """

    operation: str
    items: str
    name: str
    status: str
    changed_after: str = "LastModifiedTimeAfter"


@dataclass(frozen=True)
class JobKind:
    """One kind of AWS job.

    ``result`` maps a name to the path of what belongs in the task's result, ``usage`` to what
    a cost report needs. ``not_found`` and ``exists`` are the errors that say so. A failure whose
    reason begins with one of ``permanent`` would fail again, and so would a job that was stopped at a
    limit of its own request, where the path ``exceeded`` finds something true: a retry would only be paid
    for. A reason with ``no_capacity`` in it is worth a later try. In the name of a log group, and in what
    its streams begin with, ``{name}`` is the job's.

    ``name_path`` is where a description has the name, if not under ``name_field``. ``cannot_stop`` are the
    errors of the stop operation that say that the job is over, or cannot be stopped as it is. Jobs of a kind
    without a ``listing`` are described one by one. ``console`` is the segment under which the local AWS has
    their pages, ``console_page`` the address within AWS's console, with ``{region}`` and ``{name}``.
    A launch starts many jobs of a kind ``in_batches``; their names are ``include.naming.member_name``.
    """

    name: str
    service: str
    start: str
    describe: str
    stop: str | None
    listing: Listing | None
    name_field: str
    status: str
    reason: str
    succeeded: frozenset[str]
    failed: frozenset[str]
    stopped: frozenset[str]
    event: EventPattern
    not_found: tuple[ErrorPattern, ...]
    exists: tuple[ErrorPattern, ...]
    console: str
    console_page: str
    cannot_stop: tuple[ErrorPattern, ...] = ()
    name_path: str | None = None
    stopping: frozenset[str] = frozenset()
    result: Mapping[str, str] = field(default_factory=dict)
    usage: Mapping[str, str] = field(default_factory=dict)
    permanent: tuple[str, ...] = ()
    exceeded: str | None = None
    no_capacity: str = "Unable to provision requested ML compute capacity"
    log_group: str | None = None
    log_prefix: str = "{name}/"
    started: str | None = None
    ended: str | None = None
    max_name_length: int = 63
    takes_tags: bool = True
    in_batches: bool = False

    @property
    def terminal(self) -> frozenset[str]:
        """Statuses that a job of this kind does not leave by itself."""
        return self.succeeded | self.failed | self.stopped

    def is_over(self, status: str) -> bool:
        """Whether a status, of a description or of an event, is terminal.

        ``IN_SERVICE`` of an event and ``InService`` of a description are the same.
        """
        return _spelling(status) in {_spelling(known) for known in self.terminal}


def _spelling(status: str) -> str:
    return status.replace("_", "").lower()
