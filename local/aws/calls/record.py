"""The record of calls: counted in memory, written to disk every few seconds."""

import hashlib
import json
import logging
import threading
import time
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from local.aws.calls.attribution import Caller
from local.aws.calls.permissions import Permission

log = logging.getLogger(__name__)

SECONDS = 5.0
"""Between two writings."""
MAX_RUNS = 500
MAX_ENTRIES = 500
"""Of a run; beyond, tasks and resources are not told apart, and beyond twice as many nor are actions."""

RunKey = tuple[str | None, str | None]
EntryKey = tuple[str | None, str | None, str, str | None]
"""Principal, task, action, resource."""


class _Entry:
    """How often, and when: seconds since the epoch."""

    __slots__ = ("calls", "errors", "first", "last")

    def __init__(self, first: float) -> None:
        self.calls, self.errors, self.first, self.last = 0, 0, first, first


class _Run:
    """The entries of one run."""

    def __init__(self) -> None:
        self.entries: dict[EntryKey, _Entry] = {}
        self.last = 0.0

    def count(self, key: EntryKey, when: float, *, failed: bool) -> None:
        if key not in self.entries and len(self.entries) >= MAX_ENTRIES:
            action = key[2] if len(self.entries) < 2 * MAX_ENTRIES else "?"
            key = (key[0], None, action, None)
        entry = self.entries.get(key)
        if entry is None:
            entry = self.entries[key] = _Entry(when)
        entry.calls += 1
        entry.errors += failed
        entry.last = self.last = when


class Record:
    """Counts calls by run. All methods may be called from any thread.

    Args:
        folder: where the documents are; made when there is one.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._writing = threading.Lock()
        self._runs: dict[RunKey, _Run] = {}
        self._changed: set[RunKey] = set()
        self._forgotten: set[RunKey] = set()
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="calls", daemon=True)

    def add(self, caller: Caller, permissions: Iterable[Permission], *, failed: bool) -> None:
        """Counts one request."""
        when, run = time.time(), (caller.dag, caller.run)
        with self._lock:
            entries = self._runs.get(run) or self._new(run)
            for action, resource in permissions:
                entries.count((caller.principal, caller.task, action, resource), when, failed=failed)
            self._changed.add(run)

    def _new(self, run: RunKey) -> _Run:
        """Makes room: the run that has been silent for longest goes."""
        self._forgotten.discard(run)
        made = self._runs[run] = _Run()
        if len(self._runs) > MAX_RUNS:
            oldest = min(
                (key for key in self._runs if key[0] and key != run), key=lambda k: self._runs[k].last
            )
            del self._runs[oldest]
            self._changed.discard(oldest)
            self._forgotten.add(oldest)
        return made

    def runs(self) -> list[dict[str, Any]]:
        """Every run's document without its entries; the last one that called comes first."""
        with self._lock:
            summaries = [
                (run.last, _summary(key, list(run.entries.values()))) for key, run in self._runs.items()
            ]
        return [summary for _, summary in sorted(summaries, key=lambda item: item[0], reverse=True)]

    def document(self, dag: str | None, run: str | None) -> dict[str, Any] | None:
        """One run's document; None for a run that called nothing."""
        with self._lock:
            found = self._runs.get((dag, run))
            return _document((dag, run), found) if found else None

    # On disk

    def load(self) -> None:
        """Reads what was written; a file that cannot be read is left out, with a warning."""
        for path in sorted(self._folder.glob("*.json")):
            try:
                document = json.loads(path.read_bytes())
                self._runs[document["dag"], document["run"]] = _loaded(document)
            except (OSError, ValueError, KeyError, TypeError) as error:
                log.warning("The record of calls in %s cannot be read and is left out: %s", path, error)

    def start(self) -> None:
        """Begins to write."""
        self._thread.start()

    def stop(self) -> None:
        """Writes what is new and ends."""
        self._stopped.set()
        if self._thread.is_alive():
            self._thread.join()
        self.write()

    def _run(self) -> None:
        while not self._stopped.wait(SECONDS):
            self.write()

    def write(self) -> None:
        """Writes what has changed. A full disk is logged; the next call of a run tries again."""
        with self._writing:
            with self._lock:
                changed = {key: _document(key, self._runs[key]) for key in self._changed}
                forgotten = set(self._forgotten)
                self._changed.clear()
                self._forgotten.clear()
            try:
                self._replace(changed, forgotten)
            except OSError:
                log.exception("The record of calls could not be written to %s", self._folder)

    def _replace(self, changed: Mapping[RunKey, dict[str, Any]], forgotten: Iterable[RunKey]) -> None:
        if changed:
            self._folder.mkdir(mode=0o700, exist_ok=True)
        for key, document in changed.items():
            path = self._path(key)
            new = path.with_suffix(".new")
            new.write_text(json.dumps(document, indent=1))
            new.replace(path)
        for key in forgotten:
            self._path(key).unlink(missing_ok=True)

    def _path(self, run: RunKey) -> Path:
        if run == (None, None):
            return self._folder / "unattributed.json"
        return self._folder / f"{hashlib.sha256('/'.join(map(str, run)).encode()).hexdigest()[:24]}.json"


def _summary(key: RunKey, entries: list[_Entry]) -> dict[str, Any]:
    return {
        "dag": key[0],
        "run": key[1],
        "calls": sum(entry.calls for entry in entries),
        "errors": sum(entry.errors for entry in entries),
        "first": _text(min(entry.first for entry in entries)),
        "last": _text(max(entry.last for entry in entries)),
    }


def _document(key: RunKey, run: _Run) -> dict[str, Any]:
    entries = [
        {
            "principal": principal,
            "task": task,
            "action": action,
            "resource": resource,
            "calls": entry.calls,
            "errors": entry.errors,
            "first": _text(entry.first),
            "last": _text(entry.last),
        }
        for (principal, task, action, resource), entry in sorted(
            run.entries.items(), key=lambda item: _order(item[0])
        )
    ]
    return _summary(key, list(run.entries.values())) | {"entries": entries}


def _order(key: EntryKey) -> tuple[str, ...]:
    principal, task, action, resource = key
    return tuple(part or "" for part in (principal, action, resource, task))


def _loaded(document: Mapping[str, Any]) -> _Run:
    run = _Run()
    for row in document["entries"]:
        entry = _Entry(_seconds(row["first"]))
        entry.calls, entry.errors, entry.last = int(row["calls"]), int(row["errors"]), _seconds(row["last"])
        run.entries[row["principal"], row["task"], row["action"], row["resource"]] = entry
        run.last = max(run.last, entry.last)
    if not run.entries:
        raise ValueError("it has no entries")
    return run


def _text(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _seconds(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()
