"""Which relations a statement reads and writes: looked up, asked for privileges, and named in full.

Whatever is not looked up here is looked for by DuckDB in an empty database, and not found.
"""

from collections.abc import Iterable, Mapping

from sqlglot import exp

from accounts import Session
from errors import RefusedError, missing, unserved
from external import ExternalTables
from privileges import Place, Privileges
from store import CATALOG, PUBLIC
from system_views import PG_CATALOG, SystemViews

READING = ("SELECT",)


class Relations:
    """The relations that a session sees."""

    def __init__(
        self,
        session: Session,
        privileges: Privileges,
        external: ExternalTables,
        system: SystemViews,
        database: str,
    ) -> None:
        self._session = session
        self._privileges = privileges
        self._external = external
        self._system = system
        self.database = database

    def place(self, table: exp.Table) -> Place:
        """Schema and name that a reference to a table of the database means, whether it is there or not.

        Raises:
            RefusedError: there is no such schema, or it is an external one.
        """
        schema = self._privileges.schema(self._schema_of(table))
        if schema.database is not None:
            raise RefusedError(f'Operation not supported on external schema "{schema.name}"')
        return Place(schema.name, table.name)

    def resolve(self, tree: exp.Expression, needs: Mapping[int, Iterable[str]]) -> None:
        """Names every relation in full, after a look at the privileges.

        Args:
            tree: a statement; is changed.
            needs: by the ``id`` of a reference, the privileges that it takes; others take ``SELECT``.

        Raises:
            RefusedError: a relation is not there, or not for this user.
        """
        for table in list(tree.find_all(exp.Table)):
            if not _is_of_with(table):
                self._resolve(table, needs.get(id(table), READING))
        for column in tree.find_all(exp.Column):
            # The relation is renamed, and keeps its name as an alias.
            column.set("db", None)
            column.set("catalog", None)

    def _resolve(self, table: exp.Table, privileges: Iterable[str]) -> None:
        alias = table.alias or table.name
        if self._system.has(table.name) and (not table.db or table.db == PG_CATALOG):
            target = exp.table_(self._system.view(table.name), quoted=True)
        else:
            target = self._visible(table, privileges)
        for part in ("this", "db", "catalog"):
            table.set(part, target.args.get(part))
        if not table.alias and not _is_target(table):
            table.set("alias", exp.TableAlias(this=exp.to_identifier(alias, quoted=True)))

    def _visible(self, table: exp.Table, privileges: Iterable[str]) -> exp.Table:
        schema = self._privileges.schema(self._schema_of(table))
        self._privileges.check_schema(self._session, schema, "USAGE")
        if schema.database is not None:
            if list(privileges) != list(READING):
                raise RefusedError(f'cannot change external table "{table.name}"')
            return exp.table_(self._external.view(schema, table.name), quoted=True)
        place = Place(schema.name, table.name)
        if self._privileges.owner(place) is None:
            raise missing("relation", table.name if not table.db else f"{table.db}.{table.name}")
        self._privileges.check_relation(self._session, place, privileges)
        return exp.table_(table.name, db=schema.name, catalog=CATALOG, quoted=True)

    def _schema_of(self, table: exp.Table) -> str:
        if table.catalog and table.catalog != self.database:
            raise unserved(f"queries of another database than {self.database}")
        return table.db or PUBLIC


def _is_of_with(table: exp.Table) -> bool:
    """Whether a name is that of a WITH around it: in its query, or in a later member of the same WITH."""
    node: exp.Expression = table
    while not table.db and node.parent is not None:
        parent = node.parent
        if isinstance(parent, exp.With):
            members = parent.expressions
            place = next(i for i, member in enumerate(members) if member is node)
            visible = members if parent.args.get("recursive") else members[:place]
            # Its query would show all of its members.
            node = parent.parent or parent
        else:
            with_ = parent.args.get("with_")
            visible = with_.expressions if isinstance(with_, exp.With) else []
            node = parent
        if any(member.alias == table.name for member in visible):
            return True
    return False


def _is_target(table: exp.Table) -> bool:
    """Whether the reference is what INSERT, TRUNCATE, CREATE or DROP is about, where no alias may stand."""
    parent = table.parent
    if isinstance(parent, exp.Schema):
        parent = parent.parent
    return isinstance(parent, exp.Insert | exp.TruncateTable | exp.Create | exp.Drop) and (
        table.arg_key in ("this", "expressions")
    )
