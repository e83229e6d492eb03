"""The function through which Firehose sends its records.

What cannot be flattened is ``ProcessingFailed``: Firehose keeps it, as it was, under the prefix for errors.
https://docs.aws.amazon.com/firehose/latest/dev/data-transformation.html
"""

import base64
import json
import logging
from collections.abc import Mapping
from typing import Any

from flattening import NotFlattenableError, flatten

log = logging.getLogger(__name__)
log.setLevel(logging.INFO)


def handler(event: Mapping[str, Any], _context: object) -> dict[str, list[dict[str, str]]]:
    """Transforms a batch; every record has a result."""
    made = [_result(each["recordId"], each["data"]) for each in event["records"]]
    failed = sum(each["result"] != "Ok" for each in made)
    log.info(json.dumps({"records": len(made), "failed": failed}))
    return {"records": made}


def _result(name: str, data: str) -> dict[str, str]:
    try:
        line = flatten(base64.b64decode(data))
    except NotFlattenableError as error:
        log.warning("record %s is no event: %s", name, error)
        return {"recordId": name, "result": "ProcessingFailed", "data": data}
    return {"recordId": name, "result": "Ok", "data": base64.b64encode(line).decode()}
