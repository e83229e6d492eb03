"""What Glue refuses about crawlers, in AWS's words where they are known."""

import json
from collections.abc import Mapping
from functools import cache
from typing import Any

from botocore.model import ServiceModel
from botocore.session import get_session
from moto.core.exceptions import ServiceException
from moto.iam.models import iam_backends
from moto.utilities.utils import get_partition

from local.aws.constraints import broken
from local.aws.runtime.transfer import S3Uri

NEW_FOLDERS_ONLY = "CRAWL_NEW_FOLDERS_ONLY"
LOG_ONLY = (
    "The SchemaChangePolicy for 'Crawl new folders only' Amazon S3 target can have only LOG DeleteBehavior "
    "value and only LOG UpdateBehavior value."
)


class GlueError(ServiceException):
    """An error answer. `code` is AWS's name of it."""

    def __init__(self, message: str) -> None:
        super().__init__(message)


class InvalidInputError(GlueError):
    """The request cannot be served as it is."""

    code = "InvalidInputException"


class AlreadyExistsError(GlueError):
    """The name is taken."""

    code = "AlreadyExistsException"


class EntityNotFoundError(GlueError):
    """Nothing has that name."""

    code = "EntityNotFoundException"


class CrawlerRunningError(GlueError):
    """It runs, or is being stopped."""

    code = "CrawlerRunningException"


class CrawlerNotRunningError(GlueError):
    """There is nothing to stop."""

    code = "CrawlerNotRunningException"


class CrawlerStoppingError(GlueError):
    """It is being stopped already."""

    code = "CrawlerStoppingException"


@cache
def service_model() -> ServiceModel:
    """Botocore's model of Glue."""
    return get_session().get_service_model("glue")


def check_request(operation: str, request: Mapping[str, Any]) -> None:
    """Raises `InvalidInputError` in AWS's words for every constraint that the request breaks."""
    if message := broken(service_model().operation_model(operation), request):
        raise InvalidInputError(message)


def check_definition(definition: Mapping[str, Any], account: str, region: str) -> None:
    """Raises `InvalidInputError` for what a crawler cannot be, on AWS or here."""
    _check_targets(definition["Targets"])
    _check_role(definition["Role"], account, region)
    _check_policies(definition)
    configuration(definition)
    for name in ("Schedule", "Classifiers"):
        if definition.get(name):
            raise InvalidInputError(
                f"The local AWS has no crawlers with {name}: leave it out, and start the crawler from a DAG."
            )


def configuration(definition: Mapping[str, Any]) -> dict[str, Any]:
    """A crawler's ``Configuration``, which is JSON in a string."""
    text = definition.get("Configuration")
    try:
        found = json.loads(text) if text else {}
    except json.JSONDecodeError as error:
        raise InvalidInputError(f"Configuration is no JSON: {error}") from error
    if not isinstance(found, dict):
        raise InvalidInputError(f"Configuration must be a JSON object, not {text}.")
    return found


def _check_targets(targets: Mapping[str, Any]) -> None:
    others = [name for name, value in targets.items() if value and name != "S3Targets"]
    if others:
        raise InvalidInputError(f"The local AWS crawls S3Targets only, and this crawler has {others[0]}.")
    if not targets.get("S3Targets"):
        raise InvalidInputError("At least one crawl target needs to be specified.")
    for target in targets["S3Targets"]:
        try:
            S3Uri.parse(target.get("Path", ""))
        except ValueError as error:
            raise InvalidInputError(f"The path of a target is not valid: {error}") from error


def _check_policies(definition: Mapping[str, Any]) -> None:
    recrawl = (definition.get("RecrawlPolicy") or {}).get("RecrawlBehavior")
    if recrawl == "CRAWL_EVENT_MODE":
        raise InvalidInputError("The local AWS has no CRAWL_EVENT_MODE: take CRAWL_EVERYTHING.")
    changes = definition.get("SchemaChangePolicy") or {}
    if recrawl == NEW_FOLDERS_ONLY and {*changes.values()} != {"LOG"}:
        raise InvalidInputError(LOG_ONLY)


def _check_role(role: str, account: str, region: str) -> None:
    """A role, by its name or ARN, must exist in the account and let Glue assume it."""
    name = role.rsplit("/", 1)[-1]
    roles = iam_backends[account][get_partition(region)].roles
    found = next((known for known in roles.values() if known.name == name), None)
    if found is None or "glue.amazonaws.com" not in str(found.assume_role_policy_document):
        raise InvalidInputError(
            f"Service is unable to assume provided role. Please verify role's TrustPolicy: {role} does not "
            "exist, or does not let glue.amazonaws.com assume it."
        )
