"""Lambda functions, their permissions, event source mappings and settings of asynchronous invocation."""

import base64
import json
from contextlib import suppress
from typing import Any

from moto.awslambda.exceptions import (
    GenericResourcNotFound,
    UnknownEventConfig,
    UnknownFunctionException,
    UnknownPolicyException,
)
from moto.awslambda.models import LambdaFunction, lambda_backends
from typing_extensions import override

from local.aws.services.cloudformation.attachment import Attachment
from local.aws.services.cloudformation.resource import Properties

GONE = (UnknownFunctionException, UnknownPolicyException, UnknownEventConfig, GenericResourcNotFound)
CODE = ("ZipFile", "S3Bucket", "S3Key")


class _OfLambda(Attachment):
    """A resource of Lambda, by its API's own names of members, which are those of the template."""

    @property
    def _backend(self) -> Any:
        return lambda_backends[self.account][self.region]

    def _wanted(self, *without: str) -> Properties:
        return {name: value for name, value in self.properties.items() if name not in without}

    @override
    def delete(self, account_id: str, region_name: str) -> None:
        """Moto goes through a stack in no order: what belongs to a function may go after it."""
        with suppress(*GONE):
            super().delete(account_id, region_name)


class Function(_OfLambda):
    """``AWS::Lambda::Function``; moto leaves out most of its properties."""

    resource_type = "AWS::Lambda::Function"
    identity = ("FunctionName", "PackageType")
    _code: Any = None

    @property
    @override
    def physical_resource_id(self) -> str:
        return str(self.properties.get("FunctionName") or self.name)

    @override
    def apply(self) -> None:
        name, code = self.physical_resource_id, self.properties["Code"]
        wanted = self._wanted("Tags", "Code", "ReservedConcurrentExecutions") | {"FunctionName": name}
        tags = {tag["Key"]: tag["Value"] for tag in self.properties.get("Tags", [])}
        if self._code is None:
            self._backend.create_function(wanted | {"Code": _package(code), "Tags": tags})
        else:
            self._backend.update_function_configuration(name, None, body=_DEFAULTS | wanted)
            if code != self._code:
                self._backend.update_function_code(name, None, _package(code))
        self._code = dict(code)
        function = self._backend.get_function(name)
        function.tags = tags
        function.reserved_concurrency = self.properties.get("ReservedConcurrentExecutions")

    @override
    def remove(self) -> None:
        self._backend.delete_function(self.physical_resource_id)

    @classmethod
    @override
    def has_cfn_attr(cls, attr: str) -> bool:
        return attr == "Arn"

    def get_cfn_attribute(self, _attribute_name: str) -> str:
        """The value of ``Fn::GetAtt``."""
        return f"arn:aws:lambda:{self.region}:{self.account}:function:{self.physical_resource_id}"


_DEFAULTS: Properties = {
    "Description": "",
    "Environment": {"Variables": {}},
    "MemorySize": 128,
    "Timeout": 3,
    "DeadLetterConfig": {},
    "LoggingConfig": {},
}
"""What a function has of a property that its template no longer names."""


def _package(code: Properties) -> Properties:
    """Code as the API takes it: text in a template is the module ``index``."""
    found = {name: code[name] for name in CODE if name in code}
    if "ZipFile" in found:
        archive = LambdaFunction._create_zipfile_from_plaintext_code(found["ZipFile"])  # noqa: SLF001  # see above
        found["ZipFile"] = base64.b64encode(archive).decode()
    return found


class EventSourceMapping(_OfLambda):
    """``AWS::Lambda::EventSourceMapping``."""

    resource_type = "AWS::Lambda::EventSourceMapping"
    identity = ("EventSourceArn", "StartingPosition", "StartingPositionTimestamp")
    uuid = ""

    @property
    @override
    def physical_resource_id(self) -> str:
        return self.uuid or self.name

    @override
    def apply(self) -> None:
        if self.uuid:
            self._backend.update_event_source_mapping(self.uuid, self._wanted("Tags"))
        else:
            self.uuid = self._backend.create_event_source_mapping(self._wanted("Tags")).uuid

    @override
    def remove(self) -> None:
        self._backend.delete_event_source_mapping(self.uuid)

    @classmethod
    @override
    def has_cfn_attr(cls, attr: str) -> bool:
        return attr == "Id"

    def get_cfn_attribute(self, _attribute_name: str) -> str:
        """The value of ``Fn::GetAtt``."""
        return self.uuid


class EventInvokeConfig(_OfLambda):
    """``AWS::Lambda::EventInvokeConfig``."""

    resource_type = "AWS::Lambda::EventInvokeConfig"
    identity = ("FunctionName", "Qualifier")

    @override
    def apply(self) -> None:
        config = self._wanted("FunctionName", "Qualifier")
        self._backend.put_function_event_invoke_config(self.properties["FunctionName"], config)

    @override
    def remove(self) -> None:
        self._backend.delete_function_event_invoke_config(self.properties["FunctionName"])


class Permission(_OfLambda):
    """``AWS::Lambda::Permission``; kept and shown: on this machine whoever asks may invoke."""

    resource_type = "AWS::Lambda::Permission"
    identity = ("FunctionName", "Action", "Principal", "SourceArn", "SourceAccount")

    @override
    def apply(self) -> None:
        function = self._backend.get_function(self.properties["FunctionName"])
        if not any(statement["Sid"] == self.name for statement in function.policy.statements):
            request = self._wanted("FunctionName") | {"StatementId": self.name}
            self._backend.add_permission(function.function_name, None, json.dumps(request))

    @override
    def remove(self) -> None:
        self._backend.remove_permission(self.properties["FunctionName"], self.name)
