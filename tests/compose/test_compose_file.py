"""docker-compose.yaml against Compose's own schema, and against everything that it names."""

import json
import re
import subprocess
from importlib.resources import files
from pathlib import Path

import jsonschema
import pytest
import yaml
from airflow.configuration import conf

from include.settings import Settings
from local.stack import environment
from local.stack.config import StackConfig
from local.stack.credentials import Credentials

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docker-compose.yaml").read_text()
COMPOSE = yaml.safe_load(TEXT)
SERVICES = COMPOSE["services"]
AIRFLOW = {"migrate", "api-server", "settings", "scheduler", "dag-processor", "triggerer"}
LOCAL_AWS = {"local-aws", "local-aws-resources"}
ONE_SHOT = {"migrate", "settings", "local-aws-resources"}
OF_COMPOSE = {"COMPOSE_PROFILES", "COMPOSE_PROJECT_NAME"}
OF_THE_LAPTOP = {
    "AIRFLOW__API__BASE_URL",
    "AIRFLOW__API__HOST",
    "AIRFLOW__API__PORT",
    "AIRFLOW__API__SECRET_KEY",
    "AIRFLOW__API_AUTH__JWT_SECRET",
    "AIRFLOW__CORE__DAGS_FOLDER",
    "AIRFLOW__CORE__EXECUTION_API_SERVER_URL",
    "AIRFLOW__CORE__FERNET_KEY",
    "AIRFLOW__CORE__LOAD_EXAMPLES",
    "AIRFLOW__CORE__PLUGINS_FOLDER",
    "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE",
    "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN",
    "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN_ASYNC",
}
"""What names hosts, folders or secrets there; the folders of a container are in its image."""


def schema_errors(document):
    schema = json.loads((files("check_jsonschema") / "builtin_schemas/vendor/compose-spec.json").read_text())
    return [
        error.message for error in jsonschema.validators.validator_for(schema)(schema).iter_errors(document)
    ]


def test_the_file_is_of_the_compose_schema():
    assert schema_errors(COMPOSE) == []


@pytest.mark.parametrize(
    "broken", [{"services": {"a": {"image": 1}}}, {"services": {"a": {"imagee": "x"}}}, {"volumes": []}]
)
def test_the_schema_refuses_what_is_wrong(broken):
    assert schema_errors(COMPOSE | broken)


def test_the_services_are_those_of_airflow_two_databases_and_the_local_aws():
    assert set(SERVICES) == AIRFLOW | LOCAL_AWS | {"postgres", "redis"}
    assert {name for name, each in SERVICES.items() if "profiles" in each} == LOCAL_AWS | {"redis"}
    assert all(SERVICES[name]["profiles"] == ["local-aws"] for name in LOCAL_AWS | {"redis"})


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_is_locked_down(name):
    service = SERVICES[name]
    user, group = service["user"].split(":")
    assert int(user) > 0
    assert int(group) > 0
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert not {"privileged", "cap_add", "pid", "ipc", "devices"} & set(service)
    assert service["logging"]["options"].keys() == {"max-size", "max-file"}
    assert service["restart"] == ("no" if name in ONE_SHOT else "unless-stopped")


@pytest.mark.parametrize("name", sorted(set(SERVICES) - ONE_SHOT))
def test_what_keeps_running_says_how_it_is(name):
    check = SERVICES[name]["healthcheck"]
    assert {"test", "interval", "timeout", "retries"} <= set(check)


def test_ports_are_published_on_loopback_only_and_the_databases_not_at_all():
    ports = {name: each["ports"] for name, each in SERVICES.items() if "ports" in each}
    assert set(ports) == {"api-server", "local-aws"}
    assert all(port.startswith("127.0.0.1:") for each in ports.values() for port in each)
    assert all(COMPOSE["networks"][name] == {"internal": True} for name in ("data", "features"))
    reached = {name: set(each.get("networks", [])) for name, each in SERVICES.items()}
    assert {name for name in SERVICES if "data" in reached[name]} == AIRFLOW | {"postgres"}
    assert {name for name in SERVICES if "features" in reached[name]} == {"local-aws", "redis"}
    assert reached["postgres"] == {"data"}
    assert reached["redis"] == {"features"}


def test_redis_gets_the_signals_of_its_container_and_its_password_is_on_no_command_line(tmp_path):
    program = tmp_path / "redis-server"
    program.write_text("#!/bin/sh\necho $$ $@\ncat\n")
    program.chmod(0o755)
    command = [part.replace("$$", "$") for part in SERVICES["redis"]["command"]]
    variables = {"PATH": f"{tmp_path}:/usr/bin:/bin", "REDISCLI_AUTH": "s3cr3t"}
    process = subprocess.Popen(command, env=variables, stdout=subprocess.PIPE, text=True)
    line, configuration = process.communicate()[0].split("\n", 1)
    assert line == f"{process.pid} - --dir /data --appendonly yes --appendfsync always"
    assert configuration == "requirepass s3cr3t\n"


def test_every_name_that_the_file_uses_is_there():
    for service in SERVICES.values():
        mounted = {volume.split(":")[0] for volume in service.get("volumes", [])}
        assert mounted <= set(COMPOSE["volumes"])
        assert set(service.get("networks", [])) <= set(COMPOSE["networks"])
        assert set(service.get("depends_on", {})) <= set(SERVICES)
        assert service.get("network_mode", "service:local-aws").removeprefix("service:") in SERVICES
    used = {volume.split(":")[0] for each in SERVICES.values() for volume in each.get("volumes", [])}
    assert used == set(COMPOSE["volumes"])


def test_every_image_is_built_once_by_what_the_others_wait_for_or_is_public():
    built = {each["image"]: name for name, each in SERVICES.items() if "build" in each}
    assert set(built.values()) == {"migrate", "local-aws"}
    for name in built.values():
        assert (ROOT / SERVICES[name]["build"]["dockerfile"]).is_file()
    for name, service in SERVICES.items():
        builder = built.get(service["image"])
        assert builder in {name, None} | waited_for(name)
        assert builder or re.fullmatch(r"(postgres|redis):\d+-bookworm", service["image"])


def waited_for(name):
    direct = set(SERVICES[name].get("depends_on", {}))
    return direct.union(*map(waited_for, direct))


def test_what_runs_without_the_profile_depends_on_nothing_of_it():
    for name in set(SERVICES) - LOCAL_AWS:
        assert not LOCAL_AWS & set(SERVICES[name].get("depends_on", {}))


def test_a_dependency_is_waited_for_until_it_is_ready():
    for service in SERVICES.values():
        for name, wanted in service.get("depends_on", {}).items():
            expected = "service_completed_successfully" if name in ONE_SHOT else "service_healthy"
            assert wanted == {"condition": expected}


@pytest.mark.parametrize("name", ["airflow", "aws"])
def test_an_image_copies_what_is_in_its_context_and_runs_as_nobody_special(name):
    text = (ROOT / f"include/images/{name}/Dockerfile").read_text()
    lines = re.findall(r"^COPY (?!--from)(.+) \S+$", text, re.MULTILINE)
    copied = [part for line in lines for part in line.split()]
    allowed = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    assert copied
    for part in copied:
        assert (ROOT / part).exists()
        assert part.split("/")[0] in allowed
    assert "\nUSER 50000:50000\n" in text


@pytest.mark.parametrize("name", SERVICES)
def test_a_file_that_a_container_runs_is_in_the_checkout(name):
    words = json.dumps([SERVICES[name].get(key, {}) for key in ("healthcheck", "entrypoint", "command")])
    for path in re.findall(r"/opt/millrace/([\w./-]+)", words):
        assert (ROOT / path).is_file(), path
    for module in re.findall(r'"-m", "([\w.]+)"', words):
        path = ROOT / module.replace(".", "/")
        assert path.with_suffix(".py").is_file() or (path / "__main__.py").is_file(), module


@pytest.mark.parametrize("name", sorted(AIRFLOW - {"settings"}))
def test_airflow_is_given_all_settings_of_millrace_and_no_others(name):
    given = {each for each in SERVICES[name]["environment"] if each.startswith("MILLRACE_")}
    assert given == {f"MILLRACE_{field.upper()}" for field in Settings.model_fields}


@pytest.mark.parametrize("name", sorted(AIRFLOW))
def test_every_option_of_airflow_is_one_that_airflow_has(name):
    for variable in SERVICES[name]["environment"]:
        if variable.startswith("AIRFLOW__"):
            _, section, option = variable.lower().split("__")
            assert option in conf.configuration_description[section]["options"], variable


def test_airflow_is_configured_as_on_a_laptop():
    config, credentials = StackConfig(home=Path("/h")), Credentials("p", "f", "j", "s")
    laptop = environment.airflow(config, credentials)
    ours = {name for name in laptop if name.startswith("AIRFLOW__")} - OF_THE_LAPTOP
    assert {name: str(SERVICES["scheduler"]["environment"][name]) for name in ours} == {
        name: laptop[name] for name in ours
    }


def test_no_secret_has_a_default_and_every_required_variable_says_what_to_do():
    interpolated = re.findall(r"\$\{(\w+)(:[-?][^}]*)?\}", TEXT)
    required = {name: rest[2:] for name, rest in interpolated if rest.startswith(":?")}
    assert {name for name, rest in interpolated if re.search("PASSWORD|KEY|SECRET", name)} <= set(required)
    assert {name for name, rest in interpolated if not rest} == set()
    assert all(
        "local.compose.environment" in rest or "docs/production.md" in rest for rest in required.values()
    )
    needed = {
        f"MILLRACE_{name.upper()}" for name, each in Settings.model_fields.items() if each.is_required()
    }
    assert needed <= set(required)
