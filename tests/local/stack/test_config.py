"""Where a stack keeps its state, and on which ports."""

import pytest

from local.stack.config import REPOSITORY, Ports, StackConfig
from local.stack.errors import MillraceError


def test_the_defaults():
    config = StackConfig.from_environment({})
    assert config.home == REPOSITORY / ".millrace"
    assert (config.environment, config.tenant, config.stack_name) == ("local", "main", "millrace-local")
    assert config.dags == REPOSITORY / "dags"
    assert config.database_url is None


def test_variables_win(tmp_path):
    config = StackConfig.from_environment(
        {
            "MILLRACE_HOME": str(tmp_path),
            "MILLRACE_AWS_PORT": "1",
            "MILLRACE_AIRFLOW_PORT": "65535",
            "MILLRACE_DATABASE_URL": "postgresql://me@host/airflow",
            "MILLRACE_ENVIRONMENT": "trial",
        }
    )
    assert config.ports == Ports(1, 65535)
    assert config.aws_url == "http://127.0.0.1:1"
    assert config.stack_name == "millrace-trial"
    assert config.database_url == "postgresql://me@host/airflow"


@pytest.mark.parametrize("value", ["0", "65536", "-1", "http", "80.0", "\uff18\uff10"])
def test_a_port_that_is_none_is_refused_by_name(tmp_path, value):
    with pytest.raises(MillraceError, match=f"MILLRACE_AWS_PORT is '{value}'.*1 to 65535"):
        StackConfig.from_environment({"MILLRACE_HOME": str(tmp_path), "MILLRACE_AWS_PORT": value})


def test_a_running_stack_remembers_its_ports(tmp_path):
    environ = {"MILLRACE_HOME": str(tmp_path)}
    config = StackConfig(home=tmp_path, ports=Ports(14, 15))
    config.make_folders()
    config.remember_ports()
    assert StackConfig.from_environment(environ).ports == Ports(14, 15)
    config.forget_ports()
    assert StackConfig.from_environment(environ).ports == Ports()


def test_a_damaged_memory_of_ports_is_ignored(tmp_path):
    (tmp_path / "ports.json").write_text("{")
    assert StackConfig.from_environment({"MILLRACE_HOME": str(tmp_path)}).ports == Ports()


def test_the_folders_are_closed_to_others(tmp_path):
    config = StackConfig(home=tmp_path / "home")
    config.make_folders()
    for folder in (config.home, config.airflow_home, config.aws_home, config.images, config.log):
        assert folder.stat().st_mode & 0o777 == 0o700
