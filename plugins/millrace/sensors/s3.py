"""Waiting for an object in S3."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from airflow.sdk import Context
from typing_extensions import override

from millrace.hooks.aws import AwsHook
from millrace.links import OutputLink
from millrace.pages import object_page
from millrace.sensors.base import AwsSensor
from millrace.triggers.object_event import ObjectEventTrigger


class S3ObjectEventSensor(AwsSensor):
    """Waits until there is an object. One that is there already ends the wait at once.

    Args:
        uri: an object; a folder, which ends in ``/`` and stands for any object in it; or a pattern with
            ``*``, ``?`` or ``[...]``; templated.

    The result has ``uri``, ``size`` in bytes and ``etag`` of the object that was found first.
    """

    template_fields: Sequence[str] = ("uri",)
    operator_extra_links = (OutputLink(),)

    def __init__(self, *, uri: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.uri = uri
        self.links: dict[str, str | None] = {}

    @override
    def execute(self, context: Context) -> dict[str, Any]:
        self.defer(
            trigger=ObjectEventTrigger(self.uri, self.aws_conn_id, self.region_name),
            method_name=self.found.__name__,
            timeout=timedelta(seconds=self.timeout),
        )
        raise AssertionError("defer() never returns")

    def found(self, _context: Context, event: Mapping[str, Any]) -> dict[str, Any]:
        """Called with the object."""
        self.log.info("found %s", event["uri"])
        meta = AwsHook("s3", self.aws_conn_id, self.region_name).conn.meta
        self.links = {OutputLink.name: object_page(meta, event["uri"])}
        return dict(event)
