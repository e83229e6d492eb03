"""The IAM actions of what Airflow's side calls, read from its source and from the table of jobs."""

import ast
from collections.abc import Iterator
from pathlib import Path

from botocore import xform_name
from botocore.session import get_session

import millrace
from local.aws.calls.permissions import ACTIONS, S3_ACTIONS
from millrace import jobs

PLUGINS = Path(millrace.__file__).parent
SERVICES = (
    "dynamodb",
    "application-autoscaling",
    "cloudformation",
    "cloudwatch",
    "ec2",
    "emr-containers",
    "glue",
    "logs",
    "redshift-data",
    "s3",
    "sns",
    "sqs",
    "transcribe",
    "sagemaker-a2i-runtime",
    "sagemaker-runtime",
    "sagemaker",
    "eks",
    "iam",
    "secretsmanager",
)
"""Of an operation that two have, ``DeleteEndpoint`` or ``DescribeCluster``, the later is meant."""
NOT_OF_AWS = {"get_session", "search"}
"""Methods of other things: of Airflow's hooks, of ``jmespath``."""


def called() -> set[str]:
    """Actions of every operation that a client is asked for by its name, and of every kind of job."""
    known = dict(_operations())
    methods = {name for path in PLUGINS.rglob("*.py") for name in _methods(ast.parse(path.read_text()))}
    return {known[name] for name in methods if name in known and name not in NOT_OF_AWS} | _of_jobs()


def _of_jobs() -> set[str]:
    """What the rows of the table name; what is made with tags takes an action of its own."""
    operations = {
        f"{_prefix(kind.service)}:{operation}"
        for kind in jobs.KINDS.values()
        for operation in (
            *(kind.start, kind.describe, kind.stop, kind.listing and kind.listing.operation),
            kind.given_id and kind.given_id.search.operation,
        )
        if operation
    }
    tagging = {f"{service}:TagResource" for service in ("emr-containers", "glue", "transcribe")}
    return operations | tagging | {"sagemaker:AddTags"}


def _prefix(service: str) -> str:
    """IAM's name of a service: those of SageMaker are one."""
    return "sagemaker" if service.startswith("sagemaker-") else service


def _operations() -> Iterator[tuple[str, str]]:
    for service in SERVICES:
        prefix = _prefix(service)
        for operation in get_session().get_service_model(service).operation_names:
            named = S3_ACTIONS.get(operation, operation) if service == "s3" else operation
            yield xform_name(operation), f"{prefix}:{ACTIONS.get((prefix, operation), named)}"


def _methods(tree: ast.AST) -> Iterator[str]:
    """Names of called methods, and what a call is given as a name: of a paginator, of an operation."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            if isinstance(node.func, ast.Attribute):
                yield node.func.attr
            if node.args and isinstance(node.args[0], ast.Constant):
                yield str(node.args[0].value)
