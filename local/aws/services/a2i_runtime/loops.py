"""How a human loop ends: its answers are stored, or it expires, or it was stopped; and an event says so."""

from dataclasses import replace
from functools import partial
from typing import Any

from botocore.exceptions import ClientError

from local.aws.review.tasks import Answer, Ended
from local.aws.runtime.transfer import S3Uri
from local.aws.services.a2i_runtime import output
from local.aws.services.a2i_runtime.models import a2i_backends
from local.aws.services.a2i_runtime.records import COMPLETED, ENDED, FAILED, STOPPED, STOPPING, HumanLoop
from local.aws.services.sagemaker import context

EVENT = "SageMaker A2I HumanLoop Status Change"
SERVER_ERROR = 500


def task_ended(ended: Ended) -> None:
    """Ends the loop of a review task. Told again of one that has ended, it publishes the event again.

    AWS promises each event at least once: a server that was killed may not have published it.

    Raises:
        ClientError: S3 failed, and may not the next time.
    """
    loop = _find(ended.task.reference)
    if loop is None:
        return
    if loop.status not in ENDED:
        loop = _end(loop, ended)
    context.current().aws.put_event(
        "aws.sagemaker", EVENT, output.detail(loop), [loop.arn], region=loop.region
    )


def _end(loop: HumanLoop, ended: Ended) -> HumanLoop:
    if ended.cancelled:
        return _change(loop, status=STOPPED)
    if not ended.complete:
        return _change(loop, status=FAILED, failure=("Expired", _expiry(ended)))
    try:
        _store(loop, ended.answers)
    except ClientError as error:
        if error.response["ResponseMetadata"]["HTTPStatusCode"] >= SERVER_ERROR:
            raise
        reason = f"The output could not be written to {output.uri(loop)}: {error}"
        return _change(loop, status=FAILED, failure=("ValidationError", reason[:1024]))
    return _change(loop, status=COMPLETED, output_uri=output.uri(loop))


def _expiry(ended: Ended) -> str:
    return (
        f"The human loop expired at {output.timestamp(ended.task.expires_at)} with {len(ended.answers)} of "
        f"{ended.task.answers_wanted} answers."
    )


def _store(loop: HumanLoop, answers: tuple[Answer, ...]) -> None:
    """Writes the output as the flow definition's role would; again, it writes the same."""
    uri = S3Uri.parse(output.uri(loop))
    key = loop.output_config.get("KmsKeyId")
    encryption: dict[str, Any] = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": key} if key else {}
    context.current().acting_for(loop.flow_definition_arn).s3(loop.region).put_object(
        Bucket=uri.bucket,
        Key=uri.key,
        Body=output.document(loop, answers),
        ContentType="application/json",
        **encryption,
    )


def _change(loop: HumanLoop, **changes: Any) -> HumanLoop:
    """A loop that was stopped while its output was written has stopped all the same."""
    backend = a2i_backends[loop.account][loop.region]
    with context.current().aws.changing():
        return backend.change(loop.name, partial(_unless_stopping, changes=changes))


def _unless_stopping(loop: HumanLoop, changes: dict[str, Any]) -> HumanLoop:
    return replace(loop, **({"status": STOPPED} if loop.status == STOPPING else changes))


def _find(arn: str) -> HumanLoop | None:
    _, _, _, region, account, resource = arn.split(":", 5)
    found: HumanLoop | None = a2i_backends[account][region].loops.get(resource.partition("/")[2])
    return found
