"""From who is let in to who shall be: the statements that lead there, in order; none where nothing differs.

What was made beside the access table goes: its users, groups and grants are all that there are. Superusers,
users that IAM has made (``IAM:``, ``IAMR:``), the schema ``public``, grants to roles or to everybody, and
schemas with tables of their own are left alone.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from include.warehouse.access import Access
from include.warehouse.identifiers import identifier, literal
from include.warehouse.state import SchemaGrant, State, TableGrant

MOST_STATEMENTS = 40
"""Of a batch, which is a transaction.

https://docs.aws.amazon.com/redshift-data/latest/APIReference/API_BatchExecuteStatement.html
"""


@dataclass(frozen=True)
class Changes:
    """What has to be done.

    Attributes:
        ending: takes access away; comes first.
        making: makes schemas, groups and users, and grants.
        dropping: whom or what nothing depends on any more. A user who owns a table cannot be dropped, which
            must not keep the others in: these are a transaction of their own.
        created: users who are new.
        removed: users who go.
    """

    ending: tuple[str, ...]
    making: tuple[str, ...]
    dropping: tuple[str, ...]
    created: tuple[str, ...]
    removed: tuple[str, ...]

    def batches(self) -> list[list[str]]:
        """The statements in transactions, one after the other."""
        return [
            list(part[begin : begin + MOST_STATEMENTS])
            for part in ((*self.ending, *self.making), self.dropping)
            for begin in range(0, len(part), MOST_STATEMENTS)
        ]


def changes(wanted: Access, found: State, role: str) -> Changes:
    """What leads from what is found to what is wanted.

    Args:
        wanted: as the access table says.
        found: as the database tells.
        role: ARN by which the cluster reads the lake.
    """
    removed = sorted(name for name in found.users if _is_ours(found, name) and name not in wanted.users)
    created = sorted(wanted.users.keys() - found.users.keys())
    gone = sorted(found.groups.keys() - wanted.groups)
    moved = _moved(wanted, found)
    kept = [each for each in found.schema_grants if each.schema not in moved]
    return Changes(
        ending=(
            *(f"ALTER USER {identifier(name)} PASSWORD DISABLE" for name in removed),
            *_leaving(wanted, found, removed),
            *_revoked(wanted, found, removed),
        ),
        making=(
            *(f"DROP SCHEMA {identifier(name)}" for name in moved),
            *(_made(name, wanted.schemas[name], role) for name in _missing(wanted, found, moved)),
            *(f"CREATE GROUP {identifier(name)}" for name in sorted(wanted.groups - found.groups.keys())),
            *(f"CREATE USER {identifier(name)} PASSWORD DISABLE" for name in created),
            *_joining(wanted, found),
            *_granted(wanted, found, kept),
        ),
        dropping=(
            *(f"DROP USER {identifier(name)}" for name in removed),
            *(f"DROP GROUP {identifier(name)}" for name in gone),
            *(f"DROP SCHEMA {identifier(name)}" for name in _pointers_gone(wanted, found)),
        ),
        created=tuple(created),
        removed=tuple(removed),
    )


def _is_ours(found: State, name: str) -> bool:
    """Whether the access table decides about a user who is there."""
    return not found.users[name] and ":" not in name


# Schemas


def _moved(wanted: Access, found: State) -> list[str]:
    """External schemas that show another database."""
    return sorted(
        name
        for name, database in wanted.schemas.items()
        if found.schemas.get(name) is not None and found.schemas[name] != database
    )


def _missing(wanted: Access, found: State, moved: Sequence[str]) -> list[str]:
    return sorted(name for name in wanted.schemas if name not in found.schemas or name in moved)


def _pointers_gone(wanted: Access, found: State) -> list[str]:
    """External schemas that nobody wants: no data are lost with them."""
    return sorted(name for name, database in found.schemas.items() if database and name not in wanted.schemas)


def _made(name: str, database: str | None, role: str) -> str:
    if database is None:
        return f"CREATE SCHEMA {identifier(name)}"
    return (
        f"CREATE EXTERNAL SCHEMA {identifier(name)} FROM DATA CATALOG DATABASE {literal(database)}"
        f" IAM_ROLE {literal(role)}"
    )


# Groups


def _leaving(wanted: Access, found: State, removed: Sequence[str]) -> Iterator[str]:
    for group, members in sorted(found.groups.items()):
        leaving = {
            name for name in members - wanted.members(group) if name in removed or _is_ours(found, name)
        }
        # Who is in a group that goes leaves it with the group.
        if group in wanted.groups and leaving:
            yield f"ALTER GROUP {identifier(group)} DROP USER {_identifiers(leaving)}"


def _joining(wanted: Access, found: State) -> Iterator[str]:
    for group in sorted(wanted.groups):
        if joining := wanted.members(group) - found.groups.get(group, frozenset()):
            yield f"ALTER GROUP {identifier(group)} ADD USER {_identifiers(joining)}"


# Privileges


def _revoked(wanted: Access, found: State, removed: Sequence[str]) -> Iterator[str]:
    schemas = [each for each in found.schema_grants if _goes(each, wanted, found)]
    for (schema, kind, grantee), privileges in _by_grantee(schemas):
        yield f"REVOKE {privileges} ON SCHEMA {identifier(schema)} FROM {_grantee(kind, grantee)}"
    tables = [each for each in found.table_grants if _table_goes(each, wanted, removed)]
    for (schema, table, kind, grantee), privileges in _by_table(tables):
        place = f"{identifier(schema)}.{identifier(table)}"
        yield f"REVOKE {privileges} ON TABLE {place} FROM {_grantee(kind, grantee)}"


def _goes(each: SchemaGrant, wanted: Access, found: State) -> bool:
    if each.kind == "user":
        return _is_known_user(found, each.grantee) and _is_ours(found, each.grantee)
    grant = wanted.grants.get((each.grantee, each.schema))
    return each.kind == "group" and not (grant and each.privilege in grant.privileges)


def _table_goes(each: TableGrant, wanted: Access, removed: Sequence[str]) -> bool:
    """Users keep what they may do with tables, as owners of tables have such privileges, until they go."""
    if each.kind == "user":
        return each.grantee in removed
    grant = wanted.grants.get((each.grantee, each.schema))
    return each.kind == "group" and not (grant and each.privilege in grant.tables)


def _is_known_user(found: State, name: str) -> bool:
    return name in found.users


def _granted(wanted: Access, found: State, kept: Sequence[SchemaGrant]) -> Iterator[str]:
    there = {(each.schema, each.privilege, each.grantee) for each in kept if each.kind == "group"}
    for (group, schema), grant in sorted(wanted.grants.items()):
        missing = {each for each in grant.privileges if (schema, each, group) not in there}
        if missing:
            yield f"GRANT {_words(missing)} ON SCHEMA {identifier(schema)} TO GROUP {identifier(group)}"
        if tables := _tables_missing(grant.tables, group, schema, found):
            place = f"ALL TABLES IN SCHEMA {identifier(schema)}"
            yield f"GRANT {_words(tables)} ON {place} TO GROUP {identifier(group)}"


def _tables_missing(privileges: frozenset[str], group: str, schema: str, found: State) -> set[str]:
    """Privileges that the group lacks on one table of the schema at least."""
    return {
        privilege
        for privilege in privileges
        for table in found.tables.get(schema, ())
        if TableGrant(schema, table, privilege, "group", group) not in found.table_grants
    }


def _by_grantee(grants: Sequence[SchemaGrant]) -> Iterator[tuple[tuple[str, str, str], str]]:
    ordered = sorted(grants, key=lambda each: (each.schema, each.kind, each.grantee))
    for key, some in groupby(ordered, key=lambda each: (each.schema, each.kind, each.grantee)):
        yield key, _words({each.privilege for each in some})


def _by_table(grants: Sequence[TableGrant]) -> Iterator[tuple[tuple[str, str, str, str], str]]:
    ordered = sorted(grants, key=lambda each: (each.schema, each.table, each.kind, each.grantee))
    for key, some in groupby(ordered, key=lambda each: (each.schema, each.table, each.kind, each.grantee)):
        yield key, _words({each.privilege for each in some})


def _grantee(kind: str, name: str) -> str:
    return f"GROUP {identifier(name)}" if kind == "group" else identifier(name)


def _identifiers(names: set[str] | frozenset[str]) -> str:
    return ", ".join(map(identifier, sorted(names)))


def _words(privileges: Iterable[str]) -> str:
    """Privileges as SQL has them.

    Raises:
        ValueError: the database has told one that is no word.
    """
    words = sorted(privileges)
    if odd := [each for each in words if not each.isidentifier()]:
        raise ValueError(f"the privilege {odd[0]!r} is no word: Redshift knows none such")
    return ", ".join(words)
