"""The generated .env file: complete, private, never a second time, and right about the local AWS."""

import re
import stat
import subprocess
import sys

import pytest

from include.settings import Settings
from local.aws.server import LocalAws
from local.compose import environment, resources
from local.stack import people
from local.stack.config import Ports, StackConfig
from local.stack.environment import millrace
from local.stack.infrastructure import client, outputs
from tests.compose.test_compose_file import OF_COMPOSE, ROOT, SERVICES, TEXT


def variables(file):
    lines = (line for line in file.read_text().splitlines() if not line.startswith("#"))
    return dict(line.split("=", 1) for line in lines)


@pytest.fixture
def generated(tmp_path):
    file = tmp_path / ".env"
    assert environment.main(["--file", str(file)]) == 0
    return file


def test_everything_that_compose_requires_is_generated(generated):
    assert set(re.findall(r"\$\{(\w+):\?", TEXT)) <= set(variables(generated))


def test_nothing_is_generated_that_compose_does_not_know(generated):
    passed_on = {name for each in SERVICES.values() for name in each.get("environment", {})}
    assert set(variables(generated)) - OF_COMPOSE <= passed_on | set(re.findall(r"\$\{(\w+)", TEXT))


def test_only_its_owner_reads_it_and_no_two_are_alike(generated, tmp_path):
    assert stat.S_IMODE(generated.stat().st_mode) == 0o600
    environment.main(["--file", str(tmp_path / "other")])
    secrets = environment.passwords().keys()
    assert all(variables(generated)[name] != variables(tmp_path / "other")[name] for name in secrets)
    assert re.fullmatch(r"[\w-]{24,}", variables(generated)["POSTGRES_PASSWORD"])


def test_a_file_that_is_there_stays(generated, capsys):
    before = generated.read_bytes()
    assert environment.main(["--file", str(generated)]) == 2
    assert generated.read_bytes() == before
    assert "exists" in capsys.readouterr().err


def test_for_an_account_nothing_is_made_up(tmp_path):
    environment.main(["--aws", "--airflow-port", "8090", "--file", str(tmp_path / ".env")])
    expected = {"COMPOSE_PROJECT_NAME", "MILLRACE_AIRFLOW_PORT"} | environment.passwords().keys()
    assert variables(tmp_path / ".env").keys() == expected
    assert variables(tmp_path / ".env")["MILLRACE_AIRFLOW_PORT"] == "8090"
    assert "# MILLRACE_BUCKET=\n" in (tmp_path / ".env").read_text()


def test_a_port_of_what_an_account_goes_without_is_refused(tmp_path, capsys):
    with pytest.raises(SystemExit):
        environment.main(["--aws", "--aws-port", "4567", "--file", str(tmp_path / ".env")])
    assert "--aws-port is of the local AWS" in capsys.readouterr().err
    assert not (tmp_path / ".env").exists()


def test_a_bare_python_can_run_it(tmp_path):
    command = [sys.executable, "-I", "-S", "-c"]
    code = f"import sys; sys.path.insert(0, {str(ROOT)!r}); from local.compose.environment import main; "
    code += f"sys.exit(main(['--file', {str(tmp_path / '.env')!r}]))"
    subprocess.run([*command, code], check=True, cwd=tmp_path, capture_output=True)
    assert (tmp_path / ".env").is_file()


def test_the_names_are_those_that_the_infrastructure_has_in_the_local_aws(monkeypatch, tmp_path):
    with LocalAws(home=tmp_path / "aws", images=tmp_path / "images") as aws:
        port = int(aws.endpoint_url.rsplit(":", 1)[1])
        monkeypatch.setenv("MILLRACE_AWS_PORT", str(port))
        monkeypatch.setenv("MILLRACE_HOME", str(tmp_path))
        monkeypatch.setenv("MILLRACE_REDIS_URL", "redis://:given@redis:6379/0")
        assert resources.main() == 0
        config = StackConfig(home=tmp_path, ports=Ports(aws=port))
        named = millrace(config, {**outputs(config), people.WORK_TEAM: people.work_team(config)})
        made = {name: value for name, value in named.items() if _is_setting(name)}
        secret = client(config, "secretsmanager").get_secret_value(
            SecretId=environment.of_local_aws(port)["MILLRACE_REDIS_SECRET_ARN"]
        )
    assert secret["SecretString"] == "redis://:given@redis:6379/0"
    assert made.pop("MILLRACE_REDIS_SECRET_ARN") == secret["ARN"]
    # Containers know it by another name than this machine.
    made["MILLRACE_CATALOG_URL"] = made["MILLRACE_CATALOG_URL"].replace("127.0.0.1", "aws.localhost")
    expected = environment.of_local_aws(port)
    del expected["MILLRACE_REDIS_SECRET_ARN"]
    expected |= {"MILLRACE_TENANT": "main", "MILLRACE_TEAM": "ml"}
    assert made == {name: value for name, value in expected.items() if _is_setting(name)}


def _is_setting(name):
    return name.removeprefix("MILLRACE_").lower() in Settings.model_fields
