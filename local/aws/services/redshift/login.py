"""As whom a statement runs: by temporary credentials of a user, or by a secret with name and password."""

import json
from collections.abc import Mapping
from typing import Any

from moto.secretsmanager.exceptions import SecretsManagerClientError
from moto.secretsmanager.models import secretsmanager_backends

from local.aws.services.redshift.clusters import LocalRedshift
from local.aws.services.redshift.errors import ValidationError


class LoginRefusedError(Exception):
    """The database lets nobody in with these credentials. The message begins with ``FATAL:``."""


def login(backend: LocalRedshift, request: Mapping[str, Any], region: str) -> dict[str, Any]:
    """What the engine lets a user in by: see ``local/aws/engines/redshift/accounts.py``.

    Raises:
        LoginRefusedError: temporary credentials that are not known, or have expired.
    """
    if request.get("DbUser"):
        # On AWS the Data API asks for temporary credentials in the caller's name.
        return {"user": request["DbUser"].lower(), "password": None}
    secret = read_secret(backend.account_id, region, request)
    name, password = secret["username"], secret["password"]
    if not name.startswith(("IAM:", "IAMA:")):
        return {"user": name.lower(), "password": password}
    found = backend.temporary_of(name, password)
    if found is None:
        raise LoginRefusedError(f'FATAL: password authentication failed for user "{name}"')
    return {"user": found.user, "password": None, "create": found.creates, "groups": list(found.groups)}


def read_secret(account: str, region: str, request: Mapping[str, Any]) -> dict[str, str]:
    """Name and password of a secret of this account.

    Raises:
        ValidationError: there is no such secret, it has no name and password, or it is another cluster's.
    """
    arn = request["SecretArn"]
    try:
        value = secretsmanager_backends[account][region].get_secret_value(arn, "", "AWSCURRENT")
    except SecretsManagerClientError as error:
        raise ValidationError(f"The secret {arn} cannot be read: {error.message}") from error
    try:
        secret = json.loads(value.get("SecretString") or "")
        found = {"username": str(secret["username"]), "password": str(secret["password"])}
    except (ValueError, KeyError, TypeError) as error:
        raise ValidationError(f"The secret {arn} has no username and password.") from error
    named = secret.get("dbClusterIdentifier")
    if named and named != request["ClusterIdentifier"]:
        raise ValidationError(f"The secret {arn} is of cluster {named}, not {request['ClusterIdentifier']}.")
    return found
