"""The HTTP side: operations of moto's responses that this service answers itself."""

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, cast

from moto.core.responses import ActionResult
from moto.redshift.exceptions import InvalidParameterValueError
from moto.redshift.responses import RedshiftResponse
from moto.redshiftdata.responses import RedshiftDataAPIServiceResponse

from local.aws.services.redshift import catalog
from local.aws.services.redshift.clusters import LONGEST_SECONDS, SHORTEST_SECONDS

if TYPE_CHECKING:
    from local.aws.services.redshift.clusters import LocalRedshift
    from local.aws.services.redshift.data_api import LocalRedshiftData

Params = dict[str, Any]
Operation = Callable[["LocalRedshiftData", Params], dict[str, Any]]

OPERATIONS: dict[str, Operation] = {
    "execute_statement": lambda b, p: b.run("ExecuteStatement", p),
    "batch_execute_statement": lambda b, p: b.run("BatchExecuteStatement", p),
    "describe_statement": lambda b, p: b.describe(p),
    "cancel_statement": lambda b, p: b.cancel(p),
    "list_statements": lambda b, p: b.listed(p),
    "get_statement_result": lambda b, p: b.result(p),
    "list_databases": catalog.databases,
    "list_schemas": catalog.schemas,
    "list_tables": catalog.tables,
    "describe_table": catalog.table,
}


def install() -> None:
    """Puts the operations into moto's response classes; doing it again changes nothing."""
    for name, operation in OPERATIONS.items():
        setattr(RedshiftDataAPIServiceResponse, name, _handler(operation))
    RedshiftResponse.get_cluster_credentials = _credentials  # type: ignore[method-assign]


def _handler(operation: Operation) -> Callable[[RedshiftDataAPIServiceResponse], ActionResult]:
    def handle(self: RedshiftDataAPIServiceResponse) -> ActionResult:
        backend = cast("LocalRedshiftData", self.redshiftdata_backend)
        return ActionResult(operation(backend, json.loads(self.body or "{}")))

    return handle


def _credentials(self: RedshiftResponse) -> ActionResult:
    """GetClusterCredentials; moto's leaves the groups out."""
    seconds = self._get_int_param("DurationSeconds", SHORTEST_SECONDS)
    if not SHORTEST_SECONDS <= seconds <= LONGEST_SECONDS:
        raise InvalidParameterValueError(
            f"Token duration must be between {SHORTEST_SECONDS} and {LONGEST_SECONDS} seconds"
        )
    request = {
        "user": self._get_param("DbUser"),
        "create": self._get_bool_param("AutoCreate", if_none=False),
        "groups": self._get_param("DbGroups", []),
        "seconds": seconds,
    }
    backend = cast("LocalRedshift", self.redshift_backend)
    return ActionResult(backend.issue(self._get_param("ClusterIdentifier"), request))
