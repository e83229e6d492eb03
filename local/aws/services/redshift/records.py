"""Statements of the Data API as they are saved: plain data, no thread, no handle."""

import logging
import secrets
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from local.aws.services.redshift import context

log = logging.getLogger(__name__)

ENDED = ("FINISHED", "FAILED", "ABORTED")
KEPT = timedelta(hours=24)
"""How long statements and results can be asked for.

https://docs.aws.amazon.com/redshift/latest/mgmt/data-api.html
"""
EVENT = "Redshift Data Statement Status Change"


def now() -> datetime:
    """The present, to the millisecond."""
    moment = datetime.now(UTC)
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


class Statement:
    """One statement, or a batch. Its description is replaced as a whole: no reader sees half a change.

    Attributes:
        description: as DescribeStatement answers it.
        sqls: the statements of a batch, or the one.
        request: as it was made.
    """

    def __init__(self, id_: str, arn: str, region: str, request: Mapping[str, Any]) -> None:
        self.id = id_
        self.cluster_arn = arn
        self.region = region
        self.request = dict(request)
        self.sqls: Sequence[str] = request.get("Sqls") or [request["Sql"]]
        self.description: dict[str, Any] = {
            **{key: request[key] for key in SHOWN if request.get(key) is not None},
            "Id": id_,
            "CreatedAt": now(),
            "UpdatedAt": now(),
            "Status": "SUBMITTED",
            "Duration": 0,
            "HasResultSet": False,
            "RedshiftPid": secrets.randbelow(1 << 30),
            "RedshiftQueryId": 0,
            "ResultRows": -1,
            "ResultSize": -1,
            "ResultFormat": request.get("ResultFormat", "JSON"),
        }
        if request.get("Parameters"):
            self.description["QueryParameters"] = request["Parameters"]
        if self.is_batch:
            self.description["SubStatements"] = [self._sub(place) for place in range(len(self.sqls))]
        else:
            self.description["QueryString"] = self.sqls[0]

    @property
    def arn(self) -> str:
        """By which the queue knows it; AWS gives statements none."""
        return f"{self.cluster_arn}/statement/{self.id}"

    @property
    def name(self) -> str:
        """The caller's name; empty without one."""
        return str(self.request.get("StatementName", ""))

    @property
    def status(self) -> str:
        """In the spelling of the API."""
        return str(self.description["Status"])

    @property
    def is_over(self) -> bool:
        """Whether the status does not change any more."""
        return self.status in ENDED

    @property
    def is_batch(self) -> bool:
        """Whether BatchExecuteStatement has made it."""
        return "Sqls" in self.request

    @property
    def expires(self) -> datetime:
        """Until when it can be asked for."""
        return self.description["CreatedAt"] + KEPT

    def change(self, **changes: Any) -> None:
        """Changes fields of what is not over yet."""
        if not self.is_over:
            with context.current().aws.changing():
                self.description = {**self.description, **changes, "UpdatedAt": now()}

    def change_sub(self, place: int, **changes: Any) -> None:
        """Changes fields of one statement of a batch."""
        subs = list(self.description["SubStatements"])
        subs[place] = {**subs[place], **changes, "UpdatedAt": now()}
        self.change(SubStatements=subs)

    def end(self, status: str, **changes: Any) -> None:
        """Goes to its last status, and announces it where that was asked for."""
        if self.is_over:
            return
        self.change(Status=status, **changes)
        if self.request.get("WithEvent"):
            self._announce()

    def listed(self) -> dict[str, Any]:
        """As ListStatements answers it."""
        shown = ("Id", "SecretArn", "Status", "CreatedAt", "UpdatedAt", "QueryParameters", "ResultFormat")
        listed = {key: self.description[key] for key in shown if key in self.description}
        listed |= {"StatementName": self.name} if self.name else {}
        listed |= {"QueryStrings": self.sqls} if self.is_batch else {"QueryString": self.sqls[0]}
        return listed | {"IsBatchStatement": self.is_batch}

    def _sub(self, place: int) -> dict[str, Any]:
        moment = self.description["CreatedAt"]
        return {
            "Id": f"{self.id}:{place + 1}",
            "QueryString": self.sqls[place],
            "Status": "SUBMITTED",
            "CreatedAt": moment,
            "UpdatedAt": moment,
            "Duration": -1,
            "HasResultSet": False,
            "RedshiftQueryId": -1,
            "ResultRows": -1,
            "ResultSize": -1,
        }

    def _announce(self) -> None:
        """Publishes the event. A failing subscriber must not change the statement, so errors are logged.

        https://docs.aws.amazon.com/redshift/latest/mgmt/data-api-monitoring-events.html
        """
        detail = {
            "principal": f"arn:aws:iam::{self.cluster_arn.split(':')[4]}:root",
            "statementName": self.name,
            "statementId": self.id,
            "redshiftQueryId": self.description["RedshiftQueryId"],
            "state": self.status,
            "rows": self.description["ResultRows"],
            "expireAt": int(self.expires.timestamp()),
        }
        aws = context.current().aws
        try:
            aws.put_event("aws.redshift-data", EVENT, detail, [self.cluster_arn], region=self.region)
        except Exception:
            log.exception("The event of statement %s was not published", self.id)


SHOWN = ("ClusterIdentifier", "Database", "DbUser", "SecretArn", "ExecutionMode")
