"""Functions as they are saved: moto's record without Docker, with what moto leaves out."""

import json
from typing import Any
from uuid import uuid4

from moto.awslambda.models import LambdaFunction
from moto.core.utils import iso_8601_datetime_with_nanoseconds
from typing_extensions import override

from local.aws.services.lambda_functions.code import UnusablePackageError
from local.aws.services.lambda_functions.context import current
from local.aws.services.lambda_functions.errors import InvalidParameterValueException

RESERVED_VARIABLES = frozenset(
    {
        "_HANDLER",
        "_X_AMZN_TRACE_ID",
        "AWS_DEFAULT_REGION",
        "AWS_REGION",
        "AWS_EXECUTION_ENV",
        "AWS_LAMBDA_FUNCTION_NAME",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
        "AWS_LAMBDA_FUNCTION_VERSION",
        "AWS_LAMBDA_INITIALIZATION_TYPE",
        "AWS_LAMBDA_LOG_GROUP_NAME",
        "AWS_LAMBDA_LOG_STREAM_NAME",
        "AWS_ACCESS_KEY",
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN",
        "AWS_LAMBDA_RUNTIME_API",
        "LAMBDA_TASK_ROOT",
        "LAMBDA_RUNTIME_DIR",
    }
)
"""https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html"""
MAX_TIMEOUT = 900


class LocalFunction(LambdaFunction):
    """A function, or a published version of one."""

    def __init__(self, account_id: str, spec: dict[str, Any], region: str, version: str | int = 1) -> None:
        check(spec)
        super().__init__(account_id, {**spec, "Code": dict(spec["Code"])}, region, version)
        self.logs_backend: Any = None  # a copy of a function would copy all logs
        self.dead_letter_config: dict[str, str] = spec.get("DeadLetterConfig") or {}
        self.logging_config: dict[str, str] = spec.get("LoggingConfig") or {}
        self.revision_id = str(uuid4())

    @property
    def unqualified_arn(self) -> str:
        """The ARN without a version."""
        return ":".join(self.function_arn.split(":")[:7])

    @property
    def edition(self) -> str:
        """Changes with whatever a process of the function is made from."""
        return f"{self.revision_id} {self.code_digest}"

    @property
    def log_group(self) -> str:
        """Of its log."""
        return self.logging_config.get("LogGroup") or f"/aws/lambda/{self.function_name}"

    @property
    def reserved(self) -> int | None:
        """Its reserved concurrency; None where it has none."""
        value: Any = self.reserved_concurrency
        return None if value is None else int(value)

    @override
    def get_configuration(self, on_create: bool = False) -> dict[str, Any]:
        described = super().get_configuration(on_create) | {
            "RevisionId": self.revision_id,
            "LoggingConfig": {"LogFormat": "Text", "LogGroup": self.log_group} | self.logging_config,
        }
        if self.dead_letter_config.get("TargetArn"):
            described["DeadLetterConfig"] = self.dead_letter_config
        return {name: value for name, value in described.items() if value is not None}

    @override
    def update_configuration(self, config_updates: dict[str, Any]) -> dict[str, Any]:
        updates = {name: value for name, value in config_updates.items() if value is not None}
        check(updates)
        if "Environment" in updates:
            updates["Environment"] = {"Variables": updates["Environment"].get("Variables") or {}}
        self.dead_letter_config = updates.get("DeadLetterConfig", self.dead_letter_config)
        self.logging_config = updates.get("LoggingConfig", self.logging_config)
        super().update_configuration(updates)
        self._touch()
        return self.get_configuration()

    @override
    def update_function_code(self, updated_spec: dict[str, Any]) -> dict[str, Any]:
        check(updated_spec)
        super().update_function_code(updated_spec)
        if not updated_spec.get("DryRun"):
            self._touch()
        return self.get_configuration()

    @override
    def set_version(self, version: int) -> None:
        super().set_version(version)
        self.revision_id = str(uuid4())

    @override
    def _set_function_code(self, updated_spec: dict[str, Any]) -> None:
        before = vars(self) | {"code": dict(self.code)}
        try:
            super()._set_function_code(updated_spec)
            if archive := getattr(self, "code_bytes", b""):
                current().code.keep(self.code_digest, archive)
        except UnusablePackageError as error:
            vars(self).update(before)
            raise InvalidParameterValueException(str(error)) from error
        except ValueError as error:  # moto's, for an object that is not there
            vars(self).update(before)
            raise InvalidParameterValueException(str(error.args[-1])) from error
        # The store has it: what is saved after every change stays small.
        self.code_bytes = b""
        self.code.pop("ZipFile", None)

    @override
    def invoke(self, body: str, request_headers: Any, response_headers: Any) -> str:
        """How moto's S3 and CloudWatch Logs call a function: they do not wait."""
        current().invoker.submit(self, (body or "{}").encode())
        return ""

    def _touch(self) -> None:
        self.revision_id = str(uuid4())
        self.last_modified = iso_8601_datetime_with_nanoseconds()


def check(spec: dict[str, Any]) -> None:
    """Raises `InvalidParameterValueException` for what AWS refuses, and for what this server does not run."""
    _refuse_unserved(spec)
    if not 1 <= int(spec.get("Timeout") or 3) <= MAX_TIMEOUT:
        raise InvalidParameterValueException(
            f"Value '{spec['Timeout']}' at 'timeout' failed to satisfy constraint: Member must have value "
            f"less than or equal to {MAX_TIMEOUT}"
        )
    variables = (spec.get("Environment") or {}).get("Variables") or {}
    if taken := sorted(RESERVED_VARIABLES.intersection(variables)):
        raise InvalidParameterValueException(
            "Lambda was unable to configure your environment variables because the environment variables you "
            "have provided contains reserved keys that are currently not supported for modification. "
            f"Reserved keys used in this request: {', '.join(taken)}"
        )
    if len(json.dumps(variables)) > 4096:  # noqa: PLR2004  # AWS's limit
        raise InvalidParameterValueException(
            "Lambda was unable to configure your environment variables because the environment variables you "
            "have provided exceeded the 4KB limit."
        )


def _refuse_unserved(spec: dict[str, Any]) -> None:
    if spec.get("Layers"):
        raise InvalidParameterValueException(
            "The local AWS has no layers: put the modules into the package, or name them in its "
            "requirements.txt."
        )
    if spec.get("PackageType", "Zip") != "Zip" or "ImageUri" in spec or "ImageUri" in spec.get("Code", {}):
        raise InvalidParameterValueException(
            "The local AWS runs functions from zip archives, not from images."
        )
    runtime = spec.get("Runtime")
    if runtime and not runtime.startswith("python3."):
        raise InvalidParameterValueException(
            f"The local AWS runs Python functions: the runtime {runtime} is none of python3.x."
        )
    if "Handler" in spec and "." not in str(spec["Handler"]):
        raise InvalidParameterValueException(
            f"Bad handler '{spec['Handler']}': not enough values to unpack (expected 2, got 1)"
        )
