"""The account's resources, from the template that an AWS account gets too."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, WaiterError

from local.stack.config import REPOSITORY, StackConfig
from local.stack.errors import MillraceError, NotRunningError

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_cloudformation.literals import CapabilityType
    from mypy_boto3_cloudformation.type_defs import ParameterTypeDef

TEMPLATE = REPOSITORY / "include" / "infrastructure" / "millrace.yaml"
INGEST_ACCESS = TEMPLATE.with_name("amp_ingest_access.yaml")
TRAINING_ACCESS = TEMPLATE.with_name("elastic_training_access.yaml")
"""Roles of what a DAG provisions, and of CloudFormation when it does so."""
CAPABILITIES: list["CapabilityType"] = ["CAPABILITY_NAMED_IAM"]


def client(config: StackConfig, service: str) -> Any:
    """A boto3 client of the local AWS."""
    return boto3.session.Session(region_name=config.region).client(
        service,  # type: ignore[call-overload]  # the name is the caller's
        endpoint_url=config.aws_url,
        aws_access_key_id="local",
        aws_secret_access_key="local",  # noqa: S106
        config=Config(retries={"mode": "standard", "max_attempts": 3}, connect_timeout=5),
    )


def provision(config: StackConfig, template: Path = TEMPLATE, *, redis_secret: str = "") -> dict[str, str]:
    """Create the CloudFormation stacks or bring them up to date, and return the outputs of the first.

    Args:
        config: of the stack that they are of.
        template: of the first.
        redis_secret: ARN of the secret with the URL of Redis; empty for no Redis.

    Raises:
        MillraceError: a template is refused, or a resource of it.
    """
    both = {"Environment": config.environment, "Team": config.team, "RedisSecretArn": redis_secret}
    # There is none: its name makes the local AWS a place where Spark runs on EKS.
    spark = {"EksCluster": "laptop", "EksNamespace": config.environment}
    warehouse = {"WarehouseCluster": f"{config.stack_name}-warehouse"}
    _provision(config, config.stack_name, template, both | spark | warehouse)
    made = outputs(config)
    access = {"Bucket": made["Bucket"], "KmsKeyArn": made["OutputKmsKey"]}
    ingest = both | access | {"RawBucket": made["RawBucket"]}
    _provision(config, f"{config.stack_name}-amp-ingest-access", INGEST_ACCESS, ingest)
    training = access | {"Environment": config.environment, "Team": config.team}
    _provision(config, f"{config.stack_name}-elastic-training-access", TRAINING_ACCESS, training)
    return made


def _provision(config: StackConfig, name: str, template: Path, values: Mapping[str, str]) -> None:
    cloudformation: CloudFormationClient = client(config, "cloudformation")
    parameters: list[ParameterTypeDef] = [
        {"ParameterKey": key, "ParameterValue": value} for key, value in values.items()
    ]
    try:
        _create_or_update(cloudformation, name, template.read_text(), parameters)
    except WaiterError as error:
        reason = _first_failure(cloudformation, name) or str(error)
        raise MillraceError(f"The stack {name} of {template.name} failed: {reason}") from error
    except (ClientError, BotoCoreError) as error:
        raise MillraceError(f"CloudFormation refuses {template.name}: {error}") from error


def outputs(config: StackConfig) -> dict[str, str]:
    """Outputs of the stack, by name.

    Raises:
        NotRunningError: the local AWS does not answer, or the stack was never made.
    """
    cloudformation: CloudFormationClient = client(config, "cloudformation")
    try:
        [stack] = cloudformation.describe_stacks(StackName=config.stack_name)["Stacks"]
    except (ClientError, BotoCoreError) as error:
        raise NotRunningError(
            f"The local AWS at {config.aws_url} has no stack {config.stack_name}: run `millrace up`."
        ) from error
    return {output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", [])}


def bucket(values: Mapping[str, str]) -> str:
    """The bucket among a stack's outputs."""
    try:
        return values["Bucket"]
    except KeyError:
        raise MillraceError(f"{TEMPLATE.name} has no output named Bucket.") from None


def _create_or_update(
    cloudformation: "CloudFormationClient", name: str, body: str, parameters: "list[ParameterTypeDef]"
) -> None:
    status = _status(cloudformation, name)
    if status in {"ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "CREATE_FAILED", "DELETE_FAILED"}:
        # A stack whose creation failed can only be deleted.
        cloudformation.delete_stack(StackName=name)
        cloudformation.get_waiter("stack_delete_complete").wait(StackName=name, WaiterConfig={"Delay": 1})
        status = None
    if status is None:
        cloudformation.create_stack(
            StackName=name, TemplateBody=body, Parameters=parameters, Capabilities=CAPABILITIES
        )
        cloudformation.get_waiter("stack_create_complete").wait(StackName=name, WaiterConfig={"Delay": 1})
        return
    try:
        cloudformation.update_stack(
            StackName=name, TemplateBody=body, Parameters=parameters, Capabilities=CAPABILITIES
        )
    except ClientError as error:
        if "No updates are to be performed" in str(error):
            return
        raise
    cloudformation.get_waiter("stack_update_complete").wait(StackName=name, WaiterConfig={"Delay": 1})


def _status(cloudformation: "CloudFormationClient", name: str) -> str | None:
    try:
        return cloudformation.describe_stacks(StackName=name)["Stacks"][0]["StackStatus"]
    except ClientError as error:
        if "does not exist" in str(error):
            return None
        raise


def _first_failure(cloudformation: "CloudFormationClient", name: str) -> str | None:
    pages = cloudformation.get_paginator("describe_stack_events").paginate(StackName=name)
    failed = [
        f"{event.get('LogicalResourceId')}: {event.get('ResourceStatusReason')}"
        for page in pages
        for event in page["StackEvents"]
        if event.get("ResourceStatus", "").endswith("_FAILED")
    ]
    return failed[-1] if failed else None
