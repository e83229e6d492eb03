"""The URL of a stack's Redis among its secrets: a container's environment does not hold it."""

from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from local.stack import infrastructure
from local.stack.config import StackConfig
from local.stack.errors import MillraceError


def put(config: StackConfig, url: str) -> str:
    """Makes the secret, or brings it up to date; its ARN.

    Raises:
        MillraceError: Secrets Manager refuses it.
    """
    secrets: Any = infrastructure.client(config, "secretsmanager")
    name = f"{config.stack_name}-redis-url"
    try:
        try:
            made = secrets.create_secret(Name=name, SecretString=url)
        except secrets.exceptions.ResourceExistsException:
            made = secrets.put_secret_value(SecretId=name, SecretString=url)
    except (ClientError, BotoCoreError) as error:
        raise MillraceError(f"Secrets Manager refuses the secret {name}: {error}") from error
    return str(made["ARN"])
