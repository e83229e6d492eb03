"""A batch of SQL statements as a request of the Redshift Data API.

https://docs.aws.amazon.com/redshift-data/latest/APIReference/API_BatchExecuteStatement.html
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from include.bundles import Bundle
from include.run import Run
from include.warehouse.changes import MOST_STATEMENTS


@dataclass(frozen=True)
class Batch:
    """Statements that are one transaction.

    Attributes:
        statements: of SQL; ``:name`` stands for a parameter, which every one of them has to use.
        user: of the database as whom they run, by temporary credentials; if None, the superuser.
        parameters: values by name. They never become part of the SQL.
    """

    statements: Sequence[str]
    user: str | None = None
    parameters: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Raises ValueError for more or fewer statements than AWS takes."""
        if not 1 <= len(self.statements) <= MOST_STATEMENTS:
            raise ValueError(f"a batch has 1 to {MOST_STATEMENTS} statements, not {len(self.statements)}")

    def request(self, run: Run) -> dict[str, Any]:
        """The ``BatchExecuteStatement`` request, without its name and token.

        Raises:
            ValueError: this environment has no warehouse.
        """
        request: dict[str, Any] = {**place(run, self.user), "Sqls": list(self.statements), "WithEvent": True}
        if self.parameters:
            request["Parameters"] = [
                {"name": name, "value": value} for name, value in sorted(self.parameters.items())
            ]
        return request

    def bundles(self) -> Sequence[Bundle]:
        """The database runs no code of ours."""
        return []

    def metrics_uri(self) -> None:
        """Rows are numbers enough."""


def place(run: Run, user: str | None = None) -> dict[str, str]:
    """The members of a request that say where, and as whom: the superuser of the settings if nobody is named.

    Raises:
        ValueError: this environment has no warehouse.
    """
    settings = run.settings
    if settings.warehouse_cluster is None:
        raise ValueError(
            "MILLRACE_WAREHOUSE_CLUSTER is not set: reports are read from a Redshift cluster, an output of "
            "include/infrastructure/millrace.yaml where it is given WarehouseCluster"
        )
    return {
        "ClusterIdentifier": settings.warehouse_cluster,
        "Database": settings.warehouse_database,
        "DbUser": user or settings.warehouse_user,
    }
