"""What AWS says of a job, read through its kind's row."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import jmespath

from millrace.jobs import JobKind


@dataclass(frozen=True)
class JobDescription:
    """The answer of a kind's describe operation; ``fields`` are AWS's own."""

    kind: JobKind
    fields: Mapping[str, Any]

    @property
    def name(self) -> str:
        """The job's name."""
        return str(self._find(self.kind.name_path or self.kind.name_field))

    @property
    def reference(self) -> str:
        """What AWS is asked about the job by: its name, unless the service has given it an id."""
        return str(self._find(self.kind.given_id.path)) if self.kind.given_id else self.name

    @property
    def status(self) -> str:
        """The status in AWS's words."""
        return str(self._find(self.kind.status))

    @property
    def is_over(self) -> bool:
        """Whether the job does not leave its status by itself."""
        return self.status in self.kind.terminal

    @property
    def has_succeeded(self) -> bool:
        """Whether the job is over and well."""
        return self.status in self.kind.succeeded

    @property
    def can_be_stopped(self) -> bool:
        """Whether it is neither over nor being stopped already, and of a kind that can be."""
        return self.kind.stop is not None and not self.is_over and self.status not in self.kind.stopping

    @property
    def reason(self) -> str:
        """Why the job failed, in AWS's words."""
        return self._find(self.kind.reason) or "AWS gives no reason"

    @property
    def is_permanent(self) -> bool:
        """Whether the same job would fail again, or be stopped again at a limit of its own request."""
        if self.status in self.kind.stopped:
            return bool(self.kind.exceeded and self._find(self.kind.exceeded))
        return self.status in self.kind.failed and self.reason.startswith(self.kind.permanent)

    @property
    def had_no_capacity(self) -> bool:
        """Whether it has failed because AWS had no instances for it."""
        return self.status in self.kind.failed and self.kind.no_capacity in self.reason

    @property
    def started(self) -> datetime | None:
        """When it began to run, if it did."""
        return self._time(self.kind.started)

    @property
    def ended(self) -> datetime | None:
        """When it ended, if it did."""
        return self._time(self.kind.ended)

    @property
    def seconds(self) -> float | None:
        """How long the job ran, or None if it never did or still does."""
        if self.started is None or self.ended is None:
            return None
        return round((self.ended - self.started).total_seconds(), 3)

    @property
    def result(self) -> dict[str, Any]:
        """The row's small result; a path that gives pairs becomes a mapping."""
        result = {name: _mapping(value) for name, value in self._all(self.kind.result).items()}
        return result if self.seconds is None else {**result, "seconds": self.seconds}

    @property
    def usage(self) -> dict[str, Any]:
        """What the row's paths find of what a cost report needs."""
        return self._all(self.kind.usage)

    def to_json(self) -> bytes:
        """All of it as JSON; times in ISO 8601."""

        def default(value: object) -> str:
            if isinstance(value, datetime):
                return value.isoformat()
            raise TypeError(f"cannot write {type(value).__name__} {value!r} of a job description as JSON")

        return json.dumps(self.fields, default=default, indent=2).encode()

    def _all(self, paths: Mapping[str, str]) -> dict[str, Any]:
        found = {name: self._find(path) for name, path in paths.items()}
        return {name: value for name, value in found.items() if value is not None}

    def _time(self, path: str | None) -> datetime | None:
        found = self._find(path) if path else None
        return found if isinstance(found, datetime) else None

    def _find(self, path: str) -> Any:
        return jmespath.search(path, self.fields)


def _mapping(value: Any) -> Any:
    is_pairs = isinstance(value, list) and all(isinstance(item, list) for item in value)
    return dict(value) if is_pairs else value
