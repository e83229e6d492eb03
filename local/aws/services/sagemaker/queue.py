"""Runs jobs, a few at a time, each on a thread of its own."""

import logging
import threading
from collections import deque

from local.aws.services.sagemaker.run import JobRun

log = logging.getLogger(__name__)


class JobQueue:
    """Jobs wait here, in order, until one of `concurrency` places is free."""

    def __init__(self, concurrency: int) -> None:
        self._concurrency = concurrency
        self._lock = threading.Lock()
        self._waiting: deque[JobRun] = deque()
        self._running: dict[str, tuple[JobRun, threading.Thread]] = {}
        self._closed = False

    def submit(self, run: JobRun) -> None:
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
            running = self._running.get(arn)
        if waiting:
            waiting.stop()
            waiting.execute()
        elif running:
            running[0].stop()

    def running(self, arn: str) -> JobRun | None:
        """The execution of a job; None for one that waits or has ended."""
        with self._lock:
            found = self._running.get(arn)
        return found[0] if found else None

    def close(self, timeout: float = 10.0) -> None:
        """Kills what runs and returns when it is gone; the jobs' state stays as it is, for `recover`."""
        with self._lock:
            self._closed = True
            self._waiting.clear()
            running = list(self._running.values())
        for run, _ in running:
            run.abandon()
        for _, thread in running:
            thread.join(timeout)

    def _start_next(self) -> None:
        with self._lock:
            if self._closed or not self._waiting or len(self._running) >= self._concurrency:
                return
            run = self._waiting.popleft()
            thread = threading.Thread(
                target=self._execute, args=(run,), name=f"job {run.job.name}", daemon=True
            )
            self._running[run.job.arn] = (run, thread)
        thread.start()

    def _execute(self, run: JobRun) -> None:
        try:
            run.execute()
        finally:
            with self._lock:
                self._running.pop(run.job.arn, None)
            self._start_next()
