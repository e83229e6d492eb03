"""Virtual clusters and job runs as they are saved: plain data, no thread, no handle."""

import logging
import threading
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from local.aws.services.emr_containers import context

log = logging.getLogger(__name__)

Request = Mapping[str, Any]
RUNNING = "RUNNING"
ENDED = ("COMPLETED", "FAILED", "CANCELLED")
MAX_DETAILS = 256
"""Characters of ``stateDetails``."""
ANNOUNCED = (
    *("name", "id", "arn", "virtualClusterId", "state", "createdBy", "releaseLabel", "executionRoleArn"),
    *("failureReason", "stateDetails"),
)

# A request to cancel and the job run's own thread may change it at the same moment.
_changing = threading.RLock()


def now() -> datetime:
    """The present, to the millisecond, as AWS's answers have it."""
    moment = datetime.now(UTC)
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


class Record:
    """Something with an id. Its description is replaced as a whole: no reader sees half a change.

    Attributes:
        description: as the answer of the describe operation has it.
        token: the client token of the request that made it.
        request: that request, without the token.
    """

    def __init__(self, description: dict[str, Any], request: Request) -> None:
        self.description = description
        self.token = str(request["clientToken"])
        self.request = {name: value for name, value in request.items() if name != "clientToken"}

    @property
    def id(self) -> str:
        """The id that the service gave it."""
        return str(self.description["id"])

    @property
    def arn(self) -> str:
        """The ARN."""
        return str(self.description["arn"])

    @property
    def name(self) -> str:
        """The caller's name, which others may have too; empty without one."""
        return str(self.description.get("name", ""))

    @property
    def state(self) -> str:
        """In the spelling of the describe operation."""
        return str(self.description["state"])

    @property
    def tags(self) -> list[dict[str, str]]:
        """As the pages of jobs take them."""
        return [{"Key": key, "Value": value} for key, value in (self.description.get("tags") or {}).items()]

    def update(self, **changes: Any) -> None:
        """Changes fields."""
        with context.current().aws.changing():
            self.description = self.description | changes


class VirtualCluster(Record):
    """A virtual cluster: on AWS a namespace of an EKS cluster."""

    @property
    def provider(self) -> Mapping[str, Any]:
        """The EKS cluster and the namespace."""
        provider: Mapping[str, Any] = self.description["containerProvider"]
        return provider

    @property
    def namespace(self) -> str:
        """The namespace; empty where the request gave none."""
        return str(((self.provider.get("info") or {}).get("eksInfo") or {}).get("namespace", ""))


class JobRun(Record):
    """A job run.

    The names of its events are documented at
    https://docs.aws.amazon.com/eventbridge/latest/ref/events-ref-emr-containers.html, their fields are not:
    they are taken to be those of the description that a person would ask for.
    """

    def __init__(self, description: dict[str, Any], request: Request, region: str) -> None:
        super().__init__(description, request)
        self.region = region

    @property
    def cluster(self) -> str:
        """The id of its virtual cluster."""
        return str(self.description["virtualClusterId"])

    @property
    def overrides(self) -> Mapping[str, Any]:
        """The request's ``configurationOverrides``."""
        return self.request.get("configurationOverrides") or {}

    @property
    def monitoring(self) -> Mapping[str, Any]:
        """Where its logs go."""
        return self.overrides.get("monitoringConfiguration") or {}

    @property
    def max_attempts(self) -> int:
        """How often the driver may be started."""
        return int((self.request.get("retryPolicyConfiguration") or {}).get("maxAttempts", 1))

    def move(self, state: str, **changes: Any) -> None:
        """Goes to a state and announces it. What has ended stays so; what is being cancelled can only end."""
        with _changing:
            if self.state in ENDED or (self.state == "CANCEL_PENDING" and state not in ENDED):
                return
            self.update(state=state, **changes)
        self.announce("EMR Job Run State Change")

    def end(self, state: str, details: str, **changes: Any) -> None:
        """Goes to a last state, with a sentence for people."""
        self.move(state, finishedAt=now(), stateDetails=details[:MAX_DETAILS], **changes)

    def announce(self, detail_type: str, **more: Any) -> None:
        """Publishes an event. A failing subscriber must not change the job run, so errors are logged here."""
        detail = {name: self.description[name] for name in ANNOUNCED if name in self.description}
        severity = "ERROR" if self.state == "FAILED" else "INFO"
        try:
            context.current().aws.put_event(
                "aws.emr-containers",
                detail_type,
                {"severity": severity, **detail, **more},
                [self.arn],
                region=self.region,
            )
        except Exception:
            log.exception("The event %r of %s was not published", detail_type, self.arn)
