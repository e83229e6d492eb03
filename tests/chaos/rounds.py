"""Plays scenarios, some at the same time, and keeps what they measured."""

import json
import random
import traceback
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tests.chaos.harness import Chaos
from tests.chaos.runs import ChaosRun

AT_THE_SAME_TIME = 8


@dataclass(frozen=True)
class Measured:
    """What one round of a scenario came to.

    ``launched``, ``stopped`` and ``left_over`` count jobs of AWS, ``stop_calls`` the calls that stopped
    them; ``seconds`` run from the fault to the recovery.
    """

    launched: int
    stopped: int
    left_over: int
    stop_calls: int
    seconds: float

    @classmethod
    def of(cls, runs: ChaosRun | Iterable[ChaosRun], seconds: float) -> "Measured":
        """The sums over runs."""
        runs = [runs] if isinstance(runs, ChaosRun) else list(runs)
        jobs = [status for run in runs for status in run.jobs().values()]
        return cls(
            launched=len(jobs),
            stopped=jobs.count("Stopped"),
            left_over=sum(run.left_over() for run in runs),
            stop_calls=sum(len(run.stops()) for run in runs),
            seconds=round(seconds, 1),
        )


class RoundFailedError(AssertionError):
    """A round that did not come to a good end, and what its jobs were then."""

    def __init__(self, measured: Measured) -> None:
        super().__init__(str(measured))
        self.measured = measured


Play = Callable[[Chaos, random.Random], Measured]
PlayInTwo = Callable[[Chaos, random.Random], Iterator[Measured | None]]
"""Yields between its parts, and then what it measured."""


@dataclass(frozen=True)
class Result:
    """Every round of a scenario: a row of the table."""

    scenario: str
    what: str
    rounds: int
    completed: int
    launched: int
    stopped: int
    left_over: int
    stop_calls: int
    worst_seconds: float

    @classmethod
    def of(cls, scenario: str, what: str, good: list[Measured], failed: list[Measured]) -> "Result":
        """The sums over all rounds; ``completed`` counts those that came to a good end."""
        measured = good + failed
        return cls(
            scenario=scenario,
            what=what,
            rounds=len(measured),
            completed=len(good),
            launched=sum(m.launched for m in measured),
            stopped=sum(m.stopped for m in measured),
            left_over=sum(m.left_over for m in measured),
            stop_calls=sum(m.stop_calls for m in measured),
            worst_seconds=max((m.seconds for m in good), default=0.0),
        )


class Rounds:
    """Plays each scenario a number of times.

    Args:
        chaos: the stack.
        count: of rounds.
        seed: of the random delays; the same seed gives the same delays.
        file: to which each result is added as a line of JSON.
    """

    def __init__(self, chaos: Chaos, count: int, seed: int, file: Path | None = None) -> None:
        self.chaos, self.count, self.seed, self.file = chaos, count, seed, file
        self._pool = ThreadPoolExecutor(AT_THE_SAME_TIME, thread_name_prefix="round")
        self._playing: dict[Play, list[Future[Any]]] = {}
        self._to_sleep: list[PlayInTwo] = []
        self._slept: dict[PlayInTwo, list[Future[Any]]] = {}

    def begin(self, plays: Iterable[Play], to_sleep: Iterable[PlayInTwo]) -> None:
        """Starts scenarios that do not disturb one another, as many at a time as the machine bears.

        Those that need a triggerer that sleeps are only noted.
        """
        self._to_sleep = list(to_sleep)
        for number in range(self.count):
            for play in plays:
                dice = self._dice(play, number)
                self._playing.setdefault(play, []).append(self._pool.submit(self._play, play, dice))

    def together(self, play: Play) -> str:
        """Waits for a scenario that has begun.

        Returns:
            What failed: the tracebacks of all rounds that did not come to a good end; empty if all did.
        """
        futures = self._playing[play]
        wait(futures)
        return self._failures(play, futures)

    def alone(self, play: Play) -> str:
        """Plays a scenario while nothing else happens; returns what failed."""
        wait([future for futures in self._playing.values() for future in futures])
        futures: list[Future[Measured]] = []
        for number in range(self.count):
            # One after another, but in the pool as well: a failure must not keep the next from its turn.
            futures.append(self._pool.submit(self._play, play, self._dice(play, number)))
            wait(futures)
            self.chaos.repair()
        return self._failures(play, futures)

    def asleep(self, play: PlayInTwo) -> str:
        """Waits for a scenario whose first part was played while the triggerer slept; returns what failed."""
        if play not in self._slept:
            wait([future for futures in self._playing.values() for future in futures])
            for number in range(self.count):
                self._sleep(number)
        return self._failures(play, self._slept[play])

    def _sleep(self, number: int) -> None:
        """One sleep of the triggerer is enough for every scenario that needs it."""
        halves = {play: play(self.chaos, self._dice(play, number)) for play in self._to_sleep}
        triggerer = self.chaos.triggerer
        triggerer.suspend()
        try:
            first = {play: self._pool.submit(self._act, half) for play, half in halves.items()}
            wait(first.values())
        finally:
            triggerer.wake()
        for play, acted in first.items():
            ended = (
                acted if acted.exception() else self._pool.submit(self._look, halves[play], acted.result())
            )
            self._slept.setdefault(play, []).append(ended)
        wait([futures[-1] for futures in self._slept.values()])

    def close(self) -> None:
        """Takes no more."""
        self._pool.shutdown(cancel_futures=True)

    def _play(self, play: Callable[..., Any], dice: random.Random | None = None, runs: Any = ()) -> Measured:
        """One round in this thread, which may continue with runs that another has planned."""
        planned = self.chaos.planned.runs = list(runs)
        try:
            measured: Measured = play(self.chaos, dice)
        except BaseException as error:
            raise RoundFailedError(Measured.of(planned, 0.0)) from error
        return measured

    def _act(self, half: Iterator[Measured | None]) -> list[ChaosRun]:
        """The first part of a scenario in two parts; the runs that it has planned."""
        self._play(lambda *_: next(half))
        return self.chaos.planned.runs

    def _look(self, half: Iterator[Measured | None], runs: list[ChaosRun]) -> Measured:
        """The second part."""
        return self._play(lambda *_: next(half), runs=runs)

    def _dice(self, play: Callable[..., Any], number: int) -> random.Random:
        return random.Random(f"{self.seed} {play.__name__} {number}")

    def _failures(self, play: Callable[..., Any], futures: list[Future[Any]]) -> str:
        """Keeps what the rounds measured; returns the tracebacks of those that failed."""
        errors = [error for future in futures if (error := future.exception())]
        good = [future.result() for future in futures if not future.exception()]
        failed = [error.measured for error in errors if isinstance(error, RoundFailedError)]
        result = Result.of(play.__name__, (play.__doc__ or "").strip().splitlines()[0], good, failed)
        if self.file:
            with self.file.open("a") as file:
                file.write(f"{json.dumps(asdict(result))}\n")
        told = "\n".join("".join(traceback.format_exception(error)) for error in errors)
        return f"{len(errors)} of {len(futures)} rounds failed:\n{told}" if errors else ""
