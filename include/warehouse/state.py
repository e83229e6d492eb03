"""Who is let into the warehouse now, and who may do what there, as Redshift's own views tell a superuser.

https://docs.aws.amazon.com/redshift/latest/dg/cm_chap_system-tables.html
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

QUERIES = (
    "SELECT usename, usesuper FROM pg_user",
    "SELECT groname FROM pg_group",
    "SELECT g.groname, u.usename FROM pg_group AS g JOIN pg_user AS u ON u.usesysid = ANY(g.grolist)",
    (
        "SELECT n.nspname, e.databasename FROM pg_namespace AS n"
        " LEFT JOIN svv_external_schemas AS e ON e.schemaname = n.nspname"
    ),
    "SELECT table_schema, table_name FROM svv_tables WHERE table_type = 'BASE TABLE'",
    "SELECT namespace_name, privilege_type, identity_type, identity_name FROM svv_schema_privileges",
    (
        "SELECT namespace_name, relation_name, privilege_type, identity_type, identity_name"
        " FROM svv_relation_privileges"
    ),
)
"""In the order in which `state` takes their rows."""

Rows = Sequence[Sequence[Any]]


class SchemaGrant(NamedTuple):
    """A privilege on a schema; ``kind`` of the grantee is ``user``, ``group``, ``role`` or ``public``."""

    schema: str
    privilege: str
    kind: str
    grantee: str


class TableGrant(NamedTuple):
    """A privilege on a table."""

    schema: str
    table: str
    privilege: str
    kind: str
    grantee: str


@dataclass(frozen=True)
class State:
    """What there is.

    Attributes:
        users: whether each is a superuser.
        groups: the members of each.
        schemas: the database of the Data Catalog of each external one, None for others.
        tables: those of each schema that are its own.
    """

    users: dict[str, bool]
    groups: dict[str, frozenset[str]]
    schemas: dict[str, str | None]
    tables: dict[str, frozenset[str]]
    schema_grants: frozenset[SchemaGrant]
    table_grants: frozenset[TableGrant]


def state(results: Sequence[Rows]) -> State:
    """From the rows of ``QUERIES``, in their order.

    Raises:
        ValueError: they are not as many as there are queries.
    """
    users, groups, members, schemas, tables, schema_grants, table_grants = results
    return State(
        users={str(name): bool(superuser) for name, superuser in users},
        groups={str(name): _of(members).get(str(name), frozenset()) for (name,) in groups},
        schemas={str(name): database for name, database in schemas},
        tables=_of(tables),
        schema_grants=frozenset(SchemaGrant(*map(str, row)) for row in schema_grants),
        table_grants=frozenset(TableGrant(*map(str, row)) for row in table_grants),
    )


def _of(pairs: Rows) -> dict[str, frozenset[str]]:
    """The second values by the first ones."""
    found: dict[str, set[str]] = defaultdict(set)
    for first, second in pairs:
        found[str(first)].add(str(second))
    return {first: frozenset(second) for first, second in found.items()}
