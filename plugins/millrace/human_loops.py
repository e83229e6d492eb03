"""Human loops that one launch starts, and when they are enough. Pure: no call to AWS or Airflow."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from include.naming import batch_of
from millrace.jobs import HUMAN_LOOP
from millrace.launching import RemoteJob

AT_A_TIME = 4
"""Calls about the loops of a batch that are on their way at once."""
CLOCKS_DIFFER = timedelta(minutes=5)


@dataclass(frozen=True)
class Batch:
    """The loops of a launch: their names are ``member_name`` of its name.

    ``began`` is the moment of the launch, in ISO 8601; no loop of it is older.
    """

    name: str
    flow_definition_arn: str
    began: str

    @classmethod
    def of(cls, job: RemoteJob) -> "Batch":
        """The batch of a launch that a task remembers."""
        return cls(job.name, str(job.group), str(job.began))

    def listing(self) -> dict[str, Any]:
        """The ``ListHumanLoops`` request, which may find loops of other launches too."""
        after = datetime.fromisoformat(self.began) - CLOCKS_DIFFER
        return {"FlowDefinitionArn": self.flow_definition_arn, "CreationTimeAfter": after}

    def statuses(self, page: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
        """Name and status of each loop of the batch in a page of the list."""
        for loop in page["HumanLoopSummaries"]:
            if batch_of(loop["HumanLoopName"]) == self.name:
                yield loop["HumanLoopName"], loop["HumanLoopStatus"]


@dataclass(frozen=True)
class Goal:
    """What ends a review: ``needed`` answers of ``total``, or the ``deadline`` in ISO 8601."""

    total: int
    needed: int
    deadline: str

    def is_reached(self, statuses: Mapping[str, str]) -> bool:
        """Whether enough is answered, or no answer can come any more."""
        return len(answered(statuses)) >= self.needed or len(over(statuses)) >= self.total

    def seconds_left(self, now: datetime) -> float:
        """Until the deadline; negative after it."""
        return (datetime.fromisoformat(self.deadline) - now).total_seconds()


def answered(statuses: Mapping[str, str]) -> list[str]:
    """Names of the loops that everybody asked has answered."""
    return sorted(name for name, status in statuses.items() if status in HUMAN_LOOP.succeeded)


def over(statuses: Mapping[str, str]) -> list[str]:
    """Names of the loops that nobody works on any more."""
    ended = HUMAN_LOOP.terminal | HUMAN_LOOP.stopping
    return sorted(name for name, status in statuses.items() if status in ended)


def open_loops(statuses: Mapping[str, str]) -> list[str]:
    """Names of the loops that people may still answer."""
    return sorted(statuses.keys() - set(over(statuses)))
