"""Who shall be let into the warehouse, and who may do what there, as items of the access table say.

Privileges are those of groups; users have them by being in a group.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from include.warehouse.identifiers import broken_rule


def _name(text: str) -> str:
    if rule := broken_rule(text):
        raise ValueError(rule)
    return text


Name = Annotated[str, AfterValidator(_name)]


class Item(BaseModel):
    """An item, without attributes that nobody reads: a misspelt one would otherwise be no fault."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class Schema(Item):
    """A schema; with ``catalog`` an external one, whose tables are those of the lake of that subject."""

    kind: Literal["schema"]
    name: Name
    catalog: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,30}$")] | None = None


class Group(Item):
    """A group of users."""

    kind: Literal["group"]
    name: Name


class User(Item):
    """A user and the groups that the user is in; without a ``password`` only IAM lets the user in."""

    kind: Literal["user"]
    name: Name
    groups: frozenset[Name] = frozenset()
    password: bool = True


class Grant(Item):
    """What a group may do: with a schema, ``privileges``, and with every table in it, ``tables``."""

    kind: Literal["grant"]
    name: str
    group: Name
    on: Annotated[Name, Field(alias="schema")]
    privileges: Annotated[frozenset[Literal["USAGE", "CREATE"]], Field(min_length=1)]
    tables: frozenset[Literal["SELECT", "INSERT", "UPDATE", "DELETE"]] = frozenset()


ANY: TypeAdapter[Schema | Group | User | Grant] = TypeAdapter(
    Annotated[Schema | Group | User | Grant, Field(discriminator="kind")]
)


@dataclass(frozen=True)
class Access:
    """All of it, and consistent.

    Attributes:
        schemas: the database of the Data Catalog of each external schema, None for one of its own tables.
        users: by their names.
        grants: by group and schema.
    """

    schemas: Mapping[str, str | None]
    groups: frozenset[str]
    users: Mapping[str, User]
    grants: Mapping[tuple[str, str], Grant]

    def members(self, group: str) -> frozenset[str]:
        """Who shall be in a group."""
        return frozenset(name for name, user in self.users.items() if group in user.groups)


def access(items: Iterable[Mapping[str, Any]], database: Callable[[str], str]) -> Access:
    """What the items ask for.

    Args:
        items: as plain values, in any order; ``kind`` and ``name`` are their key.
        database: the Data Catalog's name of the database of a subject.

    Raises:
        ValueError: an item breaks a rule, or names what no item is; the message says which item and rule.
    """
    found = [_parsed(item) for item in items]
    if not found:
        raise ValueError(
            "the access table has no item: it would lock everybody out; put items as "
            "docs/pipelines/amp_warehouse.md describes them"
        )
    schemas = {each.name: each.catalog for each in found if isinstance(each, Schema)}
    made = Access(
        schemas={name: database(subject) if subject else None for name, subject in schemas.items()},
        groups=frozenset(each.name for each in found if isinstance(each, Group)),
        users={each.name: each for each in found if isinstance(each, User)},
        grants={(each.group, each.on): each for each in found if isinstance(each, Grant)},
    )
    _check(made, [each for each in found if isinstance(each, Grant)])
    return made


def _parsed(item: Mapping[str, Any]) -> Schema | Group | User | Grant:
    try:
        return ANY.validate_python(dict(item))
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        # The first part of the place is the kind again.
        place = ".".join(str(part) for part in first["loc"][1:])
        raise ValueError(
            f"{_called(item)}: {f'{place}: ' if place else ''}{first['msg'].removeprefix('Value error, ')}"
        ) from None


def _check(made: Access, grants: list[Grant]) -> None:
    for user in made.users.values():
        if unknown := sorted(user.groups - made.groups):
            raise ValueError(f"item user/{user.name}: groups: there is no item group/{unknown[0]}")
    for grant in grants:
        _check_grant(made, grant)


def _check_grant(made: Access, grant: Grant) -> None:
    item = f"item grant/{grant.name}"
    if grant.group not in made.groups:
        raise ValueError(f"{item}: group: there is no item group/{grant.group}")
    if grant.on not in made.schemas:
        raise ValueError(f"{item}: schema: there is no item schema/{grant.on}")
    other = made.grants[grant.group, grant.on]
    if other is not grant:
        raise ValueError(
            f"{item}: group {grant.group} has its privileges on schema {grant.on} by item grant/{other.name} "
            "already: put both into one"
        )
    if grant.tables and "USAGE" not in grant.privileges:
        raise ValueError(f"{item}: tables: they take the privilege USAGE on their schema, too")
    if made.schemas[grant.on] is not None and (grant.tables or grant.privileges != {"USAGE"}):
        raise ValueError(
            f"{item}: schema {grant.on} is an external one: USAGE is the one privilege there, and lets read "
            "its tables"
        )


def _called(item: Mapping[str, Any]) -> str:
    return f"item {item.get('kind', '?')}/{item.get('name', '?')}"
