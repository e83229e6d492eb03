"""A standalone Spark cluster of the job's hosts.

The first host runs the master, the driver and a worker, each other host a worker until the application has
ended. Whoever dies ends the job: the others say who it was.
"""

import re
import signal
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Self

import defaults  # type: ignore[import-not-found]
from application import Application, Daemon  # type: ignore[import-not-found]
from channel import Lead, Member  # type: ignore[import-not-found]
from ending import Outcome, SubmitError  # type: ignore[import-not-found]
from layout import MASTER_PAGE_PORT, MASTER_PORT, Layout  # type: ignore[import-not-found]

POLL_SECONDS = 0.1
START_SECONDS = 120.0
MEMORY = re.compile(r"(\d+)([bkmgtp]?)b?")
"""How Spark writes memory, in lower case; without a unit an executor's is in MiB."""
MEBIBYTES = {"b": 2**-20, "k": 2**-10, "": 1, "m": 1, "g": 2**10, "t": 2**20, "p": 2**30}


def check_executors(layout: Layout, properties: Mapping[str, str]) -> None:
    """Whether a worker can run an executor as it is asked for: for a larger one Spark would wait for ever.

    Args:
        layout: the hosts; each offers the same.
        properties: ``spark-defaults`` as they count.

    Raises:
        SubmitError: a worker offers less memory or fewer cores.
    """
    memory, offered = properties["spark.executor.memory"], defaults.executor_mb(layout)
    if _mebibytes(memory) > offered:
        raise SubmitError(
            f"spark.executor.memory is {memory}, more than the {offered}m that each host offers: "
            "give less, or larger hosts."
        )
    cores, offered = properties["spark.executor.cores"], defaults.executor_cores(layout)
    if not cores.strip().isdigit() or int(cores) > offered:
        raise SubmitError(
            f"spark.executor.cores is {cores}: each host offers {offered}; give at most as many, or larger "
            "hosts."
        )


def _mebibytes(memory: str) -> int:
    match = MEMORY.fullmatch(memory.strip().lower())
    if match is None:
        raise SubmitError(f"spark.executor.memory is {memory!r}: give it as 2g or 1500m.")
    return int(int(match[1]) * MEBIBYTES[match[2]])


def lead(layout: Layout, command: Sequence[str], environment: Mapping[str, str]) -> Outcome:
    """Runs the application on all hosts, from the first one. Raises `SubmitError` if they do not gather."""
    with ExitStack() as stack:
        master = stack.enter_context(_master(layout, environment))
        _wait_for_port((layout.address, MASTER_PORT), master)
        channel = stack.enter_context(Lead(layout.channel, layout.others))
        worker = stack.enter_context(_worker(layout, environment))

        def trouble() -> str | None:
            return channel.lost or master.ended or worker.ended

        try:
            channel.wait(trouble)
            outcome = _watched(Application(command, environment), trouble)
        except SubmitError as error:
            channel.tell(Outcome(1, str(error)))
            raise
        channel.tell(outcome)
        return outcome


def follow(layout: Layout, environment: Mapping[str, str]) -> Outcome:
    """Lends this host to the application until it has ended. Raises `SubmitError` without a first host."""
    with (
        Member(layout.channel, layout.host) as channel,
        _worker(layout, environment) as worker,
        _Terminated() as terminated,
    ):
        while True:
            if outcome := channel.outcome:
                return outcome
            if said := worker.ended:
                channel.tell(Outcome(1, said))
                return Outcome(1, f"Host {layout.host}: {said}")
            if terminated.wait(POLL_SECONDS):
                return Outcome(128 + signal.SIGTERM, f"Host {layout.host} was told to stop.")


def alone(command: Sequence[str], environment: Mapping[str, str]) -> Outcome:
    """Runs the application on this host."""
    return _watched(Application(command, environment), lambda: None)


def _watched(application: Application, trouble: Callable[[], str | None]) -> Outcome:
    """The outcome of an application that is stopped when there is trouble, or on SIGTERM."""
    over = threading.Event()
    found: list[str] = []

    def watch() -> None:
        while not over.wait(POLL_SECONDS):
            if said := trouble():
                found.append(said)
                application.stop()
                return

    watcher = threading.Thread(target=watch, name="cluster", daemon=True)
    watcher.start()
    with _Terminated(application.stop):
        outcome = application.wait()
    over.set()
    watcher.join()
    # A host that is gone takes the driver with it: that it is gone is the reason, whatever came of it.
    if outcome.code and not found and (said := trouble()):
        found.append(said)
    return Outcome(outcome.code or 1, found[0]) if found else outcome


class _Terminated(threading.Event):
    """Set by SIGTERM, while it is the context; calls `then` as well."""

    def __init__(self, then: Callable[[], None] | None = None) -> None:
        super().__init__()
        self._then = then

    def __enter__(self) -> Self:
        self._previous = signal.signal(signal.SIGTERM, self._on_signal)
        return self

    def __exit__(self, *_: object) -> None:
        signal.signal(signal.SIGTERM, self._previous)

    def _on_signal(self, *_: object) -> None:
        self.set()
        if self._then:
            self._then()


def _master(layout: Layout, environment: Mapping[str, str]) -> Daemon:
    ports = ["--port", str(MASTER_PORT), "--webui-port", str(MASTER_PAGE_PORT)]
    return Daemon(
        "Spark master",
        _command("org.apache.spark.deploy.master.Master", "--host", layout.address, *ports),
        environment,
    )


def _worker(layout: Layout, environment: Mapping[str, str]) -> Daemon:
    port, page_port = layout.worker_ports
    memory = defaults.executor_mb(layout)
    options = {
        "--host": layout.address,
        "--port": port,
        "--webui-port": page_port,
        "--cores": defaults.executor_cores(layout),
        "--memory": f"{memory}m",
        "--work-dir": Path(tempfile.gettempdir()) / "spark-work",
    }
    arguments = [str(part) for option in options.items() for part in option]
    return Daemon(
        "Spark worker",
        _command("org.apache.spark.deploy.worker.Worker", *arguments, layout.master),
        environment,
    )


def _command(main_class: str, *arguments: str) -> list[str]:
    return [str(Path(sys.prefix) / "bin" / "spark-class"), main_class, *arguments]


def _wait_for_port(address: tuple[str, int], daemon: Daemon) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            socket.create_connection(address, timeout=1).close()
        except OSError:
            if said := daemon.ended:
                raise SubmitError(said) from None
            if time.monotonic() > deadline:
                raise SubmitError(
                    f"The {daemon.name} does not listen at {address[0]} port {address[1]} after "
                    f"{START_SECONDS:.0f} seconds."
                ) from None
            time.sleep(POLL_SECONDS)
        else:
            return
