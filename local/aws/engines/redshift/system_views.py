"""The views of Redshift's catalog that are there: who there is, and who may do what.

https://docs.aws.amazon.com/redshift/latest/dg/c_intro_catalog_views.html
"""

from accounts import Session
from dialogue import Dialogue
from external import columns_of
from store import CATALOG, GRANTS, GROUPS, MEMBERS, SCHEMAS, USERS, Store, quoted

PG_CATALOG = "pg_catalog"
IDENTITY = f"""
    CASE g.kind WHEN 'user' THEN u.id WHEN 'group' THEN r.id ELSE 0 END AS identity_id,
    g.grantee AS identity_name, g.kind AS identity_type, false AS admin_option
FROM {GRANTS} AS g LEFT JOIN {USERS} AS u ON g.kind = 'user' AND u.name = g.grantee
LEFT JOIN {GROUPS} AS r ON g.kind = 'group' AND r.name = g.grantee
"""
VISIBLE = """
({superuser} OR g.kind = 'public' OR (g.kind = 'user' AND g.grantee = {user})
OR (g.kind = 'group' AND g.grantee IN {groups}))
"""
USABLE = f"""
({{superuser}} OR s.owner = {{user}} OR EXISTS (SELECT 1 FROM {GRANTS} AS g WHERE g.schema = s.name
AND g.privilege = 'USAGE' AND g.relation IS NULL AND {VISIBLE}))
"""
VIEWS = {
    "pg_user": f"""
        SELECT name AS usename, id AS usesysid, createdb AS usecreatedb, superuser AS usesuper,
            false AS usecatupd, '********' AS passwd, valid_until AS valuntil, NULL AS useconfig
        FROM {USERS}""",
    "pg_group": f"""
        SELECT g.name AS groname, g.id AS grosysid,
            coalesce(list(u.id ORDER BY u.id) FILTER (u.id IS NOT NULL), []) AS grolist
        FROM {GROUPS} AS g LEFT JOIN {MEMBERS} AS m ON m."group" = g.name
        LEFT JOIN {USERS} AS u ON u.name = m."user" GROUP BY g.name, g.id""",
    "pg_namespace": f"""
        SELECT s.id AS oid, s.name AS nspname, u.id AS nspowner
        FROM {SCHEMAS} AS s LEFT JOIN {USERS} AS u ON u.name = s.owner""",
    "svv_external_schemas": f"""
        SELECT s.id AS esoid, 1 AS eskind, s.name AS schemaname, u.id AS esowner, s.database AS databasename,
            '{{{{"IAM_ROLE":"' || s.role || '"}}}}' AS esoptions
        FROM {SCHEMAS} AS s LEFT JOIN {USERS} AS u ON u.name = s.owner WHERE s.database IS NOT NULL""",
    "svv_schema_privileges": f"""
        SELECT g.schema AS namespace_name, g.privilege AS privilege_type, {IDENTITY}
        WHERE g.relation IS NULL AND {VISIBLE}""",
    "svv_relation_privileges": f"""
        SELECT g.schema AS namespace_name, g.relation AS relation_name, g.privilege AS privilege_type,
            {IDENTITY} WHERE g.relation IS NOT NULL AND {VISIBLE}""",
    "svv_tables": f"""
        SELECT {{database}} AS table_catalog, t.table_schema, t.table_name,
            CASE WHEN t.is_external THEN 'EXTERNAL TABLE' ELSE 'BASE TABLE' END AS table_type,
            NULL::VARCHAR AS remarks
        FROM (SELECT DISTINCT table_schema, table_name, is_external FROM {{columns}}) AS t
        JOIN {SCHEMAS} AS s ON s.name = t.table_schema WHERE {USABLE}""",
    "svv_columns": f"""
        SELECT {{database}} AS table_catalog, c.table_schema, c.table_name, c.column_name, c.ordinal_position,
            NULL::VARCHAR AS column_default, c.is_nullable, c.data_type, NULL::VARCHAR AS remarks
        FROM {{columns}} AS c JOIN {SCHEMAS} AS s ON s.name = c.table_schema WHERE {USABLE}""",
}
COLUMNS = "columns of every table"
OWN_COLUMNS = f"""
SELECT schema_name AS table_schema, table_name, column_name, column_index AS ordinal_position,
    CASE WHEN is_nullable THEN 'YES' ELSE 'NO' END AS is_nullable, lower(data_type) AS data_type,
    false AS is_external
FROM duckdb_columns() WHERE database_name = '{CATALOG}'
"""
OWN_TYPES = {
    "varchar": "character varying",
    "double": "double precision",
    "float": "real",
    "timestamp": "timestamp without time zone",
}


class SystemViews:
    """The views as one session sees them; made when they are asked for."""

    def __init__(self, store: Store, session: Session, server: Dialogue, database: str) -> None:
        self._store = store
        self._session = session
        self._server = server
        self._database = database
        self._made: set[str] = set()

    @staticmethod
    def has(name: str) -> bool:
        """Whether there is such a view."""
        return name in VIEWS

    def view(self, name: str) -> str:
        """The name by which DuckDB knows it."""
        if name in ("svv_tables", "svv_columns"):
            self._list_columns()
        if name not in self._made:
            body = VIEWS[name].format(
                database=_literal(self._database),
                columns=f"temp.main.{quoted(COLUMNS)}",
                superuser=str(self._session.superuser).lower(),
                user=_literal(self._session.user),
                groups=f"({', '.join(map(_literal, sorted(self._session.groups))) or 'NULL'})",
            )
            self._store.run(f"CREATE TEMP VIEW {quoted(_named(name))} AS {body}")
            self._made.add(name)
        return _named(name)

    def _list_columns(self) -> None:
        """All columns as they are now; those of external tables as the Data Catalog has them."""
        table = f"temp.main.{quoted(COLUMNS)}"
        self._store.run(f"CREATE OR REPLACE TEMP TABLE {quoted(COLUMNS)} AS {OWN_COLUMNS}")
        for theirs, ours in OWN_TYPES.items():
            self._store.rows(f"UPDATE {table} SET data_type = ? WHERE data_type = ?", ours, theirs)
        external = self._store.rows(f"SELECT name, database, role FROM {SCHEMAS} WHERE database IS NOT NULL")
        for schema, database, role in external:
            tables = self._server.ask("tables", database=database, role=role)
            for place, (name, column, kind) in enumerate(columns_of(tables), 1):
                values = (schema, name, column, place, "YES", kind, True)
                self._store.rows(f"INSERT INTO {table} VALUES (?, ?, ?, ?, ?, ?, ?)", *values)


def _named(name: str) -> str:
    return f"catalog:{name}"


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
