"""What S3 tells of an object that has arrived, as EventBridge delivers it.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/ev-events.html
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

ASSET_PREFIX = "uploads/"
"""Names of assets that stand for the uploads of a pipeline begin with this."""

Payload = dict[str, Any]
"""An upload as JSON: the fields of :class:`Upload` and its ``uri``."""


class NotAnUpload(ValueError):  # noqa: N818  # says what it is
    """A message has no event of S3 in it; the text says what it has instead."""


@dataclass(frozen=True)
class Upload:
    """One version of one object; ``size`` in bytes, ``time`` in ISO 8601 to the second."""

    bucket: str
    key: str
    size: int
    etag: str
    version: str | None
    time: str
    sequencer: str

    @classmethod
    def parse(cls, body: str) -> "Upload":
        """The upload in the body of a message.

        Raises:
            NotAnUpload: there is none in it.
        """
        event = _event(body)
        try:
            bucket, stored = event["detail"]["bucket"]["name"], event["detail"]["object"]
            return cls(
                bucket=str(bucket),
                key=str(stored["key"]),
                size=int(stored.get("size", 0)),
                etag=str(stored.get("etag", "")),
                version=stored.get("version-id"),
                time=str(event["time"]),
                sequencer=str(stored.get("sequencer", "")),
            )
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise NotAnUpload(f"an event of S3 that lacks a field, or has a wrong one: {error!r}") from error

    @classmethod
    def of(cls, payload: Mapping[str, Any]) -> "Upload":
        """The upload that ``payload`` once made."""
        return cls(**{each.name: payload[each.name] for each in fields(cls)})

    @property
    def uri(self) -> str:
        """``s3://bucket/key``."""
        return f"s3://{self.bucket}/{self.key}"

    @property
    def identity(self) -> tuple[str, str]:
        """What two deliveries of the same version share, and two versions do not."""
        return self.uri, self.version or self.sequencer

    @property
    def is_folder(self) -> bool:
        """Whether it is the empty object that consoles show as a folder."""
        return self.key.endswith("/")

    def payload(self) -> Payload:
        """As JSON."""
        return {"uri": self.uri, **asdict(self)}


def uploads_prefix(tenant: str, dag_id: str) -> str:
    """Keys of what is uploaded for a pipeline begin with this."""
    return f"{tenant}/uploads/{dag_id}/"


def in_order(payloads: Iterable[Mapping[str, Any]]) -> tuple[Upload, ...]:
    """Uploads in order of arrival, each once, however often it was told.

    Sequencers order the versions of one key; between keys they only make the order the same each time.
    """
    arrived: dict[tuple[str, str], Upload] = {}
    for upload in sorted(map(Upload.of, payloads), key=lambda each: (each.time, each.sequencer)):
        arrived.setdefault(upload.identity, upload)
    return tuple(arrived.values())


def _event(body: str) -> dict[str, Any]:
    try:
        event = json.loads(body)
    except ValueError as error:
        raise NotAnUpload(f"not JSON: {error}") from error
    if not isinstance(event, dict):
        raise NotAnUpload(f"not an event but a JSON {type(event).__name__}")
    kind = (event.get("source"), event.get("detail-type"))
    if kind != ("aws.s3", "Object Created"):
        raise NotAnUpload(f"an event of {kind[0]}, {kind[1]}, and not of aws.s3, Object Created")
    return event
