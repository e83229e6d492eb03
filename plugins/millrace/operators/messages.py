"""Text messages, each sent once: see docs/adr/0012-a-message-is-sent-at-most-once.md."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cached_property
from http import HTTPStatus
from typing import Any, NoReturn
from uuid import uuid4

from airflow.sdk import Context
from airflow.sdk.exceptions import AirflowFailException
from airflow.sdk.log import mask_secret
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError
from typing_extensions import override

from include.messages import Marker, TextMessage, masked, recipient
from millrace.context import run_of
from millrace.hooks.aws import AwsHook
from millrace.hooks.s3 import S3
from millrace.operators.base import BuildingOperator

ONCE = Config(retries={"mode": "standard", "total_max_attempts": 1})
"""SNS has no token that would tell a repeated call from a second message, so botocore repeats none."""


class TextMessageOperator(BuildingOperator):
    """Sends a text to the deployment's telephone number, at most once for each marker.

    The result says whether this task has ``sent`` it, and the ``message_id`` where SNS has taken it. Number
    and text are in no log, XCom or rendered field.

    Args:
        build: makes the message from the run, ``arguments`` and the ``documents``.
        arguments: what it takes beside the run; may hold XComArgs and templates.
        documents: where small JSON documents are, of the run and ``arguments``, by the names under which
            ``build`` takes their content.
    """

    ui_color = "#fbe3e4"

    def __init__(self, *, documents: Mapping[str, Callable[..., str]] | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.documents = dict(documents or {})

    @override
    def execute(self, context: Context) -> dict[str, Any]:
        run, ti = run_of(context), context["ti"]
        number = recipient(run.settings)
        mask_secret(number)
        found = {name: self.s3.read_json(uri(run, **self.arguments)) for name, uri in self.documents.items()}
        message: TextMessage = self.build(run, **self.arguments, **found)
        mine = Marker(uuid4().hex, f"{ti.dag_id}.{ti.task_id} of {ti.run_id}")
        marker = self._claim(message.marker, mine)
        if marker.message_id:
            self.log.info("was sent already, as %s by %s", marker.message_id, marker.sender)
            return {"sent": False, "message_id": marker.message_id}
        # The claim itself is compared: an answer that got lost has made botocore ask S3 twice.
        if marker.claim == mine.claim:
            return {"sent": True, "message_id": self._send(message, number, mine)}
        if marker.sender == mine.sender:
            _unknown(message, "an earlier try of this task ended before it heard SNS's answer")
        self.log.info("is being sent by %s", marker.sender)
        return {"sent": False, "message_id": None}

    def _claim(self, uri: str, mine: Marker) -> Marker:
        """This attempt's marker, now in S3, or that of who came first."""
        while not self.s3.create(uri, mine.document()):
            try:
                return Marker.parse(self.s3.read_json(uri))
            except self.s3.client.exceptions.NoSuchKey:
                continue  # withdrawn meanwhile
        return mine

    def _send(self, message: TextMessage, number: str, marker: Marker) -> str:
        try:
            answer = self.sns.publish(**message.request(number))
        except HTTPClientError as error:
            _unknown(message, f"no answer of SNS: {error}")
        except ClientError as error:
            reason = _without(error, number)
            if error.response["ResponseMetadata"]["HTTPStatusCode"] >= HTTPStatus.INTERNAL_SERVER_ERROR:
                _unknown(message, str(reason))
            self.s3.delete(message.marker)
            raise reason from None
        except BotoCoreError:
            # There was no connection or no request, so there is no message.
            self.s3.delete(message.marker)
            raise
        message_id = str(answer["MessageId"])
        self.log.info("SNS has taken it for %s as %s", masked(number), message_id)
        self.s3.write(message.marker, replace(marker, message_id=message_id).document())
        return message_id

    @cached_property
    def s3(self) -> S3:
        """Markers and documents in S3."""
        return S3(self.aws_conn_id, self.region_name)

    @cached_property
    def sns(self) -> Any:
        """boto3's client of SNS, which asks once."""
        return AwsHook("sns", self.aws_conn_id, self.region_name, ONCE).conn


def _unknown(message: TextMessage, reason: str) -> NoReturn:
    raise AirflowFailException(
        f"It is not known whether the message was sent ({reason}), and it is not sent again by itself. Its "
        f"text is in {message.source}. If it has not come, delete {message.marker} and clear the task."
    ) from None


def _without(error: ClientError, number: str) -> ClientError:
    """The error without the number, which SNS repeats in its reason."""
    details = error.response["Error"]
    reason = details.get("Message", "").replace(number, masked(number))
    response: Any = {**error.response, "Error": {**details, "Message": reason}}
    return ClientError(response, error.operation_name)
