"""Nothing of the user's own AWS or Airflow reaches the stack's processes."""

import sys
from pathlib import Path

import pytest

from include.settings import Settings
from local.stack import environment
from local.stack.config import Ports, StackConfig
from local.stack.credentials import Credentials

CONFIG = StackConfig(home=Path("/home/me/.millrace"), ports=Ports(4567, 8081))
CREDENTIALS = Credentials("password", "fernet", "jwt", "secret")


@pytest.mark.parametrize(
    "name",
    [
        "AWS_PROFILE",
        "AWS_SESSION_TOKEN",
        "AWS_CA_BUNDLE",
        "AWS_ENDPOINT_URL_S3",
        "AIRFLOW__CORE__EXECUTOR",
        "AIRFLOW_CONN_AWS_DEFAULT",
        "MILLRACE_BUCKET",
        "PYTHONDONTWRITEBYTECODE",
        "PYTHONHOME",
        "SPARK_HOME",
        "SM_CHANNELS",
        "VIRTUAL_ENV",
    ],
)
def test_foreign_variables_are_left_out(name):
    assert name not in environment.base(CONFIG, {name: "theirs"})


@pytest.mark.parametrize(
    "name", ["HOME", "LANG", "JAVA_HOME", "UV_INDEX_URL", "SSL_CERT_FILE", "https_proxy"]
)
def test_what_installing_and_java_need_is_kept(name):
    assert environment.base(CONFIG, {name: "theirs"})[name] == "theirs"


def test_aws_is_the_local_one_whatever_the_user_has():
    variables = environment.base(
        CONFIG, {"AWS_ENDPOINT_URL": "https://aws", "AWS_ACCESS_KEY_ID": "AKIA", "AWS_REGION": "eu-west-1"}
    )
    assert variables["AWS_ENDPOINT_URL"] == "http://127.0.0.1:4567"
    assert variables["AWS_ACCESS_KEY_ID"] == "local"
    assert variables["AWS_REGION"] == variables["AWS_DEFAULT_REGION"] == "us-east-1"
    assert variables["AWS_CONFIG_FILE"] == variables["AWS_SHARED_CREDENTIALS_FILE"] == "/dev/null"


def test_a_proxy_is_not_asked_for_loopback():
    assert environment.base(CONFIG, {})["NO_PROXY"] == "127.0.0.1,localhost"
    assert environment.base(CONFIG, {"no_proxy": "corp"})["no_proxy"] == "corp,127.0.0.1,localhost"


def test_programs_of_this_environment_come_first():
    path = environment.base(CONFIG, {"PATH": "/usr/bin"})["PATH"]
    assert path == f"{Path(sys.executable).parent}:/usr/bin"


def test_settings_are_complete_with_the_outputs_of_the_stack(monkeypatch):
    outputs = {
        "Bucket": "millrace-local-123456789012-us-east-1",
        "RoleArn": "arn:aws:iam::123456789012:role/job",
        "EventsTopicArn": "arn:aws:sns:us-east-1:123456789012:events",
        "FailuresTopicArn": "arn:aws:sns:us-east-1:123456789012:failures",
    }
    for name, value in environment.millrace(CONFIG, outputs).items():
        monkeypatch.setenv(name, value)
    settings = Settings()
    assert settings.bucket == outputs["Bucket"]
    assert settings.role_arn == outputs["RoleArn"]
    assert settings.events_topic_arn == outputs["EventsTopicArn"]
    assert settings.failures_topic_arn == outputs["FailuresTopicArn"]
    assert (settings.environment, settings.tenant, settings.team) == ("local", "main", "ml")


def test_airflow_listens_on_loopback_with_a_generated_login():
    variables = environment.airflow(CONFIG, CREDENTIALS)
    assert variables["AIRFLOW__API__HOST"] == "127.0.0.1"
    assert variables["AIRFLOW__API__PORT"] == "8081"
    assert variables["AIRFLOW__CORE__EXECUTION_API_SERVER_URL"] == "http://127.0.0.1:8081/execution/"
    assert variables["AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS"] == "admin:admin"
    assert "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS" not in variables
    assert variables["AIRFLOW__CORE__FERNET_KEY"] == "fernet"
    assert int(variables["AIRFLOW__CORE__PARALLELISM"]) <= 4
    assert variables["AIRFLOW__WORKERS__MIN_HEARTBEAT_INTERVAL"] == "1"


def test_every_option_is_one_that_this_airflow_has():
    from airflow.configuration import conf  # noqa: PLC0415

    known = {
        f"AIRFLOW__{section.upper()}__{option.upper()}"
        for section, content in conf.configuration_description.items()
        for option in content["options"]
    }
    given = {name for name in environment.airflow(CONFIG, CREDENTIALS) if name != "AIRFLOW_HOME"}
    assert given <= known


def test_the_database_is_sqlite_unless_another_one_is_named():
    variables = environment.airflow(CONFIG, CREDENTIALS)
    assert (
        variables["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"] == "sqlite:////home/me/.millrace/airflow/airflow.db"
    )


@pytest.mark.parametrize(
    "url", ["postgresql://me@host/db", "postgres://me@host/db", "postgresql+psycopg2://me@host/db"]
)
def test_postgresql_is_spoken_to_by_the_driver_that_is_installed(url):
    variables = environment.airflow(StackConfig(home=Path("/x"), database_url=url), CREDENTIALS)
    for name in ("SQL_ALCHEMY_CONN", "SQL_ALCHEMY_CONN_ASYNC"):
        assert variables[f"AIRFLOW__DATABASE__{name}"] == "postgresql+psycopg://me@host/db"


def test_settings_of_the_local_aws_are_the_user_s():
    given = {"MILLRACE_SPOT_PRICE": "0.5", "MILLRACE_ENVIRONMENT": "prod", "HOME": "/home/somebody"}
    assert environment.local_aws(given) == {"MILLRACE_SPOT_PRICE": "0.5"}
