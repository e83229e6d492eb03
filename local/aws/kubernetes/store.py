"""Objects, their versions, and what has become of them.

There is one counter for the whole cluster, as etcd's revision: each change takes the next number, which is
the ``resourceVersion`` of the object from then on. Who has read a list knows all that happened up to its
version, and a watch from there tells what happens after it, in order and without a gap. Changes are known
for a while; who asks for older ones is told to list again.

https://kubernetes.io/docs/reference/using-api/api-concepts/#efficient-detection-of-changes
"""

import copy
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import takewhile
from secrets import token_hex
from typing import Any, NamedTuple
from uuid import uuid4

from local.aws.kubernetes.kept import KeptObjects
from local.aws.kubernetes.resources import Resource
from local.aws.kubernetes.selectors import Selector
from local.aws.kubernetes.statuses import (
    AlreadyExistsError,
    ConflictError,
    ExpiredError,
    InvalidError,
    NotFoundError,
    TooLargeVersionError,
)

Json = dict[str, Any]
Change = Callable[[Json], Json]

ADDED, MODIFIED, DELETED, BOOKMARK = "ADDED", "MODIFIED", "DELETED", "BOOKMARK"
HISTORY = 10_000
"""Changes that are known."""
OWNED = (
    "name",
    "namespace",
    "uid",
    "creationTimestamp",
    "resourceVersion",
    "generation",
    "deletionTimestamp",
)
"""Of the metadata: who changes an object does not change these."""
LOOK_SECONDS = 1.0
PATIENCE_SECONDS = 3.0
"""How long a watch waits for a version that has not been reached."""


def everything(_: Mapping[str, Any]) -> bool:
    """A selector of all objects."""
    return True


class Key(NamedTuple):
    """Which object: ``namespace`` is empty for a kind that has none."""

    resource: Resource
    namespace: str
    name: str

    def details(self) -> Json:
        """Of an error about it."""
        group = {"group": self.resource.group} if self.resource.group else {}
        return {"name": self.name, **group, "kind": self.resource.plural}


@dataclass(frozen=True)
class Scope:
    """Which objects: of a kind, in a namespace or in all, as far as they are selected."""

    resource: Resource
    namespace: str | None = None
    selects: Selector = everything

    def sees(self, thing: Json | None) -> bool:
        """Whether an object of the kind is one of them."""
        if thing is None or self.namespace not in (None, thing["metadata"].get("namespace")):
            return False
        return self.selects(thing)


@dataclass(frozen=True)
class Event:
    """A change: ``ADDED``, ``MODIFIED`` or ``DELETED``, or a ``BOOKMARK``, which tells a version only."""

    type: str
    object: Json


@dataclass(frozen=True)
class _Change:
    """Of an object: ``before`` is None of a new one, ``after`` of one that is gone."""

    version: int
    resource: Resource
    before: Json | None
    after: Json | None

    def event(self, scope: Scope) -> Event | None:
        """What it is to somebody who sees the objects of a scope only."""
        if self.resource != scope.resource:
            return None
        before, after = scope.sees(self.before), scope.sees(self.after)
        if after:
            return Event(MODIFIED if before else ADDED, self.after or {})
        if before:
            return Event(DELETED, at_version(self.after or self.before or {}, self.version))
        return None


class Store:
    """The objects of a cluster. What is handed out is not to be changed.

    Args:
        kept: where they outlive the process; None for nowhere.
        history: changes that are known.
    """

    def __init__(self, kept: KeptObjects | None = None, history: int = HISTORY) -> None:
        self._kept = kept
        self._objects = {Key(*key): thing for key, thing in kept.objects()} if kept else {}
        self._version = kept.version() if kept else 1
        self._oldest = self._version
        self._changes: deque[_Change] = deque(maxlen=history)
        self._changed = threading.Condition()

    def create(self, resource: Resource, namespace: str, given: Json) -> Json:
        """Adds an object.

        Raises:
            AlreadyExistsError: there is one of this name.
            InvalidError: it has no name.
        """
        made = copy.deepcopy(given)
        metadata = made.setdefault("metadata", {})
        if not metadata.get("name") and metadata.get("generateName"):
            metadata["name"] = metadata["generateName"] + token_hex(3)[:5]
        if not metadata.get("name"):
            raise InvalidError("metadata.name: Required value: name or generateName is required")
        with self._changed:
            key = Key(resource, namespace, metadata["name"])
            if key in self._objects:
                raise AlreadyExistsError(f'{resource.name} "{key.name}" already exists', key.details())
            metadata |= {
                **({"namespace": namespace} if resource.namespaced else {}),
                "uid": str(uuid4()),
                "creationTimestamp": moment(),
                "generation": 1,
            }
            made |= {"apiVersion": resource.api_version, "kind": resource.kind}
            if resource.first_phase:
                made["status"] = {"phase": resource.first_phase}
            return self._put(key, None, made)

    def get(self, key: Key) -> Json:
        """One object. Raises `NotFoundError`."""
        with self._changed:
            return self._there(key)

    def select(self, scope: Scope) -> tuple[list[Json], int]:
        """Objects by namespace and name, and the version as of which these are all."""
        with self._changed:
            return self._selected(scope), self._version

    def update(self, key: Key, change: Change, version: str | None = None) -> Json:
        """Changes an object.

        Args:
            key: which one.
            change: gets a copy of the object and returns what it becomes.
            version: that the object has to have; None for any.

        Raises:
            NotFoundError: there is none.
            ConflictError: it has changed since.
        """
        with self._changed:
            before = self._there(key)
            if version not in (None, "", before["metadata"]["resourceVersion"]):
                raise ConflictError(
                    f'Operation cannot be fulfilled on {key.resource.name} "{key.name}": the object has been '
                    "modified; please apply your changes to the latest version and try again",
                    key.details(),
                )
            after = change(copy.deepcopy(before))
            metadata, old = after.setdefault("metadata", {}), before["metadata"]
            after["metadata"] = metadata = {
                **{field: value for field, value in metadata.items() if field not in OWNED},
                **{field: old[field] for field in OWNED if field in old},
            }
            if after == before:
                return before  # Nothing has changed, and nobody is told.
            if after.get("spec") != before.get("spec"):
                metadata["generation"] = old["generation"] + 1
            return self._put(key, before, after)

    def mark_deleted(self, key: Key, grace_seconds: int) -> Json:
        """Says that an object is going to be deleted. Raises `NotFoundError`."""
        with self._changed:
            before = self._there(key)
            if "deletionTimestamp" in before["metadata"]:
                return before
            after = copy.deepcopy(before)
            after["metadata"] |= {"deletionTimestamp": moment(), "deletionGracePeriodSeconds": grace_seconds}
            return self._put(key, before, after)

    def delete(self, key: Key, uid: str | None = None) -> Json:
        """Removes an object; what it was.

        Raises:
            NotFoundError: there is none.
            ConflictError: it is another one than that with the ``uid``.
        """
        with self._changed:
            before = self._there(key)
            if uid not in (None, before["metadata"]["uid"]):
                raise ConflictError(
                    f'Operation cannot be fulfilled on {key.resource.name} "{key.name}": the UID in the '
                    f"precondition ({uid}) does not match that of the object ({before['metadata']['uid']}): "
                    "it has been deleted and made anew",
                    key.details(),
                )
            self._keep(key, None)
            del self._objects[key]
            self._tell(_Change(self._version, key.resource, before, None))
            return at_version(before, self._version)

    def has(self, key: Key) -> bool:
        """Whether there is such an object."""
        with self._changed:
            return key in self._objects

    def wait(self, since: int, seconds: float) -> int:
        """The version of now, as soon as it is another one than that, or when the time is up."""
        with self._changed:
            self._changed.wait_for(lambda: self._version != since, seconds)
            return self._version

    def watch(
        self,
        scope: Scope,
        since: int | None,
        seconds: float = float("inf"),
        stopped: Callable[[], bool] = lambda: False,
    ) -> Iterator[Event]:
        """What happens, until the time is up.

        Args:
            scope: objects to tell of. One that is changed so that it is no longer selected is ``DELETED``.
            since: a version, after which everything is told; None tells of each object that is there first.
            seconds: how long.
            stopped: asked about once a second whether to end sooner.

        Yields:
            The changes, in order. At the end a ``BOOKMARK`` with the version to go on from.

        Raises:
            ExpiredError: when iterated; changes since then are no longer known.
            TooLargeVersionError: when iterated; the version is one of the future.
        """
        end = time.monotonic() + seconds
        with self._changed:
            if since is None:
                there, since = self._selected(scope), self._version
            else:
                there = []
                self._reach(since)
        yield from (Event(ADDED, each) for each in there)
        while True:
            with self._changed:
                news = self._after(since)
                if not news:
                    if stopped() or time.monotonic() >= end:
                        break
                    self._changed.wait(min(LOOK_SECONDS, max(0.0, end - time.monotonic())))
                    continue
            for change in news:
                since = change.version
                if event := change.event(scope):
                    yield event
        kind = {"apiVersion": scope.resource.api_version, "kind": scope.resource.kind}
        yield Event(BOOKMARK, {**kind, "metadata": {"resourceVersion": str(since)}})

    def _after(self, since: int) -> list[_Change]:
        """Changes after a version, in order. Raises `ExpiredError`."""
        if since < self._oldest:
            raise ExpiredError(f"too old resource version: {since} ({self._oldest})")
        return [*takewhile(lambda change: change.version > since, reversed(self._changes))][::-1]

    def _reach(self, version: int) -> None:
        if not self._changed.wait_for(lambda: self._version >= version, PATIENCE_SECONDS):
            raise TooLargeVersionError(f"Too large resource version: {version}, current: {self._version}")

    def _there(self, key: Key) -> Json:
        if key not in self._objects:
            raise NotFoundError(f'{key.resource.name} "{key.name}" not found', key.details())
        return self._objects[key]

    def _selected(self, scope: Scope) -> list[Json]:
        named = sorted(self._objects.items(), key=lambda item: item[0][1:])
        return [thing for key, thing in named if key.resource == scope.resource and scope.sees(thing)]

    def _put(self, key: Key, before: Json | None, after: Json) -> Json:
        after["metadata"]["resourceVersion"] = str(self._version + 1)
        self._keep(key, after)
        self._objects[key] = after
        self._tell(_Change(self._version, key.resource, before, after))
        return after

    def _keep(self, key: Key, after: Json | None) -> None:
        """Takes the next version, once the disk has it."""
        if self._kept:
            self._kept.put(key, after, self._version + 1)
        self._version += 1

    def _tell(self, change: _Change) -> None:
        if len(self._changes) == self._changes.maxlen:
            self._oldest = self._changes[0].version
        self._changes.append(change)
        self._changed.notify_all()


def at_version(thing: Json, version: int) -> Json:
    """The object as of a version."""
    return {**thing, "metadata": thing["metadata"] | {"resourceVersion": str(version)}}


def moment() -> str:
    """Now, as objects have it."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
