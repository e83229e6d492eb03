"""Chances of goals, as the live endpoint sees them."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import boto3
import numpy as np
from botocore.exceptions import BotoCoreError, ClientError

from failure import JobError
from goal_view import Floats

if TYPE_CHECKING:
    from mypy_boto3_sagemaker_runtime import SageMakerRuntimeClient

ROWS = 1000
"""Of a request: some 100 KB, where 6 MB are allowed."""


def scores(endpoint: str, rows: Floats) -> Floats:
    """A chance for each row (rows, features); a feature that is not known is NaN.

    Raises:
        JobError: the endpoint is not there, or does not answer with a chance for each row.
    """
    client: SageMakerRuntimeClient = boto3.client("sagemaker-runtime")
    parts = [_ask(client, endpoint, part) for part in _parts(rows)]
    return np.concatenate([np.empty(0), *parts])


def _parts(rows: Floats) -> Iterator[Floats]:
    for start in range(0, len(rows), ROWS):
        yield rows[start : start + ROWS]


def _ask(client: "SageMakerRuntimeClient", endpoint: str, rows: Floats) -> Floats:
    body = "\n".join(",".join("" if np.isnan(value) else f"{value:.6g}" for value in row) for row in rows)
    try:
        answer = client.invoke_endpoint(
            EndpointName=endpoint, ContentType="text/csv", Accept="text/csv", Body=body.encode()
        )
        found = np.array(answer["Body"].read().decode().replace(",", "\n").split(), np.float64)
    except (BotoCoreError, ClientError, ValueError) as error:
        raise JobError(f"The endpoint {endpoint} gives no chances: {error}.") from error
    if found.shape != (len(rows),):
        raise JobError(
            f"The endpoint {endpoint} answers {len(rows)} shots with {len(found)} values: one is expected "
            "for each."
        )
    if (wrong := found[~((found >= 0) & (found <= 1))]).size:
        raise JobError(f"The endpoint {endpoint} gives a shot {wrong[0]:g}, which is no chance from 0 to 1.")
    return found
