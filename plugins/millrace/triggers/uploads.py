"""Starts a pipeline when objects are uploaded for it."""

from collections.abc import AsyncGenerator, AsyncIterator, Hashable
from typing import Any

from airflow.triggers.base import BaseEventTrigger, TriggerEvent
from airflow.triggers.shared_stream import SharedStreamProducer
from typing_extensions import override

from include.settings import settings
from include.uploads import uploads_prefix
from millrace.triggers.upload_watches import UploadWatches, Watch
from millrace.triggers.uploads_queue import QueueKey, UploadsQueue


class UploadsTrigger(BaseEventTrigger):
    """Fires once per burst of uploads, with ``{"objects": [...]}``, each as ``include.uploads.Payload``.

    For asset watchers only, and all those of a triggerer share one loop over the durable queue.
    Settings are read when it runs.
    """

    def __init__(
        self,
        dag_id: str,
        suffix: str | None = None,
        aws_conn_id: str | None = "aws_default",
        region_name: str | None = None,
    ) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # untyped in Airflow, as is TriggerEvent below
        self.dag_id = dag_id
        self.suffix = suffix
        self.aws_conn_id = aws_conn_id
        self.region_name = region_name

    @override
    def serialize(self) -> tuple[str, dict[str, Any]]:
        kwargs = {
            "dag_id": self.dag_id,
            "suffix": self.suffix,
            "aws_conn_id": self.aws_conn_id,
            "region_name": self.region_name,
        }
        return f"{type(self).__module__}.{type(self).__qualname__}", kwargs

    @override
    def shared_stream_key(self) -> Hashable:
        return QueueKey(self.aws_conn_id, self.region_name)

    @classmethod
    @override
    def create_shared_stream_producer(cls, kwargs: dict[str, Any]) -> SharedStreamProducer:
        return UploadsQueue(QueueKey(kwargs["aws_conn_id"], kwargs["region_name"]))

    @override
    async def filter_shared_stream(self, shared_stream: AsyncIterator[Any]) -> AsyncGenerator[TriggerEvent]:
        watch = Watch(uploads_prefix(settings().tenant, self.dag_id), self.suffix)
        with UploadWatches.of(self.shared_stream_key()).watching(watch):
            async for uploads in shared_stream:
                if own := [upload for upload in uploads if watch.wants(upload["key"])]:
                    self.log.info("%d uploads for %s", len(own), self.dag_id)
                    yield TriggerEvent({"objects": own})  # type: ignore[no-untyped-call]

    @override
    def run(self) -> AsyncIterator[TriggerEvent]:
        """Airflow drives :meth:`filter_shared_stream` instead."""
        raise NotImplementedError("UploadsTrigger shares its stream: give it to an AssetWatcher")
