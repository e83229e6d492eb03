"""Processor time and memory of a process and all its children, from /proc."""

from contextlib import suppress
from dataclasses import dataclass

import psutil

MIB = 1 << 20


@dataclass(frozen=True)
class Usage:
    """Seconds of processor time so far; memory in MiB, of which shared pages count once (PSS)."""

    cpu_seconds: float
    memory_mib: float


def usage(process: psutil.Process) -> Usage:
    """Of the process and its children at this moment."""
    cpu, memory = 0.0, 0
    for member in (process, *process.children(recursive=True)):
        with suppress(psutil.NoSuchProcess):
            times = member.cpu_times()
            cpu += times.user + times.system
            memory += member.memory_full_info().pss
    return Usage(cpu, memory / MIB)
