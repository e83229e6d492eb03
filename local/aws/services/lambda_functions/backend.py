"""Lambda as a moto backend that executes."""

import time
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from moto.awslambda import urls
from moto.awslambda.models import EventInvokeConfig, EventSourceMapping, LambdaBackend, LambdaFunction
from moto.core.utils import utcnow

from local.aws.services.lambda_functions import destinations
from local.aws.services.lambda_functions import mapping as mappings
from local.aws.services.lambda_functions.context import current
from local.aws.services.lambda_functions.errors import (
    GenericResourcNotFound,
    InvalidParameterValueException,
)
from local.aws.services.lambda_functions.function import LocalFunction
from local.aws.services.lambda_functions.mapping import LocalMapping

if TYPE_CHECKING:
    from local.aws.services.lambda_functions.asynchronous import QueuedEvent

Request = dict[str, Any]


class LocalLambda(LambdaBackend):
    """Functions that run and event sources that are read; versions, aliases, policies and tags are moto's."""

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self.queued_events: dict[str, QueuedEvent] = {}

    @property
    def _url_module(self) -> Any:
        # moto derives the module from the class's own module, which is not where the URLs are.
        return urls

    def delete_function(self, function_name: str, qualifier: str | None = None) -> None:
        """Also ends the function's processes; its mappings stay, as on AWS, and say that it is gone."""
        function = self.get_function(function_name, qualifier)
        super().delete_function(function_name, qualifier)
        if isinstance(function, LocalFunction):
            current().pool.discard(function.unqualified_arn)

    def update_function_code(self, function_name: str, qualifier: str, body: Request) -> Request:
        """As moto's, but the code is taken over once, before a version is published."""
        function = self.get_function(function_name, qualifier)
        configuration = function.update_function_code(body)
        if body.get("Publish"):
            published = self.publish_version(function_name)
            return published.get_configuration() if published else configuration
        return configuration

    def invoke(
        self, function_name: str, qualifier: str | None, body: Any, headers: Any, response_headers: Any
    ) -> str:
        """How moto's other services invoke a function: EventBridge does not wait for it."""
        del headers, response_headers
        function = self.get_function(function_name, qualifier)
        payload = body if isinstance(body, bytes) else str(body or "{}").encode()
        return self.local(function).invoke(payload.decode(), None, None)

    @staticmethod
    def local(function: LambdaFunction) -> LocalFunction:
        """The function as one that can run. Raises for one of an older state."""
        if not isinstance(function, LocalFunction):
            raise InvalidParameterValueException("This function is of an older local AWS: create it again.")
        return function

    # Asynchronous invocation

    def put_function_event_invoke_config(self, function_name: str, config: Request) -> Request:
        """Replaces what there was; moto keeps the first."""
        function = self.get_function(function_name)
        for each in (config.get("DestinationConfig") or {}).values():
            if arn := each.get("Destination"):
                _check_destination(arn)
        last_modified: Any = time.mktime(utcnow().timetuple())
        made = EventInvokeConfig(f"{function.function_arn}:$LATEST", last_modified, config)
        function.event_invoke_config = [made]
        return made.response()

    def update_function_event_invoke_config(self, function_name: str, config: Request) -> Request:
        """What the request does not name stays."""
        present = self.get_function(function_name).event_invoke_config
        merged = (present[0].config if present else {}) | config
        return self.put_function_event_invoke_config(function_name, merged)

    # Event source mappings

    def create_event_source_mapping(self, spec: Request) -> EventSourceMapping:
        """Begins to read the source."""
        for name in ("EventSourceArn", "FunctionName"):
            if not spec.get(name):
                raise InvalidParameterValueException(f"Missing {name}")
        function = self.local(self.get_function(spec["FunctionName"]))
        mappings.check(spec, function, self.account_id, self.region_name)
        if self.list_event_source_mappings(spec["EventSourceArn"], spec["FunctionName"]):
            raise mappings.exists(spec["EventSourceArn"], function.function_name)
        own = {"RegionName": self.region_name, "AccountId": self.account_id}
        made = LocalMapping({**spec, **own, "FunctionArn": function.function_arn})  # type: ignore[abstract]  # as moto
        self._event_source_mappings[made.uuid] = made
        current().sources.refresh(made)
        return made

    def update_event_source_mapping(self, uuid: str, spec: Request) -> EventSourceMapping:
        """Reads on where it was, by the changed settings."""
        mapping = self.mapping(uuid)
        function = self.local(self.get_function(spec.get("FunctionName") or mapping.function_arn))
        wanted = {name: value for name, value in spec.items() if value is not None}
        mappings.check(mapping.get_configuration() | wanted, function, self.account_id, self.region_name)
        super().update_event_source_mapping(uuid, wanted)
        current().sources.refresh(mapping)
        return mapping

    def delete_event_source_mapping(self, uuid: str) -> EventSourceMapping:
        """Stops reading."""
        mapping = self.mapping(uuid)
        super().delete_event_source_mapping(uuid)
        current().sources.remove(mapping)
        return mapping

    def list_event_source_mappings(
        self, event_source_arn: str, function_name: str
    ) -> Iterable[EventSourceMapping]:
        """Those of a function whatever name it is given by: moto compares the text."""
        found = list(super().list_event_source_mappings(event_source_arn, ""))
        if not function_name:
            return found
        name = function_name.rsplit(":function:", maxsplit=1)[-1]
        return [each for each in found if each.function_arn.split(":function:")[-1] == name]

    def mapping(self, uuid: str) -> LocalMapping:
        """The mapping of this id. Raises AWS's error where there is none."""
        found = self._event_source_mappings.get(uuid)
        if not isinstance(found, LocalMapping):
            raise GenericResourcNotFound
        return found


def _check_destination(arn: str) -> None:
    try:
        destinations.check(arn)
    except destinations.DestinationUnsupportedError as error:
        raise InvalidParameterValueException(str(error)) from error
