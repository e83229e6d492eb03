"""Review tasks: what people are asked, who works on it now and what they answered.

A task has as many places as answers are wanted. A worker claims a place, holds it for the time limit of
the task, and answers or gives it back. Where a task comes from (a human loop, a labelling job) is a name:
whoever put it here looks for `ReviewTasks.ended` and takes the answers away.
"""

import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from local.aws.review.workers import Worker

Clock = Callable[[], datetime]


class NotOpenError(LookupError):
    """Nobody can work on the task: it was finished, stopped, expired, or never was."""


class NotYoursError(PermissionError):
    """The task is open, but not for this worker to do this with it."""


@dataclass(frozen=True)
class ReviewTask:
    """What is asked.

    Attributes:
        id: Unique; letters and digits.
        team: ARN of the work team that may do it.
        template: The page in Liquid.
        input: What the template knows as ``task.input``.
        answers_wanted: By that many different workers.
        time_limit_seconds: That a worker has from claim to answer.
        expires_at: Nobody can answer from then on; with a time zone.
        reference: What its source calls it, as the ARN of a human loop.
    """

    id: str
    team: str
    title: str
    description: str
    template: str
    input: Mapping[str, Any]
    answers_wanted: int
    time_limit_seconds: int
    expires_at: datetime
    reference: str = ""


@dataclass(frozen=True)
class Answer:
    """What one worker answered: the fields of the template's form."""

    worker: Worker
    content: Mapping[str, Any]
    accepted_at: datetime
    submitted_at: datetime


@dataclass(frozen=True)
class Held:
    """The place that a worker holds, since when and (exclusive) until when."""

    task: ReviewTask
    since: datetime
    until: datetime


@dataclass(frozen=True)
class Ended:
    """A task that nobody can work on any more, for its source.

    Attributes:
        source: The name given to `ReviewTasks.add`.
        answers: All that were wanted, or fewer if the task was cancelled or expired.
        cancelled: By `ReviewTasks.cancel`, before all answers were there.
    """

    task: ReviewTask
    source: str
    answers: tuple[Answer, ...]
    cancelled: bool

    @property
    def complete(self) -> bool:
        """Whether all answers are there."""
        return len(self.answers) >= self.task.answers_wanted


@dataclass(frozen=True)
class _Entry:
    """A task and how far it is. Never changed, only replaced: a snapshot sees the old or the new one."""

    task: ReviewTask
    source: str
    places: Mapping[str, Held] = field(default_factory=dict)
    """By the worker's id; those whose time is over may be among them."""
    answers: tuple[Answer, ...] = ()
    skipped: Mapping[str, datetime] = field(default_factory=dict)
    cancelled: bool = False

    @property
    def is_complete(self) -> bool:
        return len(self.answers) >= self.task.answers_wanted

    def is_open(self, now: datetime) -> bool:
        return not self.cancelled and not self.is_complete and now < self.task.expires_at

    def place_of(self, worker: Worker, now: datetime) -> Held | None:
        held = self.places.get(worker.id)
        return held if held and now < held.until else None

    def has_room(self, now: datetime) -> bool:
        taken = sum(now < held.until for held in self.places.values())
        return taken + len(self.answers) < self.task.answers_wanted

    def answered_by(self, worker: Worker) -> bool:
        return any(answer.worker.id == worker.id for answer in self.answers)

    def refusal(self, worker: Worker, now: datetime) -> str | None:
        """Why this worker cannot take a place."""
        id_, team = self.task.id, self.task.team
        if not worker.belongs_to(team):
            return f"Task {id_} is for team {team}, and {worker.name} is not in it."
        if self.answered_by(worker):
            return f"{worker.name} has answered task {id_} already."
        if not self.has_room(now):
            return f"Task {id_} is being done by others: take another one."
        return None

    def without_place(self, worker: Worker, **changes: Any) -> "_Entry":
        rest = {id_: held for id_, held in self.places.items() if id_ != worker.id}
        return replace(self, places=rest, **changes)


class ReviewTasks:
    """All open tasks of an account, in the order in which they came. Thread-safe; part of the saved state.

    A worker holds one place at a time. A place whose time limit is over is free again, and two workers
    never hold the same one.
    """

    def __init__(self, clock: Clock | None = None) -> None:
        self._entries: dict[str, _Entry] = {}
        self._prepare(clock)

    def _prepare(self, clock: Clock | None = None) -> None:
        self._changed = threading.Condition()
        self._changes = 0
        self._now: Clock = clock or _utc_now

    def add(self, task: ReviewTask, source: str) -> None:
        """Offers a task to its team; `source` is whoever takes the answers.

        Raises:
            ValueError: there is a task with this id, or one of its numbers is out of range.
        """
        _check(task)
        with self._changed:
            if task.id in self._entries:
                raise ValueError(f"There is a review task {task.id!r} already: give each its own id.")
            self._put(_Entry(task, source))

    def cancel(self, id_: str) -> None:
        """Takes a task from everybody; nothing happens to one that has all its answers or is not there."""
        with self._changed:
            entry = self._entries.get(id_)
            if entry and not entry.is_complete:
                self._put(replace(entry, places={}, cancelled=True))

    def open_for(self, worker: Worker) -> list[ReviewTask]:
        """What the worker could claim now, in the order of being offered; what was skipped comes last."""
        with self._changed:
            return [entry.task for entry in self._offers(worker, self._now())]

    def held(self, worker: Worker) -> Held | None:
        """The place that the worker holds."""
        with self._changed:
            return self._held(worker, self._now())

    def claim(self, worker: Worker, id_: str | None = None) -> ReviewTask | None:
        """Gives the worker a place of a task: of this one, or of the next that is open.

        A worker who holds a place gets that task, whichever is asked for. None: nothing is open.

        Raises:
            NotOpenError: the task asked for is not open.
            NotYoursError: it is for another team, others have all its places, or the worker answered it.
        """
        with self._changed:
            now = self._now()
            if held := self._held(worker, now):
                return held.task
            entry = self._claimable(worker, id_, now) if id_ else next(iter(self._offers(worker, now)), None)
            if entry is None:
                return None
            until = now + timedelta(seconds=entry.task.time_limit_seconds)
            place = Held(entry.task, now, min(until, entry.task.expires_at))
            self._put(replace(entry, places={**entry.places, worker.id: place}))
            return entry.task

    def submit(self, worker: Worker, id_: str, content: Mapping[str, Any]) -> None:
        """Records an answer and frees the worker.

        Raises:
            NotOpenError: the task was finished, stopped, or it expired.
            NotYoursError: the worker does not hold a place of it, or no longer.
        """
        with self._changed:
            now = self._now()
            entry = self._open(id_, now)
            held = self._place(entry, worker, now)
            answer = Answer(worker, dict(content), held.since, now)
            self._put(entry.without_place(worker, answers=(*entry.answers, answer)))

    def skip(self, worker: Worker, id_: str) -> None:
        """Gives a place back; the task is offered to this worker again when there is no other.

        Raises:
            NotOpenError: the task was finished, stopped, or it expired.
            NotYoursError: the worker does not hold a place of it, or no longer.
        """
        with self._changed:
            now = self._now()
            entry = self._open(id_, now)
            self._place(entry, worker, now)
            self._put(entry.without_place(worker, skipped={**entry.skipped, worker.id: now}))

    def ended(self) -> list[Ended]:
        """Tasks that are complete, cancelled or expired, until they are settled."""
        with self._changed:
            now = self._now()
            over = [entry for entry in self._entries.values() if not entry.is_open(now)]
            return [Ended(entry.task, entry.source, entry.answers, entry.cancelled) for entry in over]

    def settle(self, id_: str) -> None:
        """Forgets a task that ended: its source knows."""
        with self._changed:
            if self._entries.pop(id_, None):
                self._tell()

    def wait(self, seen: int, seconds: float) -> int:
        """Returns the number of the last change: when it is not `seen`, a task expires, or after `seconds`.

        Who asks for the number first, then looks at the tasks, then waits with it, misses no change.
        """
        with self._changed:
            expiries = [entry.task.expires_at for entry in self._entries.values()]
            now = self._now()
            soonest = min((moment - now for moment in expiries if moment > now), default=None)
            limit = seconds if soonest is None else min(seconds, soonest.total_seconds())
            self._changed.wait_for(lambda: self._changes != seen, limit)
            return self._changes

    def wake(self) -> None:
        """Ends every `wait`."""
        with self._changed:
            self._tell()

    def _offers(self, worker: Worker, now: datetime) -> Iterable[_Entry]:
        open_ = (entry for entry in self._entries.values() if entry.is_open(now))
        free = [e for e in open_ if e.refusal(worker, now) is None and e.place_of(worker, now) is None]
        never = datetime.min.replace(tzinfo=UTC)
        return sorted(free, key=lambda entry: entry.skipped.get(worker.id, never))

    def _claimable(self, worker: Worker, id_: str, now: datetime) -> _Entry:
        entry = self._open(id_, now)
        if why := entry.refusal(worker, now):
            raise NotYoursError(why)
        return entry

    def _held(self, worker: Worker, now: datetime) -> Held | None:
        places = (entry.place_of(worker, now) for entry in self._entries.values() if entry.is_open(now))
        return next((held for held in places if held), None)

    def _open(self, id_: str, now: datetime) -> _Entry:
        entry = self._entries.get(id_)
        if entry is None or not entry.is_open(now):
            raise NotOpenError(
                f"Task {id_[:80]!r} is not open: it was finished by others, stopped, or it expired."
            )
        return entry

    def _place(self, entry: _Entry, worker: Worker, now: datetime) -> Held:
        if held := entry.place_of(worker, now):
            return held
        task = entry.task
        if entry.answered_by(worker):
            raise NotYoursError(f"{worker.name} has answered task {task.id} already.")
        if late := entry.places.get(worker.id):
            raise NotYoursError(
                f"The {task.time_limit_seconds} seconds that {worker.name} had for task {task.id} were over "
                f"at {late.until:%H:%M:%S} UTC: claim it again."
            )
        raise NotYoursError(f"{worker.name} does not hold task {task.id}: claim it first.")

    def _put(self, entry: _Entry) -> None:
        self._entries[entry.task.id] = entry
        self._tell()

    def _tell(self) -> None:
        self._changes += 1
        self._changed.notify_all()

    def __getstate__(self) -> dict[str, Any]:
        with self._changed:
            return {"_entries": dict(self._entries)}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        self._prepare()


def _check(task: ReviewTask) -> None:
    numbers = {"answers_wanted": task.answers_wanted, "time_limit_seconds": task.time_limit_seconds}
    for name, value in numbers.items():
        if value < 1:
            raise ValueError(f"{name} of review task {task.id!r} is {value}: give 1 or more.")
    if task.expires_at.tzinfo is None:
        raise ValueError(f"expires_at of review task {task.id!r} has no time zone: give one.")


def _utc_now() -> datetime:
    return datetime.now(UTC)
