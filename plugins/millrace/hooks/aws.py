"""The one way in which Airflow's tasks call AWS."""

import os
from typing import Any
from urllib.parse import quote

from airflow.providers.amazon.aws.hooks.base_aws import AwsGenericHook
from botocore.config import Config

RETRIES = Config(retries={"mode": "adaptive", "max_attempts": 8})
TASK_VARIABLES = ("AIRFLOW_CTX_DAG_ID", "AIRFLOW_CTX_DAG_RUN_ID", "AIRFLOW_CTX_TASK_ID")


class AwsHook(AwsGenericHook[Any]):
    """A boto3 client of one service, as ``conn``.

    Throttling and transient errors are retried by botocore. Every call says which task makes
    it, as metadata of its user agent, so that what a pipeline calls can be told from AWS's
    own records of API calls.

    Args:
        config: what else the client is to know; it comes before ours.
    """

    def __init__(
        self,
        service: str,
        aws_conn_id: str | None,
        region_name: str | None = None,
        config: Config | None = None,
    ) -> None:
        super().__init__(
            aws_conn_id=aws_conn_id,
            region_name=region_name,
            client_type=service,
            config=RETRIES.merge(Config(user_agent_extra=_caller())).merge(config or Config()),
        )


def _caller() -> str:
    names = [os.environ.get(variable) for variable in TASK_VARIABLES]
    if not all(names):
        return ""
    return "md/millrace-task#" + "/".join(quote(name, safe="") for name in names if name)
