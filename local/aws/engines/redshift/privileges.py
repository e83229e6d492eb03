"""Who may do what with schemas and relations: kept, changed and asked for.

https://docs.aws.amazon.com/redshift/latest/dg/r_GRANT.html
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from accounts import Session
from errors import RefusedError, denied, missing
from store import GRANTS, RELATIONS, SCHEMAS, Store

OF_SCHEMAS = ("CREATE", "USAGE")
OF_RELATIONS = ("SELECT", "INSERT", "UPDATE", "DELETE", "REFERENCES", "DROP", "TRUNCATE")
PUBLIC = ("public", "public")
"""Everybody, as a grantee."""


@dataclass(frozen=True)
class Place:
    """A schema, or one of its relations."""

    schema: str
    relation: str | None = None


@dataclass(frozen=True)
class Schema:
    """A schema; an external one has a ``database`` of the Data Catalog, and a ``role`` that reads it."""

    name: str
    owner: str
    database: str | None
    role: str | None


class Privileges:
    """The privileges of a database."""

    def __init__(self, store: Store) -> None:
        self._store = store

    # What there is

    def schema(self, name: str) -> Schema:
        """Raises `RefusedError` if there is no such schema."""
        rows = self._store.rows(f"SELECT name, owner, database, role FROM {SCHEMAS} WHERE name = ?", name)
        if not rows:
            raise missing("schema", name)
        return Schema(*rows[0])

    def owner(self, place: Place) -> str | None:
        """Who owns a relation; None if there is none."""
        sql = f"SELECT owner FROM {RELATIONS} WHERE schema = ? AND name = ?"
        rows = self._store.rows(sql, place.schema, place.relation)
        return str(rows[0][0]) if rows else None

    def relations(self, schema: str) -> list[str]:
        """The tables of a schema, in order."""
        sql = f"SELECT name FROM {RELATIONS} WHERE schema = ? ORDER BY name"
        return [name for (name,) in self._store.rows(sql, schema)]

    def made(self, place: Place, owner: str) -> None:
        """Notes a new table."""
        self._store.rows(f"INSERT INTO {RELATIONS} VALUES (?, ?, ?)", place.schema, place.relation, owner)

    def gone(self, place: Place) -> None:
        """Forgets a table, or a schema with all of its tables, with every privilege on it."""
        of = "schema = ?" if place.relation is None else "schema = ? AND {} = ?"
        values = [part for part in (place.schema, place.relation) if part is not None]
        self._store.rows(f"DELETE FROM {RELATIONS} WHERE " + of.format("name"), *values)
        self._store.rows(f"DELETE FROM {GRANTS} WHERE " + of.format("relation"), *values)
        if place.relation is None:
            self._store.rows(f"DELETE FROM {SCHEMAS} WHERE name = ?", place.schema)

    # What is granted

    def grant(self, place: Place, privileges: Sequence[str], grantees: Iterable[tuple[str, str]]) -> None:
        """Grants to ``(kind, name)``; what is granted already stays."""
        for kind, name in grantees:
            self.revoke(place, privileges, [(kind, name)])
            for privilege in privileges:
                values = (place.schema, place.relation, privilege, kind, name)
                self._store.rows(f"INSERT INTO {GRANTS} VALUES (?, ?, ?, ?, ?)", *values)

    def revoke(self, place: Place, privileges: Sequence[str], grantees: Iterable[tuple[str, str]]) -> None:
        """Takes privileges away; one that was never granted is no fault."""
        for kind, name in grantees:
            for privilege in privileges:
                self._store.rows(
                    f"DELETE FROM {GRANTS} WHERE schema = ? AND relation IS NOT DISTINCT FROM ?"
                    " AND privilege = ? AND kind = ? AND grantee = ?",
                    *(place.schema, place.relation, privilege, kind, name),
                )

    # What a session may do

    def check_schema(self, session: Session, schema: Schema, privilege: str) -> None:
        """Raises `RefusedError` without the privilege on the schema."""
        if not self._may(session, schema.owner, Place(schema.name), privilege):
            raise denied("schema", schema.name)

    def check_relation(self, session: Session, place: Place, privileges: Iterable[str]) -> None:
        """Raises `RefusedError` without the privileges on a table; its schema has been asked about."""
        owner = self.owner(place)
        for privilege in privileges:
            if owner is None or not self._may(session, owner, place, privilege):
                raise denied("relation", str(place.relation))

    def check_owner(self, session: Session, owner: str, kind: str, name: str) -> None:
        """Raises `RefusedError` for anybody but the owner and superusers."""
        if not (session.superuser or session.user == owner):
            raise RefusedError(f"must be owner of {kind} {name}")

    def _may(self, session: Session, owner: str, place: Place, privilege: str) -> bool:
        if session.superuser or session.user == owner:
            return True
        rows = self._store.rows(
            f"SELECT kind, grantee FROM {GRANTS} WHERE schema = ? AND relation IS NOT DISTINCT FROM ?"
            " AND privilege = ?",
            *(place.schema, place.relation, privilege),
        )
        mine = {PUBLIC, ("user", session.user), *(("group", name) for name in session.groups)}
        return bool(mine & set(rows))
