"""Hosts that train one model together.

XGBoost's tracker, on the first host, introduces the hosts to each other, and its collective adds up what
each has found in its own rows. https://xgboost.readthedocs.io/en/stable/python/python_api.html#module-xgboost.collective
"""

import atexit
import itertools
import os
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import xgboost as xgb
from entrypoint import hosts  # type: ignore[import-not-found]
from xgboost import collective
from xgboost.tracker import RabitTracker

from . import models

EVERYONE, MEMBERS = range(9099, 9109), range(9109, 9119)
"""Ports of the tracker: of the group of all hosts, and of the group of those that have rows.

The first that is free is taken. The port of an attempt that was interrupted is not, for a minute.
"""
JOIN_SECONDS = 600
"""How long a host waits for the others to start."""
SILENCE_SECONDS = 1800
"""How long a host waits for another within a round, or until it has read its rows."""


class HostLostError(RuntimeError):
    """Another host ended, or cannot be reached."""


@dataclass(frozen=True)
class Group:
    """The hosts that take part, from one of them.

    Attributes:
        names: in the same order on each host; the first one keeps the model and the checkpoints.
        current: this host.
    """

    names: Sequence[str]
    current: str

    @property
    def first(self) -> bool:
        """Whether this host keeps what all have made."""
        return self.current == self.names[0]

    def table(self, row: Sequence[int]) -> dict[str, list[int]]:
        """Each host's row of numbers that are 0 or more, on every host."""
        rows = np.zeros((len(self.names), len(row)), dtype=np.int64)
        rows[self.names.index(self.current)] = row
        if len(self.names) > 1:
            rows = collective.allreduce(rows.ravel(), collective.Op.MAX).reshape(rows.shape)
        return {name: [int(value) for value in rows[index]] for index, name in enumerate(self.names)}

    def from_first(self, content: bytes) -> bytes:
        """What the first host gives, on every host. The others' argument is not looked at."""
        if len(self.names) == 1:
            return content
        mine = content if self.first else b""
        (size,) = self.table([len(mine)])[self.names[0]]
        whole = np.zeros(size, dtype=np.uint8)
        if self.first:
            whole[:] = np.frombuffer(mine, dtype=np.uint8)
        # Everybody else's bytes are 0. XGBoost's own broadcast unpickles what comes; this does not.
        return bytes(collective.allreduce(whole, collective.Op.MAX)) if size else b""


@contextmanager
def joined(names: Sequence[str], ports: Sequence[int] = EVERYONE) -> Iterator[Group]:
    """Within the context XGBoost trains on all ``names`` together, of which this host is one.

    Raises:
        HostLostError: a host does not come within ten minutes, or ends before the others.
    """
    group = Group(sorted(names), hosts.current())
    if len(group.names) == 1:
        yield group
        return
    address = hosts.addresses()[group.names[0]]
    tracker = _tracker(group, address, ports) if group.first else None
    try:
        _join(group, address, ports)
        yield group
        collective.finalize()
        if tracker:
            tracker.wait_for(JOIN_SECONDS)
    except BaseException as error:
        atexit.register(_leave, tracker)
        if isinstance(error, xgb.core.XGBoostError):
            raise HostLostError(_lost(group, error)) from error
        raise


def _leave(_: RabitTracker | None) -> None:
    """Ends a process whose group is broken, so that the other hosts notice at once.

    At Python's own end XGBoost would take leave of the tracker and of the others, who may be gone. The
    tracker is an argument so that it lives until then.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(1)


def _tracker(group: Group, address: str, ports: Sequence[int]) -> RabitTracker:
    reason: Exception | None = None
    for port in ports:
        try:
            tracker = RabitTracker(
                n_workers=len(group.names), host_ip=address, port=port, sortby="task", timeout=JOIN_SECONDS
            )
            tracker.start()
            return tracker
        except xgb.core.XGBoostError as error:
            reason = error
    raise OSError(f"No port from {ports[0]} to {ports[-1]} of {address} is free: {reason}")


def _join(group: Group, address: str, ports: Sequence[int]) -> None:
    """Waits for the tracker, whose host may start later, on one of its ports."""
    deadline = time.monotonic() + JOIN_SECONDS
    for port in itertools.cycle(ports):
        try:
            # Silent: each attempt before the tracker is up would be a warning.
            with xgb.config_context(verbosity=0):
                collective.init(
                    dmlc_communicator="rabit",
                    dmlc_tracker_uri=address,
                    dmlc_tracker_port=port,
                    dmlc_task_id=group.current,
                    dmlc_retry=1,
                    dmlc_timeout=SILENCE_SECONDS,
                )
            return
        except xgb.core.XGBoostError:
            if time.monotonic() > deadline:
                raise
        if port == ports[-1]:
            time.sleep(0.5)


def is_lost(error: xgb.core.XGBoostError) -> bool:
    """Whether XGBoost's error comes from talking to other hosts, and not from the rows or the parameters."""
    return "/collective/" in str(error)


def _lost(group: Group, error: xgb.core.XGBoostError) -> str:
    others = ", ".join(name for name in group.names if name != group.current)
    return (
        f"Host {group.current} trains with {others} and lost the connection: another host ended or cannot be "
        f"reached. Its own log says why. ({models.reason(error)})"
    )
