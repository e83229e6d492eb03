"""Messages that are published to a topic."""

import json
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from typing import Any

from airflow.sdk import Context
from airflow.sdk.exceptions import AirflowSkipException
from typing_extensions import override

from include.run import Run
from millrace.context import run_of
from millrace.hooks.aws import AwsHook
from millrace.hooks.s3 import S3
from millrace.operators.base import AwsOperator

MOST_MESSAGES = 10
"""Of a request."""
AT_A_TIME = 8


class PublishOperator(AwsOperator):
    """Publishes JSON documents to a topic; skipped where there are none. The result says how many.

    A try after a killed one publishes all of them again: whoever reads them tells them apart by their ids.

    Args:
        topic: its ARN; templated.
        messages: of the run.
        documents: URI in S3 -> content, of the run: what has to be there before anybody reads a message.
    """

    template_fields: Sequence[str] = ("topic",)

    def __init__(
        self,
        *,
        topic: Any,
        messages: Callable[[Run], Sequence[Mapping[str, Any]]],
        documents: Callable[[Run], Mapping[str, Any]],
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.topic = topic
        self.messages = messages
        self.documents = documents

    @override
    def execute(self, context: Context) -> dict[str, int]:
        run = run_of(context)
        documents, messages = self.documents(run), self.messages(run)
        if not messages:
            raise AirflowSkipException("nothing is to be published")
        for uri, content in documents.items():
            self.s3.write(uri, json.dumps(content).encode())
        batches = [
            messages[begin : begin + MOST_MESSAGES] for begin in range(0, len(messages), MOST_MESSAGES)
        ]
        # Made here: making it is not for several threads.
        client = self.sns
        with ThreadPoolExecutor(AT_A_TIME) as pool:
            list(pool.map(lambda batch: self._publish(client, batch), batches))
        self.log.info("published %d messages to %s", len(messages), self.topic)
        return {"published": len(messages)}

    def _publish(self, client: Any, batch: Sequence[Mapping[str, Any]]) -> None:
        entries = [{"Id": str(number), "Message": json.dumps(each)} for number, each in enumerate(batch)]
        answer = client.publish_batch(TopicArn=self.topic, PublishBatchRequestEntries=entries)
        if failed := answer.get("Failed"):
            raise RuntimeError(f"{self.topic} refused {len(failed)} messages: {failed[0]['Code']}")

    @cached_property
    def sns(self) -> Any:
        """boto3's client of SNS."""
        return AwsHook("sns", self.aws_conn_id, self.region_name).conn

    @cached_property
    def s3(self) -> S3:
        """Objects in S3."""
        return S3(self.aws_conn_id, self.region_name)
