"""What a row of the table of AWS jobs says.

A row names operations as AWS's own API reference does; paths are JMESPath into the
answer of the describe operation, or into an event, where AWS sends one.
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
class NameSearch:
    """The operation that lists the jobs of a name: ``items`` is the member of its answer.

    ``options`` are what else it is asked, where it would leave jobs out.
    """

    operation: str
    items: str
    name: str = "name"
    options: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class GivenId:
    """How a job is meant whose service gives it an id, whatever name the caller gives to it.

    AWS knows such a job by its ``place``, a member of every request such as a virtual cluster, and by its id
    there. Its reference is ``<place>/<id>``, which ``path`` gives in a description and ``event.name`` in an
    event. Until AWS has told the id the reference is ``<place>/name:<name>``, and the job is looked for by
    its name, which no other has. Where ids are enough, there is no ``place``, and no slash.

    ``field`` is the member that has the id: of requests, of the start operation's answer and of what is
    listed. ``token`` is that of the start request which makes a repeated call harmless.
    """

    place: str | None
    field: str
    token: str
    path: str
    search: NameSearch


BY_NAME = "name:"


@dataclass(frozen=True)
class JobKind:
    """One kind of AWS job.

    ``result`` maps a name to the path of what belongs in the task's result, ``usage`` to what
    a cost report needs. ``not_found`` and ``exists`` are the errors that say so. A failure whose
    reason begins with one of ``permanent`` would fail again, and so would a job that was stopped at a
    limit of its own request, where the path ``exceeded`` finds something true: a retry would only be paid
    for. A reason with ``no_capacity`` in it is worth a later try. In the name of a log group, and in what
    its streams begin with, ``{name}`` is the job's, ``{place}`` and ``{id}`` are the parts of its reference,
    and ``{environment}`` is ours.

    What says which job is meant is its reference: its name, or what AWS has made of it where the kind has a
    ``given_id``.

    ``name_path`` is where a description has the name, if not under ``name_field``. ``cannot_stop`` are the
    errors of the stop operation that say that the job is over, or cannot be stopped as it is. Jobs of a kind
    without a ``listing`` are described one by one. ``console`` is the segment under which the local AWS has
    their pages, ``console_page`` the address within AWS's console, with ``{region}`` and ``{name}``.
    A launch starts many jobs of a kind ``in_batches``; their names are ``include.naming.member_name``.
    ``tag_map`` is the member that takes tags as a mapping, where it is not ``Tags`` that takes a list.
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
    event: EventPattern | None
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
    tag_map: str | None = None
    in_batches: bool = False
    given_id: GivenId | None = None

    @property
    def terminal(self) -> frozenset[str]:
        """Statuses that a job of this kind does not leave by itself."""
        return self.succeeded | self.failed | self.stopped

    def identity(self, reference: str) -> dict[str, str]:
        """The members of a request that say which job is meant."""
        if self.given_id is None:
            return {self.name_field: reference}
        place, _, id_ = reference.rpartition("/")
        return {**self.located(place), self.given_id.field: id_}

    def located(self, place: str) -> dict[str, str]:
        """The member of a request that says where a job is; none where ids are enough."""
        return {self.given_id.place: place} if self.given_id and self.given_id.place else {}

    def placed(self, id_: str, request: Mapping[str, Any]) -> str:
        """The reference of an id, at the place that the start request names."""
        place = self.given_id.place if self.given_id else None
        return f"{request.get(place, '')}/{id_}" if place else id_

    def reference(self, name: str, request: Mapping[str, Any]) -> str:
        """How a job is meant before it is started: by its name, and the place that its request names."""
        return self.placed(f"{BY_NAME}{name}", request) if self.given_id else name

    def sought(self, reference: str) -> tuple[str, str] | None:
        """Place and name of a job whose id is not known; None for one that AWS can be asked about."""
        place, _, id_ = reference.rpartition("/")
        name = id_.removeprefix(BY_NAME)
        return (place, name) if self.given_id and name != id_ else None

    def tagged(self, tags: Mapping[str, str]) -> dict[str, Any]:
        """The members of a start request that tag the job."""
        if self.tag_map:
            return {self.tag_map: dict(tags)}
        return {"Tags": [{"Key": key, "Value": tags[key]} for key in tags]} if self.takes_tags else {}

    def log_streams(self, reference: str, environment: str) -> tuple[str, str] | None:
        """The log group of a job and what its streams begin with; None for a kind without a log."""
        if self.log_group is None:
            return None
        place, _, id_ = reference.rpartition("/")
        parts = {"name": reference, "place": place, "id": id_, "environment": environment}
        return self.log_group.format(**parts), self.log_prefix.format(**parts)

    def is_over(self, status: str) -> bool:
        """Whether a status, of a description or of an event, is terminal.

        ``IN_SERVICE`` of an event and ``InService`` of a description are the same.
        """
        return _spelling(status) in {_spelling(known) for known in self.terminal}


def _spelling(status: str) -> str:
    return status.replace("_", "").lower()
