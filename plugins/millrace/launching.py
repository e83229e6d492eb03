"""Which job a try of a task has to start, adopt or replace. Pure: no call to AWS or Airflow."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import Enum
from typing import Any

from millrace.jobs import JobKind

STATE_KEY = "launch"
"""Under which a task keeps its last launch in Airflow's task state store."""


@dataclass(frozen=True)
class Launch:
    """What is remembered of the last launch: its number, and ``max_tries`` of the task then.

    Only a clear raises ``max_tries``, which is how a clear is told from a retry.
    """

    number: int
    max_tries: int

    @classmethod
    def parse(cls, stored: Any) -> "Launch | None":
        """The launch that a task stored, or None before the first."""
        return cls(stored["number"], stored["max_tries"]) if isinstance(stored, Mapping) else None


@dataclass(frozen=True)
class RemoteJob:
    """What a launch is called on AWS, by its reference, and how it is reached, for whoever has to stop it.

    A launch of many jobs also has a ``group``, by which AWS lists them, and the moment it ``began``.
    """

    kind: str
    name: str
    aws_conn_id: str | None
    region_name: str | None
    group: str | None = None
    began: str | None = None

    @classmethod
    def parse(cls, stored: Any) -> "RemoteJob | None":
        """The job of the launch that a task stored, or None before the first."""
        known = isinstance(stored, Mapping) and stored.get("job")
        return cls(**known) if known else None


def stored(launch: Launch, job: RemoteJob) -> dict[str, Any]:
    """The form that ``Launch.parse`` and ``RemoteJob.parse`` read."""
    return {"number": launch.number, "max_tries": launch.max_tries, "job": asdict(job)}


class Action(Enum):
    """What to do with the job of the last launch."""

    START = "start"
    ADOPT = "adopt"
    FINISH = "finish"


@dataclass(frozen=True)
class Decision:
    """The launch that this try belongs to, what to do, and whether its predecessor has to be stopped."""

    launch: Launch
    action: Action
    stop_previous: bool = False


def decide(last: Launch | None, max_tries: int, status: str | None, kind: JobKind) -> Decision:
    """Decides from the last launch and the status of its job (None: AWS does not know it).

    A job that is not there is started under the same number: an orphaned process of the
    last try may still make that very call, and then AWS refuses the second one. A job that
    is being stopped is of no use to anybody any more.
    """
    if last is None:
        return Decision(Launch(1, max_tries), Action.START)
    if max_tries > last.max_tries:
        return Decision(Launch(last.number + 1, max_tries), Action.START, stop_previous=True)
    if status is None:
        return Decision(last, Action.START)
    if status in kind.succeeded:
        return Decision(last, Action.FINISH)
    if status in kind.terminal | kind.stopping:
        return Decision(Launch(last.number + 1, max_tries), Action.START)
    return Decision(last, Action.ADOPT)
