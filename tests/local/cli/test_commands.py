"""The `millrace` command against a stack of real processes, started once for this module."""

import json
import os
import socket
import stat
import subprocess
import sys
from pathlib import Path

import httpx
import psutil
import pytest

from local.stack.config import REPOSITORY, StackConfig

DAGS = Path(__file__).parent / "dags"
FOREIGN = {"AWS_PROFILE": "nobody", "AWS_ENDPOINT_URL": "http://127.0.0.1:9", "PYTHONDONTWRITEBYTECODE": "1"}


def free_ports(count: int) -> list[str]:
    servers = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [str(server.getsockname()[1]) for server in servers]
    for server in servers:
        server.close()
    return ports


class Machine:
    """A user's shell with its own stack."""

    def __init__(self, home: Path, **variables: str) -> None:
        ours = {
            name: value for name, value in os.environ.items() if not name.startswith(("AIRFLOW", "MILLRACE"))
        }
        self.home = home
        self.environ = ours | FOREIGN | {"MILLRACE_HOME": str(home), "MILLRACE_DAGS": str(DAGS)} | variables

    def millrace(self, *words: str, **variables: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [Path(sys.executable).parent / "millrace", *words],
            env=self.environ | variables,
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
        )

    @property
    def config(self) -> StackConfig:
        return StackConfig.from_environment(self.environ)

    @property
    def last_run(self) -> dict:
        return json.loads(self.config.last_run.read_text())


@pytest.fixture(scope="module")
def machine(tmp_path_factory):
    aws, airflow = free_ports(2)
    machine = Machine(
        tmp_path_factory.mktemp("machine") / "home", MILLRACE_AWS_PORT=aws, MILLRACE_AIRFLOW_PORT=airflow
    )
    up = machine.millrace("up")
    assert up.returncode == 0, up.stderr
    yield machine
    family = stack_processes(machine)
    down = machine.millrace("down")
    assert (down.returncode, down.stdout) == (0, "Stopped.\n"), down.stderr
    assert family
    assert not [process for process in family if process.is_running()]
    assert machine.millrace("status").returncode == 3
    assert machine.millrace("down").stdout == "The stack was not running.\n"
    assert (machine.home / "airflow" / "airflow.db").exists()


def stack_processes(machine: Machine) -> list[psutil.Process]:
    supervisord = psutil.Process(int((machine.home / "supervisor.pid").read_text()))
    return [supervisord, *supervisord.children(recursive=True)]


@pytest.fixture
def stopped(tmp_path):
    aws, airflow = free_ports(2)
    return Machine(tmp_path / "home", MILLRACE_AWS_PORT=aws, MILLRACE_AIRFLOW_PORT=airflow)


def test_a_run_shows_its_tasks_and_ends_with_a_summary(machine):
    done = machine.millrace("run", "demo", "--param", "eta=0.5", "--param", "name=7")
    assert done.returncode == 0, done.stderr
    for shown in ("features", "skipped", "rmse", "2.1", "[9.5]", "password", machine.config.airflow_url):
        assert shown in done.stdout
    result = machine.last_run
    assert (result["dag_id"], result["state"], result["endpoint"]) == ("demo", "success", "demo")
    assert result["metrics"] == {"rows_in": 0, "rmse": 2.1}
    assert result["outputs"] == {"name": "7"}
    assert result["seconds"] > 0
    assert list(result["steps"])[:2] == ["features", "gate"]
    assert 0 < result["steps"]["gate"] < result["seconds"]
    assert f"Run {result['run_id']}" in done.stdout


@pytest.mark.parametrize(
    "option", ["--input {}", pytest.param("--param input_uri={}", marks=pytest.mark.slow)]
)
def test_an_input_file_arrives_whatever_its_name(machine, tmp_path, option):
    file = tmp_path / "mine & yours, ü.csv"
    file.write_text("1,2\n3,4\n5,6\n")
    done = machine.millrace("run", "demo", *(word.format(file) for word in option.split()))
    assert done.returncode == 0, done.stderr
    assert machine.last_run["metrics"]["rows_in"] == 3


def test_a_failed_run_ends_with_its_reason_and_its_last_lines(machine):
    done = machine.millrace("run", "demo", "--param", "max_rmse=1")
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == (
        "demo failed. gate: ValueError: rmse 2.1 is over the bound 1: train longer"
    )
    assert "end of the log of gate" in done.stderr
    assert machine.last_run["state"] == "failed"
    assert machine.last_run["metrics"] == {"rows_in": 0}
    logs = machine.millrace("logs", "demo", "gate")
    assert logs.returncode == 0
    assert "rmse 2.1 is over the bound 1" in logs.stdout
    everything = machine.millrace("logs", "demo")
    assert all(task in everything.stdout for task in ("features", "gate", "is_better", "deploy"))


def test_the_runs_of_a_due_schedule_are_those_that_were_asked_for(machine):
    with machine_api(machine) as api:
        runs = api.get("/api/v2/dags/demo/dagRuns").json()["dag_runs"]
    assert {run["run_type"] for run in runs} == {"manual"}


@pytest.mark.slow
def test_a_run_that_takes_longer_than_its_time_goes_on(machine):
    done = machine.millrace("run", "no_input", "--timeout", "3")
    assert done.returncode == 1
    assert "did not end within 3 seconds and goes on" in done.stderr
    assert "Traceback" not in done.stderr


def test_trigger_prints_the_run_and_returns(machine):
    done = machine.millrace("trigger", "no_input")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("manual__")


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["run", "abalon"], "There is no DAG 'abalon'. Known DAGs: demo, no_input."),
        (
            ["run", "broken"],
            "broken.py does not import, so broken cannot run: RuntimeError: the table of voc",
        ),
        (["trigger", "demo", "--param", "eta"], "--param 'eta' is not of the form name=value"),
        (
            ["trigger", "demo", "--param", "etha=1"],
            "demo has no Param 'etha'. Its Params: eta, input_uri, max",
        ),
        (["trigger", "demo", "--param", "eta=5"], "Param eta: 5 is greater than the maximum of 1."),
        (["trigger", "demo", "--param", "eta=much"], "Param eta: 'much' is not of type 'number'."),
        (["run", "demo", "--input", "/nowhere.csv"], "There is no file /nowhere.csv"),
        (["run", "demo", "--input", "/tmp"], "/tmp is not a file"),
        (
            ["run", "demo", "--param", "input_uri=/nowhere.csv"],
            "There is no file /nowhere.csv: name an existing one with --param input_uri=FILE.",
        ),
        (
            ["run", "no_input", "--input", __file__],
            "no_input has no Param input_uri, so it takes no --input.",
        ),
        (["run", "demo", "--input", __file__, "--param", "input_uri=s3://b"], "name two inputs: give one"),
        (
            ["logs", "demo", "nothing"],
            "demo has no task 'nothing'. Its tasks: features, gate, is_better, deploy",
        ),
        (["logs", "demo", "--run-id", "none"], "demo has no run 'none'"),
        (["interrupt", "nothing"], "There is no training job 'nothing'."),
        (["history", "no_input"], "left no Spark event logs under s3://"),
        (["tensorboard", "no_input"], "left no scalars under s3://"),
        (["up"], "runs on ports"),
    ],
)
def test_what_is_wrong_is_told_in_one_sentence(machine, words, expected):
    variables = {"MILLRACE_AIRFLOW_PORT": "1"} if words == ["up"] else {}
    done = machine.millrace(*words, **variables)
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1].startswith(expected) or expected in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr


def test_what_runs_is_reused(machine):
    before = {process.pid for process in stack_processes(machine)[:1]}
    up = machine.millrace("up")
    assert up.returncode == 0
    assert {process.pid for process in stack_processes(machine)[:1]} == before
    status = machine.millrace("status")
    assert status.returncode == 0
    rows = [line.split() for line in status.stdout.splitlines()[1:]]
    assert [row[:2] for row in rows] == [
        [name, "running"]
        for name in ("aws", "redis", "api-server", "scheduler", "dag-processor", "triggerer")
    ]
    assert rows[2][-1] == machine.config.airflow_url


def test_the_settings_file_is_loaded(machine):
    with machine_api(machine) as api:
        pools = {pool["name"] for pool in api.get("/api/v2/pools").json()["pools"]}
        assert {"spark", "training"} <= pools
        assert api.get("/api/v2/connections/aws_default").json()["conn_type"] == "aws"


def test_everything_listens_on_loopback_only(machine):
    listening = [
        connection.laddr.ip
        for process in stack_processes(machine)
        for connection in process.net_connections("tcp")
        if connection.status == psutil.CONN_LISTEN
    ]
    assert set(listening) == {"127.0.0.1"}


def test_only_the_generated_password_logs_in_and_secrets_are_private(machine):
    for password in ("admin", "", "airflow"):
        answer = httpx.post(
            f"{machine.config.airflow_url}/auth/token", json={"username": "admin", "password": password}
        )
        assert answer.status_code in {400, 401}
    for name in ("airflow/credentials.json", "airflow/passwords.json", "supervisor.conf"):
        assert stat.S_IMODE((machine.home / name).stat().st_mode) == 0o600
    assert stat.S_IMODE(machine.home.stat().st_mode) == 0o700


def test_a_process_that_is_killed_comes_back(machine):
    status = machine.millrace("status").stdout.splitlines()
    [pid] = [int(line.split()[2]) for line in status if line.startswith("triggerer")]
    psutil.Process(pid).kill()
    assert machine.millrace("up").returncode == 0
    assert machine.millrace("status").returncode == 0


@pytest.mark.parametrize(
    "words",
    [
        ["status"],
        ["trigger", "demo"],
        ["logs", "demo"],
        ["history", "demo"],
        ["tensorboard", "demo"],
        ["interrupt", "job"],
    ],
)
def test_a_stack_that_does_not_run_is_exit_code_3(stopped, words):
    done = stopped.millrace(*words)
    assert done.returncode == 3
    assert "millrace up" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("variable", ["MILLRACE_AWS_PORT", "MILLRACE_AIRFLOW_PORT"])
def test_a_port_in_use_is_named_with_its_variable(stopped, variable):
    with socket.create_server(("127.0.0.1", int(stopped.environ[variable]))):
        done = stopped.millrace("up")
    assert done.returncode == 2
    assert f"Port {stopped.environ[variable]} on 127.0.0.1 is in use" in done.stderr
    assert variable in done.stderr


def test_no_java_is_told_before_anything_starts(stopped, tmp_path):
    done = stopped.millrace("up", PATH=str(tmp_path), JAVA_HOME="")
    assert done.returncode == 2
    assert "Spark needs Java 17 or newer" in done.stderr
    assert not (stopped.home / "supervisor.conf").exists()


@pytest.mark.parametrize(
    "command",
    ["", "up", "down", "status", "run", "trigger", "logs", "history", "tensorboard", "interrupt"],
)
def test_every_command_explains_itself(stopped, command):
    done = stopped.millrace(*filter(None, [command]), "--help")
    assert done.returncode == 0
    assert "Usage: millrace" in done.stdout


def test_an_unknown_option_is_a_usage_error(stopped):
    assert stopped.millrace("run", "demo", "--rounds", "5").returncode == 2


def machine_api(machine: Machine) -> httpx.Client:
    password = json.loads((machine.home / "airflow" / "passwords.json").read_text())["admin"]
    url = machine.config.airflow_url
    token = httpx.post(f"{url}/auth/token", json={"username": "admin", "password": password}).json()
    return httpx.Client(base_url=url, headers={"Authorization": f"Bearer {token['access_token']}"})


def test_the_stack_of_this_test_is_not_the_users(machine):
    assert not machine.home.is_relative_to(REPOSITORY)
