"""Runs jobs, a few at a time, each on a thread of its own."""

import threading
from collections import deque
from typing import Generic, Protocol, TypeVar


class Job(Protocol):
    """What a job is known by."""

    @property
    def arn(self) -> str:
        """The ARN, by which it is stopped."""
        ...

    @property
    def name(self) -> str:
        """The name, for that of its thread."""
        ...


class Run(Protocol):
    """One execution of a job."""

    @property
    def job(self) -> Job:
        """What is executed."""
        ...

    def execute(self) -> None:
        """Runs the job to its end. Raises nothing."""
        ...

    def stop(self) -> None:
        """Asks for the end; whoever executes sees to it."""
        ...

    def abandon(self) -> None:
        """The server goes away: ends at once and leaves the job's status alone."""
        ...


RunT = TypeVar("RunT", bound=Run)


class JobQueue(Generic[RunT]):
    """Jobs wait here, in order, until one of `concurrency` places is free."""

    def __init__(self, concurrency: int) -> None:
        self._concurrency = concurrency
        self._lock = threading.Lock()
        self._waiting: deque[RunT] = deque()
        # Not by ARN: a job that was deleted may still end when another takes its name.
        self._running: dict[RunT, threading.Thread] = {}
        self._closed = False

    def submit(self, run: RunT) -> None:
        """Takes a job; it starts at once if a place is free."""
        with self._lock:
            self._waiting.append(run)
        self._start_next()

    def stop(self, arn: str) -> None:
        """Asks a job to stop. One that still waits never starts."""
        with self._lock:
            waiting = next((run for run in self._waiting if run.job.arn == arn), None)
            if waiting:
                self._waiting.remove(waiting)
            running = [run for run in self._running if run.job.arn == arn]
        if waiting:
            waiting.stop()
            waiting.execute()
        for run in running:
            run.stop()

    def running(self, arn: str) -> RunT | None:
        """The execution of a job; None for one that waits or has ended."""
        with self._lock:
            return next((run for run in self._running if run.job.arn == arn), None)

    def close(self, timeout: float = 10.0) -> None:
        """Kills what runs and returns when it is gone; the jobs' state stays as it is, for `recover`."""
        with self._lock:
            self._closed = True
            self._waiting.clear()
            running = dict(self._running)
        for run in running:
            run.abandon()
        for thread in running.values():
            thread.join(timeout)

    def _start_next(self) -> None:
        with self._lock:
            if self._closed or not self._waiting or len(self._running) >= self._concurrency:
                return
            run = self._waiting.popleft()
            thread = threading.Thread(
                target=self._execute, args=(run,), name=f"job {run.job.name}", daemon=True
            )
            self._running[run] = thread
        thread.start()

    def _execute(self, run: RunT) -> None:
        try:
            run.execute()
        finally:
            with self._lock:
                self._running.pop(run, None)
            self._start_next()
