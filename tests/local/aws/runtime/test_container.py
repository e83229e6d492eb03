"""Containers as process trees."""

import dataclasses
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from local.aws.runtime.container import MAX_LINE, Container, lines, reroot


def _run(spec, **options):
    seen = []
    container = Container(spec, seen.append, **options)
    return container.wait(30), seen


def _alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"


def _gone(pids, seconds=10):
    give_up = time.monotonic() + seconds
    while any(_alive(pid) for pid in pids) and time.monotonic() < give_up:
        time.sleep(0.02)
    return not any(_alive(pid) for pid in pids)


def _wait_for(seen, count=1):
    give_up = time.monotonic() + 20
    while len(seen) < count:
        assert time.monotonic() < give_up, seen
        time.sleep(0.01)
    return seen[-1]


@pytest.mark.parametrize(
    ("code", "expected"), [("", 0), ("raise SystemExit(7)", 7), ("import os; os.kill(os.getpid(), 9)", 137)]
)
def test_exit_codes(spec, code, expected):
    assert _run(spec(code))[0] == expected


def test_a_program_that_is_not_there_is_127(spec):
    code, seen = _run(dataclasses.replace(spec(""), command=["no-such-program"]))
    assert (code, seen) == (127, ["no-such-program: No such file or directory"])


def test_output_and_errors_are_one_stream_and_the_last_line_needs_no_newline(spec):
    code = "import sys; print('one'); print('two', file=sys.stderr); sys.stdout.write('thr\\xe9e')"
    assert _run(spec(code))[1] == ["one", "two", "thr\xe9e"]


def test_only_the_contracts_environment_is_passed_on(spec, monkeypatch, tmp_path, store):
    monkeypatch.setenv("SECRET_OF_THE_SERVER", "1")
    code = "import os\nfor k, v in sorted(os.environ.items()): print(f'{k}={v}')"
    given = dict(line.split("=", 1) for line in _run(spec(code, WHERE="/opt/ml/x:/opt/mlx"))[1])
    assert "SECRET_OF_THE_SERVER" not in given
    root = str(tmp_path / "root")
    assert given["WHERE"] == f"{root}/opt/ml/x:/opt/mlx"
    assert (given["HOME"], given["SAGEMAKER_BASE_DIR"]) == (root, f"{root}/opt/ml")
    assert given["PATH"].startswith(str(store.home))
    assert given["TMPDIR"].startswith(root)


def test_the_program_has_the_images_python_and_no_input(spec, store):
    code, seen = _run(spec("import sys; print(sys.prefix); print(repr(sys.stdin.read()))"))
    assert code == 0
    assert seen[0].startswith(str(store.home))
    assert seen[1] == "''"


def test_a_program_of_the_image_is_found_before_others(spec, image):
    program = image.folder / "bin" / "hello"
    program.write_text("import sys; print('mine', *sys.argv[1:])")
    assert _run(dataclasses.replace(spec(""), command=["hello", "x"]))[1] == ["mine x"]


DETACHED = (
    "import os, subprocess, sys, time\n"
    "child = subprocess.Popen(['sleep', '600'], start_new_session=True)\n"
    "print(os.getpid(), child.pid, flush=True)\n"
)


def test_nothing_outlives_the_program(spec):
    code, seen = _run(spec(DETACHED))
    assert code == 0
    assert _gone(map(int, seen[0].split()))


def test_stop_asks_first(spec):
    seen = []
    code = DETACHED + "import signal\nsignal.signal(signal.SIGTERM, lambda *_: sys.exit(5))\ntime.sleep(600)"
    container = Container(spec(code), seen.append)
    pids = list(map(int, _wait_for(seen).split()))
    container.stop()
    assert container.wait(10) == 5
    assert _gone(pids)


def test_who_does_not_listen_is_killed_after_the_grace_period(spec):
    seen = []
    code = "import signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n" + DETACHED + "time.sleep(600)"
    container = Container(spec(code), seen.append, grace=0.3)
    pids = list(map(int, _wait_for(seen).split()))
    container.stop()
    assert container.wait(10) == 137
    assert _gone(pids)


def test_a_program_ends_when_it_ends_and_not_when_what_it_left_is_gone(spec, tmp_path):
    late = "import os, time\nwhile not os.path.exists(os.environ['GO']): time.sleep(0.01)"
    first = Container(spec("", GO=str(tmp_path / "go")), print)
    second = Container(dataclasses.replace(spec(late, GO=str(tmp_path / "go")), root=tmp_path / "2"), print)
    assert second.ended_at == float("inf")
    assert first.wait(30) == 0
    (tmp_path / "go").touch()
    assert second.wait(30) == 0
    assert first.ended_at < second.ended_at <= time.monotonic()


@pytest.mark.parametrize("kept", [True, False])
def test_read_only_files_are_for_root_too(spec, tmp_path, kept):
    code = """
import os, pathlib
for path in (pathlib.Path(os.environ["HOME"]) / "kept", pathlib.Path(os.environ["HOME"]) / "own"):
    try:
        path.write_text("changed")
        print("written")
    except PermissionError:
        print("refused")
"""
    (tmp_path / "root").mkdir()
    (tmp_path / "root" / "kept").write_text("as it was")
    (tmp_path / "root" / "kept").chmod(0o444)
    code, seen = _run(dataclasses.replace(spec(code), keeps_read_only=kept))
    overrides = os.geteuid() == 0 and sys.platform == "linux" and not kept
    assert (code, seen) == (0, ["written" if overrides else "refused", "written"])


def test_kill_takes_everything_at_once(spec):
    seen = []
    code = "import signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n" + DETACHED + "time.sleep(600)"
    container = Container(spec(code), seen.append, grace=600)
    pids = list(map(int, _wait_for(seen).split()))
    container.kill()
    assert container.wait(10) == 137
    assert _gone(pids)


def test_the_death_of_the_server_is_the_death_of_its_containers(spec, store, image, tmp_path):
    """The server is killed, so it cannot clean up; the pipe to the init process closes by itself."""
    server = f"""
import pathlib, time
from local.aws.runtime.container import Container, ContainerSpec
from local.aws.runtime.images import Image
image = Image("bare", pathlib.Path({str(image.folder)!r}))
command = ["python", "-c", {DETACHED + "time.sleep(600)"!r}]
venv, root = pathlib.Path({str(store.ensure(image))!r}), pathlib.Path({str(tmp_path / "r")!r})
spec = ContainerSpec(image, venv, root, command)
Container(spec, lambda line: print(line, flush=True))
time.sleep(600)
"""
    with subprocess.Popen([sys.executable, "-c", server], stdout=subprocess.PIPE, text=True) as process:
        pids = list(map(int, process.stdout.readline().split()))
        assert len(pids) == 2
        assert all(_alive(pid) for pid in pids)
        process.send_signal(signal.SIGKILL)
    assert _gone(pids)


def _chunks(*chunks):
    rest = list(chunks)
    return lambda size: rest.pop(0) if rest else b""


def test_lines_survive_any_cut_of_the_stream():
    assert list(lines(_chunks(b"on", b"e\ntw", b"o\r\n\nthree"))) == ["one", "two", "", "three"]
    assert list(lines(_chunks(b"bad \xff byte\n"))) == ["bad \ufffd byte"]


def test_a_line_without_end_is_handed_on_in_pieces():
    found = list(lines(_chunks(*[b"x" * 65536] * 10)))
    assert "".join(found) == "x" * 655360
    assert [len(piece) for piece in found] == [MAX_LINE, MAX_LINE, 655360 - 2 * MAX_LINE]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("/opt/ml", "/r/opt/ml"),
        ("/opt/ml/input", "/r/opt/ml/input"),
        ("a=/opt/ml/x,b=/opt/ml/y", "a=/r/opt/ml/x,b=/r/opt/ml/y"),
        ("/opt/mlflow", "/opt/mlflow"),
        ("/opt/ml-tools", "/opt/ml-tools"),
        ("/r/opt/ml/input", "/r/opt/ml/input"),
        ("s3://bucket/key", "s3://bucket/key"),
    ],
)
def test_paths_are_put_below_the_root_once(text, expected):
    assert reroot(text, Path("/r/opt/ml")) == expected
