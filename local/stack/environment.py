"""The environment of each process: nothing of the user's own AWS or Airflow leaks into it."""

import os
import re
import sys
from collections.abc import Mapping
from pathlib import Path

from local.stack.config import HOST, NOBODYS_NUMBER, REPOSITORY, StackConfig
from local.stack.credentials import USER, Credentials, password_file

FOREIGN = re.compile(
    r"^(AWS_|BOTO|AIRFLOW|_AIRFLOW|MILLRACE_|SPARK_|PYSPARK_|SM_|SAGEMAKER_|PYTHON|VIRTUAL_ENV$|DO_NOT_TRACK$)"
)
"""Variables that mean one thing to the user's shell and another to these processes.

PYTHONDONTWRITEBYTECODE is among them: without bytecode each start takes seconds longer.
"""

CATALOG = "amp_ingest/live/catalog"
"""Of made-up shows: the service that would know real ones is on no laptop."""
LOCAL_AWS = (
    *("MILLRACE_JOBS_AT_A_TIME", "MILLRACE_TRANSCRIPTIONS_AT_A_TIME"),
    "MILLRACE_CRAWLS_AT_A_TIME",
    *("MILLRACE_JOB_QUOTA", "MILLRACE_SPARK_MEMORY"),
    *("MILLRACE_SPOT_INTERRUPTIONS", "MILLRACE_SPOT_PRICE"),
)


def base(config: StackConfig, environ: Mapping[str, str]) -> dict[str, str]:
    """The user's environment without what is foreign, pointed at the local AWS."""
    kept = {name: value for name, value in environ.items() if not FOREIGN.match(name)}
    path = os.pathsep.join(filter(None, [str(Path(sys.executable).parent), kept.get("PATH")]))
    return kept | {
        "PATH": path,
        "PYTHONPATH": str(REPOSITORY),
        "PYTHONUNBUFFERED": "1",
        "DO_NOT_TRACK": "1",
        **{name: _without_proxy(kept.get(name)) for name in ("NO_PROXY", "no_proxy")},
        **aws(config),
    }


def aws(config: StackConfig) -> dict[str, str]:
    """What makes boto3 talk to the local AWS, whatever the user's profile says."""
    return {
        "AWS_ENDPOINT_URL": config.aws_url,
        "AWS_ACCESS_KEY_ID": "local",
        "AWS_SECRET_ACCESS_KEY": "local",
        "AWS_DEFAULT_REGION": config.region,
        "AWS_REGION": config.region,
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
    }


def local_aws(environ: Mapping[str, str]) -> dict[str, str]:
    """The settings of the local AWS that the user has given: see ``local.aws.services.sagemaker``."""
    return {name: environ[name] for name in LOCAL_AWS if name in environ}


def millrace(config: StackConfig, outputs: Mapping[str, str]) -> dict[str, str]:
    """``include.settings`` from the outputs of the infrastructure stack."""
    named = {f"MILLRACE_{_snake(name)}": value for name, value in outputs.items()}
    return named | {
        # Documents in S3, which are read over HTTP by whoever says who he is.
        "MILLRACE_CATALOG_URL": f"{config.aws_url}/{outputs.get('Bucket')}/{config.tenant}/{CATALOG}",
        "MILLRACE_CATALOG_TOKEN": "local",
        "MILLRACE_ENVIRONMENT": config.environment,
        "MILLRACE_TENANT": config.tenant,
        "MILLRACE_TEAM": config.team,
        "MILLRACE_PHONE_NUMBER": NOBODYS_NUMBER,
    }


def airflow(config: StackConfig, credentials: Credentials) -> dict[str, str]:
    """Airflow's configuration for two cores and one person."""
    return {
        "AIRFLOW_HOME": str(config.airflow_home),
        **_airflow_sections(
            core={
                "dags_folder": config.dags,
                "plugins_folder": REPOSITORY / "plugins",
                "load_examples": False,
                "executor": "LocalExecutor",
                "parallelism": 4,
                "max_active_tasks_per_dag": 4,
                "fernet_key": credentials.fernet_key,
                "simple_auth_manager_users": f"{USER}:admin",
                "simple_auth_manager_passwords_file": password_file(config.airflow_home),
                "execution_api_server_url": f"{config.airflow_url}/execution/",
            },
            database=_database(config),
            api={
                "host": HOST,
                "port": config.ports.airflow,
                "base_url": config.airflow_url,
                "workers": 1,
                "secret_key": credentials.secret_key,
                "instance_name": "Millrace",
            },
            api_auth={"jwt_secret": credentials.jwt_secret},
            logging={"colored_console_log": False},
            workers={"min_heartbeat_interval": 1},
            scheduler={
                "task_instance_heartbeat_timeout": 20,
                "task_instance_heartbeat_timeout_detection_interval": 5,
                "scheduler_idle_sleep_time": 0.5,
                "trigger_timeout_check_interval": 5,
            },
            triggerer={"capacity": 200},
            # A file that has changed is read at once; to read all again each minute is a tenth of a core.
            dag_processor={"refresh_interval": 10, "min_file_process_interval": 600, "parsing_processes": 1},
        ),
    }


def _airflow_sections(**sections: Mapping[str, object]) -> dict[str, str]:
    return {
        f"AIRFLOW__{section.upper()}__{option.upper()}": str(value)
        for section, options in sections.items()
        for option, value in options.items()
    }


def _database(config: StackConfig) -> dict[str, str]:
    if not config.database_url:
        return {"sql_alchemy_conn": f"sqlite:///{config.airflow_home / 'airflow.db'}"}
    # psycopg speaks both ways; SQLAlchemy's default driver for this scheme does not.
    url = re.sub(r"^postgres(ql)?(\+psycopg2?)?://", "postgresql+psycopg://", config.database_url)
    return {"sql_alchemy_conn": url, "sql_alchemy_conn_async": url}


def _without_proxy(value: str | None) -> str:
    return ",".join(filter(None, [value, HOST, "localhost"]))


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).upper()
