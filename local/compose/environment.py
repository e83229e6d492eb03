"""``python3 -m local.compose.environment``: writes ``.env``, without which Compose starts nothing.

Needs no package, so it runs before anything is installed.
"""

import argparse
import hashlib
import secrets
import sys
from collections.abc import Mapping
from pathlib import Path
from uuid import NAMESPACE_URL, uuid5

from local.stack.config import NOBODYS_NUMBER, REPOSITORY, Ports
from local.stack.credentials import USER, Credentials, write_private

FILE = REPOSITORY / ".env"
ACCOUNT, REGION, ENVIRONMENT = "123456789012", "us-east-1", "local"
TEAM = f"millrace-{ENVIRONMENT}-reviewers"
PROJECT = {"COMPOSE_PROJECT_NAME": "millrace"}

OF_AN_ACCOUNT = {
    "AWS_DEFAULT_REGION": "",
    "MILLRACE_ENVIRONMENT": "",
    "MILLRACE_BUCKET": "",
    "MILLRACE_RAW_BUCKET": "",
    "MILLRACE_CURATED_BUCKET": "",
    "MILLRACE_ROLE_ARN": "",
    "MILLRACE_CRAWLER_ROLE_ARN": "",
    "MILLRACE_EVENTS_TOPIC_ARN": "",
    "MILLRACE_FAILURES_TOPIC_ARN": "",
    "MILLRACE_UPLOADS_QUEUE_URL": "",
    "MILLRACE_DEAD_LETTERS_QUEUE_URL": "",
    "MILLRACE_VIRTUAL_CLUSTER_ID": "",
    "MILLRACE_WAREHOUSE_CLUSTER": "",
    "MILLRACE_WAREHOUSE_DATABASE": "",
    "MILLRACE_WAREHOUSE_USER": "",
    "MILLRACE_WAREHOUSE_ROLE_ARN": "",
    "MILLRACE_WAREHOUSE_ACCESS_TABLE": "",
    "MILLRACE_WORK_TEAM_ARN": "",
    "MILLRACE_PHONE_NUMBER": "",
    "MILLRACE_REDIS_SECRET_ARN": "",
    "MILLRACE_CATALOG_URL": "",
    "MILLRACE_CATALOG_TOKEN": "",
    "MILLRACE_OUTPUT_KMS_KEY": "",
    "MILLRACE_IMAGE_REGISTRY": "",
    "MILLRACE_IMAGE_TAG": "",
}
"""What has to be filled in, mostly from the outputs of the infrastructure stack."""


def of_local_aws(port: int) -> dict[str, str]:
    """What the infrastructure stack comes to in the local AWS, whose account is known beforehand."""
    queues = f"https://sqs.{REGION}.amazonaws.com/{ACCOUNT}/millrace-{ENVIRONMENT}"
    roles = f"arn:aws:iam::{ACCOUNT}:role/millrace-{ENVIRONMENT}"
    bucket = f"millrace-{ENVIRONMENT}-{ACCOUNT}-{REGION}"
    secrets_ = f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret"
    keys = f"arn:aws:kms:{REGION}:{ACCOUNT}:key"
    return {
        "COMPOSE_PROFILES": "local-aws",
        "MILLRACE_AWS_PORT": str(port),
        # Containers and a browser on the host find the local AWS by the same name.
        "AWS_ENDPOINT_URL": f"http://aws.localhost:{port}",
        "AWS_CONFIG_FILE": "/opt/millrace/include/images/airflow/local-aws.ini",
        "AWS_ACCESS_KEY_ID": "local",
        "AWS_SECRET_ACCESS_KEY": "local",
        "AWS_DEFAULT_REGION": REGION,
        "MILLRACE_ENVIRONMENT": ENVIRONMENT,
        "MILLRACE_BUCKET": bucket,
        "MILLRACE_RAW_BUCKET": f"millrace-{ENVIRONMENT}-raw-{ACCOUNT}-{REGION}",
        "MILLRACE_CURATED_BUCKET": f"millrace-{ENVIRONMENT}-curated-{ACCOUNT}-{REGION}",
        "MILLRACE_ROLE_ARN": f"{roles}-job-{REGION}",
        "MILLRACE_CRAWLER_ROLE_ARN": f"{roles}-crawler-{REGION}",
        "MILLRACE_EVENTS_TOPIC_ARN": f"arn:aws:sns:{REGION}:{ACCOUNT}:millrace-{ENVIRONMENT}-events",
        "MILLRACE_FAILURES_TOPIC_ARN": f"arn:aws:sns:{REGION}:{ACCOUNT}:millrace-{ENVIRONMENT}-failures",
        "MILLRACE_UPLOADS_QUEUE_URL": f"{queues}-uploads",
        "MILLRACE_DEAD_LETTERS_QUEUE_URL": f"{queues}-dead-letters",
        # As the local AWS makes it of the name in a template.
        "MILLRACE_VIRTUAL_CLUSTER_ID": hashlib.sha256(f"millrace-{ENVIRONMENT}".encode()).hexdigest()[:25],
        "MILLRACE_WAREHOUSE_CLUSTER": f"millrace-{ENVIRONMENT}-warehouse",
        "MILLRACE_WAREHOUSE_DATABASE": "dev",
        "MILLRACE_WAREHOUSE_USER": "awsuser",
        "MILLRACE_WAREHOUSE_ROLE_ARN": f"{roles}-warehouse-{REGION}",
        "MILLRACE_WAREHOUSE_ACCESS_TABLE": f"millrace-{ENVIRONMENT}-warehouse-access",
        "MILLRACE_WORK_TEAM_ARN": f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:workteam/private-crowd/{TEAM}",
        "MILLRACE_PHONE_NUMBER": NOBODYS_NUMBER,
        "MILLRACE_CATALOG_URL": f"http://aws.localhost:{port}/{bucket}/main/amp_ingest/live/catalog",
        "MILLRACE_CATALOG_TOKEN": "local",
        # Without the random end of its name, which AWS does not ask for.
        "MILLRACE_REDIS_SECRET_ARN": f"{secrets_}:millrace-{ENVIRONMENT}-redis-url",
        # As the local AWS makes it of the names of stack and resource.
        "MILLRACE_OUTPUT_KMS_KEY": f"{keys}/{uuid5(NAMESPACE_URL, f'millrace-{ENVIRONMENT}-Key')}",
    }


def passwords() -> dict[str, str]:
    """New passwords and keys, in letters, digits, ``-``, ``_`` and ``=``: one of them is part of a URL."""
    credentials = Credentials.generate()
    return {
        "AIRFLOW_ADMIN_PASSWORD": credentials.password,
        "AIRFLOW_FERNET_KEY": credentials.fernet_key,
        "AIRFLOW_JWT_SECRET": credentials.jwt_secret,
        "AIRFLOW_SECRET_KEY": credentials.secret_key,
        "POSTGRES_PASSWORD": secrets.token_urlsafe(24),
        "REDIS_PASSWORD": secrets.token_urlsafe(24),
    }


def render(variables: Mapping[str, str]) -> str:
    """The text of an ``.env`` file; a variable without a value is left out, to be filled in."""
    head = "# Made by `python3 -m local.compose.environment`. It holds passwords: keep it to yourself.\n"
    return head + "".join(
        f"{name}={value}\n" if value else f"# {name}=\n" for name, value in variables.items()
    )


def main(arguments: list[str] | None = None) -> int:
    """2 says that there is a file already: its passwords are those of the volumes."""
    parser = argparse.ArgumentParser(prog="python3 -m local.compose.environment", description=__doc__)
    parser.add_argument("--aws", action="store_true", help="for an AWS account instead of the local AWS")
    parser.add_argument("--airflow-port", type=int, default=Ports().airflow, help="of Airflow, on 127.0.0.1")
    parser.add_argument("--aws-port", type=int, help="of the local AWS, on 127.0.0.1")
    parser.add_argument("--file", type=Path, default=FILE, help="the file to write (default .env)")
    options = parser.parse_args(arguments)
    if options.aws and options.aws_port is not None:
        parser.error("--aws-port is of the local AWS, which --aws goes without: leave one of them out")
    if options.file.exists():
        print(
            f"{options.file} exists, and the volumes were made with its passwords: edit it, or remove both "
            "(`docker compose down --volumes` removes the volumes).",
            file=sys.stderr,
        )
        return 2
    aws = OF_AN_ACCOUNT if options.aws else of_local_aws(options.aws_port or Ports().aws)
    airflow = {"MILLRACE_AIRFLOW_PORT": str(options.airflow_port)}
    write_private(options.file, render(PROJECT | airflow | aws | passwords()))
    print(f"{options.file} is written. Airflow's user is {USER}; AIRFLOW_ADMIN_PASSWORD is the password.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
