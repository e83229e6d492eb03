"""The Data API: statements that are run later, and their results.

https://docs.aws.amazon.com/redshift-data/latest/APIReference/Welcome.html
"""

import json
import shutil
import threading
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, TypeVar
from uuid import uuid4

from botocore.model import ServiceModel
from botocore.session import get_session
from moto.redshift.models import redshift_backends
from moto.redshiftdata import urls
from moto.redshiftdata.models import RedshiftDataAPIServiceBackend

from local.aws.constraints import broken
from local.aws.services.redshift import context
from local.aws.services.redshift.clusters import arn_of
from local.aws.services.redshift.errors import NotFoundError, ValidationError
from local.aws.services.redshift.execution import Execution, results_of
from local.aws.services.redshift.login import read_secret
from local.aws.services.redshift.records import ENDED, Statement, now

RESTARTED = "ERROR: the local AWS was started again while the statement ran"
REPEATED = ("ClusterIdentifier", "Database", "DbUser", "SecretArn")
UNSERVED = {
    "WorkgroupName": "workgroups: give a ClusterIdentifier",
    "SessionId": "sessions that are kept",
    "SessionKeepAliveSeconds": "sessions that are kept",
}
DEFAULT_PAGE = 100
NO_RESULT = "Query does not have result. Please check query status with DescribeStatement."

Params = Mapping[str, Any]
Item = TypeVar("Item")

# By the statement's id: what of this process is at work. Not part of the saved state.
_executions: dict[str, Execution] = {}
_lock = threading.Lock()


class LocalRedshiftData(RedshiftDataAPIServiceBackend):
    """The statements of a region, by their ids."""

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self.statements: dict[str, Any] = {}  # not moto's own kind of record

    @property
    def _url_module(self) -> Any:
        # moto derives the module from the class's own module, which is not where the URLs are.
        return urls

    def run(self, operation: str, request: Params) -> dict[str, Any]:
        """ExecuteStatement and BatchExecuteStatement; a repeated client token gives the first statement."""
        self._check(operation, request)
        cluster = self._cluster(request)
        with _lock:
            self._sweep()
            statement = self._made_before(request)
            if statement is None:
                statement = Statement(str(uuid4()), arn_of(cluster), self.region_name, request)
                with context.current().aws.changing():
                    self.statements[statement.id] = statement
                self._submit(statement)
        self._wait(statement, request)
        answer = {key: request[key] for key in REPEATED if request.get(key) is not None}
        answer |= {"Id": statement.id, "CreatedAt": statement.description["CreatedAt"]}
        return answer | {"Status": statement.status, "HasResultSet": statement.description["HasResultSet"]}

    def describe(self, request: Params) -> dict[str, Any]:
        """DescribeStatement, of a batch or of one statement."""
        statement, _ = self._found(request)
        self._wait(statement, request)
        return statement.description

    def cancel(self, request: Params) -> dict[str, Any]:
        """CancelStatement."""
        statement, _ = self._found(request)
        if statement.is_over:
            raise ValidationError(
                f"Could not cancel a query that is already in {statement.status} state with ID: "
                f"{statement.id}"
            )
        context.current().queue.stop(statement.arn)
        return {"Status": True}

    def listed(self, request: Params) -> dict[str, Any]:
        """ListStatements, the newest first; only finished ones if no status is asked for."""
        self._check("ListStatements", request)
        status = request.get("Status", "FINISHED")
        found = [
            statement.listed()
            for statement in reversed(list(self.statements.values()))
            if status in ("ALL", statement.status)
            and statement.name.startswith(request.get("StatementName", ""))
            and request.get("ClusterIdentifier", statement.request["ClusterIdentifier"])
            == statement.request["ClusterIdentifier"]
            and request.get("Database", statement.request["Database"]) == statement.request["Database"]
        ]
        return paged("Statements", found, request)

    def result(self, request: Params) -> dict[str, Any]:
        """GetStatementResult, a page of rows at a time."""
        statement, place = self._found(request)
        self._wait(statement, request)
        folder = results_of(statement) / str(place)
        has_result = place is not None and (folder / "columns.json").is_file()
        if statement.status != "FINISHED" or not has_result:
            raise NotFoundError(NO_RESULT)
        token, pages = request.get("NextToken") or "0", len(list(folder.glob("[0-9]*.json")))
        page = int(token) if token.isdigit() else pages
        if page > max(0, pages - 1):
            raise ValidationError(f"The next token {token!r} is not one of this result.")
        described = _described(statement, place)
        return {
            "ColumnMetadata": json.loads((folder / "columns.json").read_text()),
            "Records": json.loads((folder / f"{page}.json").read_text()) if pages else [],
            "TotalNumRows": described["ResultRows"],
            **({"NextToken": str(page + 1)} if page + 1 < pages else {}),
        }

    def rows(self, operation: str, request: Params, sql: str, **values: str) -> list[list[Any]]:
        """Rows of a query that an operation needs, run as its caller; nobody sees the statement.

        Raises:
            ValidationError: the database refuses it.
        """
        self._check(operation, request)
        parameters = [{"name": name, "value": value} for name, value in values.items()]
        own = {key: request[key] for key in REPEATED if request.get(key) is not None}
        own |= {"Sql": sql, **({"Parameters": parameters} if parameters else {})}
        cluster = self._cluster(own)
        statement = Statement(str(uuid4()), arn_of(cluster), self.region_name, own)
        self._submit(statement).ended.wait()
        folder = results_of(statement) / "0"
        try:
            if statement.status != "FINISHED":
                raise ValidationError(str(statement.description.get("Error", statement.status)))
            pages = range(len(list(folder.glob("[0-9]*.json"))))
            rows = [row for page in pages for row in json.loads((folder / f"{page}.json").read_text())]
        finally:
            shutil.rmtree(results_of(statement), ignore_errors=True)
        return [[next(iter(field.values())) for field in row] for row in rows]

    def fail_interrupted(self) -> None:
        """After a restart: nothing runs any more."""
        for statement in self.statements.values():
            statement.end("FAILED", Error=RESTARTED)
        kept = {statement.id for statement in self.statements.values()}
        for folder in (context.current().folder / "results").glob("*"):
            if folder.name not in kept:
                shutil.rmtree(folder, ignore_errors=True)

    def _submit(self, statement: Statement) -> Execution:
        execution = Execution(statement)
        for id_, each in list(_executions.items()):
            if each.ended.is_set():
                _executions.pop(id_, None)
        _executions[statement.id] = execution
        context.current().queue.submit(execution)
        return execution

    def _wait(self, statement: Statement, request: Params) -> None:
        """Waits for the end as long as the request says."""
        execution = _executions.get(statement.id)
        if execution and not statement.is_over and request.get("WaitTimeSeconds"):
            execution.ended.wait(float(request["WaitTimeSeconds"]))

    def _check(self, operation: str, request: Params) -> None:
        """Raises `ValidationError` for what the API or the local AWS does not take."""
        if message := broken(service_model().operation_model(operation), request):
            raise ValidationError(message)
        for member, what in UNSERVED.items():
            if request.get(member) is not None:
                raise ValidationError(f"{member}: the local AWS has no {what}.")

    def _cluster(self, request: Params) -> Any:
        """Moto's record of the cluster that a request is for.

        Raises:
            ValidationError: there is none, it does not run, or the request does not say for whom it is.
        """
        clusters = redshift_backends[self.account_id][self.region_name].clusters
        cluster = clusters.get(str(request.get("ClusterIdentifier")))
        if cluster is None:
            raise ValidationError("Redshift endpoint doesn't exist in this region.")
        if cluster.status != "available":
            raise ValidationError(f"Redshift cluster {cluster.cluster_identifier} is {cluster.status}.")
        if request.get("Database") != cluster.db_name:
            raise ValidationError(f'FATAL: database "{request.get("Database")}" does not exist')
        if bool(request.get("SecretArn")) == bool(request.get("DbUser")):
            raise ValidationError("Give either DbUser, for temporary credentials, or SecretArn.")
        if request.get("SecretArn"):
            read_secret(self.account_id, self.region_name, request)
        return cluster

    def _made_before(self, request: Params) -> Statement | None:
        token = request.get("ClientToken")
        same = (
            each for each in self.statements.values() if token and each.request.get("ClientToken") == token
        )
        return next(same, None)

    def _found(self, request: Params) -> tuple[Statement, int | None]:
        """A statement and the place of the one of a batch; None for the batch itself."""
        id_, _, number = str(request.get("Id", "")).partition(":")
        statement = self.statements.get(id_)
        if not isinstance(statement, Statement):
            raise NotFoundError("Query does not exist.")
        if not number:
            return statement, None if statement.is_batch else 0
        if not (statement.is_batch and number.isdigit() and 0 < int(number) <= len(statement.sqls)):
            raise NotFoundError("Query does not exist.")
        return statement, int(number) - 1

    def _sweep(self) -> None:
        """Forgets what can be asked for no longer."""
        for id_, statement in list(self.statements.items()):
            if statement.status in ENDED and statement.expires < now():
                del self.statements[id_]
                shutil.rmtree(results_of(statement), ignore_errors=True)


@cache
def service_model() -> ServiceModel:
    """Botocore's model of the Data API."""
    return get_session().get_service_model("redshift-data")


def _described(statement: Statement, place: int | None) -> Mapping[str, Any]:
    if statement.is_batch and place is not None:
        found: Mapping[str, Any] = statement.description["SubStatements"][place]
        return found
    return statement.description


def paged(member: str, items: Sequence[Any], request: Params) -> dict[str, Any]:
    """One page. Raises `ValidationError` for a token that is not ours."""
    token = request.get("NextToken") or "0"
    if not token.isdigit() or int(token) > len(items):
        raise ValidationError(f"The next token {token!r} is not valid: this operation did not give it.")
    start, size = int(token), int(request.get("MaxResults") or DEFAULT_PAGE)
    following = {"NextToken": str(start + size)} if start + size < len(items) else {}
    return {member: list(items[start : start + size]), **following}
