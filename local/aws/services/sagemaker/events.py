"""The events that SageMaker publishes when the state of something changes."""

import logging
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from local.aws.services.sagemaker import context

log = logging.getLogger(__name__)


def announce(subject: str, detail: Mapping[str, Any], arn: str, region: str) -> None:
    """Publishes ``SageMaker <subject> State Change`` with `detail` in the describe operation's shape.

    A failing subscriber must not change what happens to the job, so errors are logged here.
    """
    detail_type = f"SageMaker {subject} State Change"
    try:
        context.current().aws.put_event("aws.sagemaker", detail_type, as_detail(detail), [arn], region=region)
    except Exception:
        log.exception("The event %r of %s was not published", detail_type, arn)


def as_detail(value: Any) -> Any:
    """A describe answer as events carry it: times are milliseconds since the epoch."""
    if isinstance(value, datetime):
        return int(value.timestamp() * 1000)
    if isinstance(value, Mapping):
        return {name: as_detail(item) for name, item in value.items() if item is not None}
    if isinstance(value, list | tuple):
        return [as_detail(item) for item in value]
    return value


def upper_status(status: str) -> str:
    """Endpoint events spell the status in capitals.

    >>> upper_status("InService")
    'IN_SERVICE'
    """
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", status).upper()
