"""A real supervisord: starts, restarts, replaces and stops processes with their children."""

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from local.stack.config import StackConfig
from local.stack.errors import MillraceError
from local.stack.supervision import Program, Supervisor

SLEEP = "import time; print('ready', flush=True); time.sleep(600)"
PARENT = "import subprocess; subprocess.run(['sleep', '600'])"


def program(name: str, code: str = SLEEP, **environment: str) -> Program:
    return Program(name, [sys.executable, "-c", code], environment, stop_seconds=5)


def wait_for(condition: Callable[[], object], seconds: float = 15) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)


@pytest.fixture
def supervisor(tmp_path):
    config = StackConfig(home=tmp_path / "a home")
    config.make_folders()
    supervisor = Supervisor(config)
    yield supervisor
    supervisor.stop()


def pids(supervisor: Supervisor) -> dict[str, int]:
    return {row.name: row.pid for row in supervisor.processes()}


def all_run(supervisor: Supervisor) -> bool:
    return all(row.is_running for row in supervisor.processes())


def test_nothing_runs_at_first(supervisor):
    assert not supervisor.is_running
    assert supervisor.processes() == []
    supervisor.stop()


def test_processes_of_one_stack_from_start_to_stop(supervisor):
    supervisor.apply([program("one"), program("two", PARENT)], os.environ)
    wait_for(lambda: all_run(supervisor))
    first = pids(supervisor)

    supervisor.apply([program("one"), program("two", PARENT), program("three")], os.environ)
    wait_for(lambda: all_run(supervisor))
    assert {name: pid for name, pid in pids(supervisor).items() if name in first} == first

    psutil.Process(first["one"]).kill()
    wait_for(lambda: all_run(supervisor) and pids(supervisor)["one"] != first["one"])

    supervisor.apply([program("one", CHANGED="yes"), program("two", PARENT)], os.environ)
    wait_for(lambda: all_run(supervisor))
    assert set(pids(supervisor)) == {"one", "two"}
    assert psutil.Process(pids(supervisor)["one"]).environ()["CHANGED"] == "yes"
    assert pids(supervisor)["two"] == first["two"]

    wait_for(lambda: psutil.Process(first["two"]).children())
    [child] = psutil.Process(first["two"]).children()
    supervisor.stop(first=["two"])
    assert not supervisor.is_running
    assert not any(psutil.pid_exists(pid) for pid in (*pids(supervisor).values(), child.pid, *first.values()))


def test_two_stacks_run_side_by_side(supervisor, tmp_path):
    config = StackConfig(home=tmp_path / "other")
    config.make_folders()
    other = Supervisor(config)
    try:
        supervisor.apply([program("one")], os.environ)
        other.apply([program("one")], os.environ)
        wait_for(lambda: all_run(supervisor) and all_run(other))
        other.stop()
        assert all_run(supervisor)
        assert len(supervisor.processes()) == 1
    finally:
        other.stop()


def test_a_program_that_dies_at_once_has_failed_and_its_log_is_kept(supervisor):
    supervisor.apply([program("broken", "raise SystemExit('no such luck')")], os.environ)
    wait_for(lambda: all(row.has_failed for row in supervisor.processes()))
    wait_for(lambda: "no such luck" in supervisor.log_tail("broken"))


def test_environments_reach_a_process_letter_by_letter(supervisor):
    value = "50% of 'this', a=b; ü $HOME"
    supervisor.apply([program("one", GIVEN=value)], {**os.environ, "INHERITED": "yes"})
    wait_for(lambda: all_run(supervisor))
    environ = psutil.Process(pids(supervisor)["one"]).environ()
    assert environ["GIVEN"] == value
    assert environ["INHERITED"] == "yes"


@pytest.mark.parametrize("value", ['say "yes"', "two\nlines"])
def test_a_value_that_the_configuration_cannot_hold_is_refused(supervisor, value):
    with pytest.raises(MillraceError, match="quote or a line break"):
        supervisor.apply([program("one", GIVEN=value)], os.environ)


def test_the_socket_and_the_configuration_are_closed_to_others(supervisor):
    supervisor.apply([program("one")], os.environ)
    assert supervisor.file.stat().st_mode & 0o077 == 0
    assert supervisor.socket.stat().st_mode & 0o077 == 0


def test_a_home_too_deep_for_a_socket_gets_a_shorter_private_place(tmp_path):
    home = tmp_path / ("deep" * 30)
    socket = Supervisor(StackConfig(home=home)).socket
    try:
        assert len(str(socket)) <= 100
        assert socket.parent.stat().st_mode & 0o777 == 0o700
        assert socket == Supervisor(StackConfig(home=home)).socket
        assert socket != Supervisor(StackConfig(home=Path(f"{home}er"))).socket
    finally:
        for folder in {socket.parent, Supervisor(StackConfig(home=Path(f"{home}er"))).socket.parent}:
            folder.rmdir()
