"""What a human loop leaves: the document in S3 and the event.

https://docs.aws.amazon.com/sagemaker/latest/dg/a2i-output-data.html
https://docs.aws.amazon.com/sagemaker/latest/dg/a2i-cloudwatch-events.html
"""

import json
from datetime import datetime
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from local.aws.review.tasks import Answer
from local.aws.review.workers import Worker
from local.aws.services.a2i_runtime.records import HumanLoop


def uri(loop: HumanLoop) -> str:
    """Where the output of a loop is: below the flow definition's name and the moment of the loop's creation.

    `S3OutputPath` itself may end with a slash.
    """
    flow = loop.flow_definition_arn.rpartition("/")[2]
    moment = f"{loop.creation_time:%Y/%m/%d/%H/%M/%S}"
    return f"{loop.output_config['S3OutputPath'].rstrip('/')}/{flow}/{moment}/{loop.name}/output.json"


def document(loop: HumanLoop, answers: tuple[Answer, ...]) -> bytes:
    """The output of a custom task, answers in the order in which they came."""
    issuer = _issuer(loop)
    output = {
        "flowDefinitionArn": loop.flow_definition_arn,
        "humanAnswers": [_answer(answer, issuer) for answer in answers],
        "humanLoopName": loop.name,
        "inputContent": json.loads(loop.content),
    }
    return json.dumps(output).encode()


def detail(loop: HumanLoop) -> dict[str, Any]:
    """What the event tells of a loop; unlike in an API's answer, what is not there is null."""
    code, reason = loop.failure or (None, None)
    return {
        "creationTime": timestamp(loop.creation_time),
        "failureCode": code,
        "failureReason": reason,
        "flowDefinitionArn": loop.flow_definition_arn,
        "humanLoopArn": loop.arn,
        "humanLoopName": loop.name,
        "humanLoopOutput": {"outputS3Uri": loop.output_uri} if loop.output_uri else None,
        "humanLoopStatus": loop.status,
    }


def timestamp(moment: datetime) -> str:
    """ISO 8601 with milliseconds, in UTC.

    >>> from datetime import UTC
    >>> timestamp(datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC))
    '2026-01-02T03:04:05.678Z'
    """
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"


def _answer(answer: Answer, issuer: str) -> dict[str, Any]:
    spent = (answer.submitted_at - answer.accepted_at).total_seconds()
    return {
        "acceptanceTime": timestamp(answer.accepted_at),
        "answerContent": answer.content,
        "submissionTime": timestamp(answer.submitted_at),
        "timeSpentInSeconds": round(spent, 3),
        "workerId": answer.worker.id,
        "workerMetadata": {"identityData": _identity(answer.worker, issuer)},
    }


def _identity(worker: Worker, issuer: str) -> dict[str, str]:
    """A person at the team's identity provider, which is not asked: the subject comes of the worker's id."""
    subject = str(uuid5(NAMESPACE_URL, f"{issuer}/{worker.id}"))
    provider = "Cognito" if "cognito-idp" in issuer else "Oidc"
    return {"identityProviderType": provider, "issuer": issuer, "sub": subject}


def _issuer(loop: HumanLoop) -> str:
    members = loop.workteam.get("MemberDefinitions") or [{}]
    pool = members[0].get("CognitoMemberDefinition", {}).get("UserPool")
    if pool:
        return f"https://cognito-idp.{loop.region}.amazonaws.com/{pool}"
    return str(loop.workteam.get("WorkforceArn") or loop.workteam["WorkteamArn"])
