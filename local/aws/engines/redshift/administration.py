"""Statements about users, groups, privileges and external schemas.

sqlglot has no trees for most of them: its tokens are read here by the grammar of Redshift's manual.
https://docs.aws.amazon.com/redshift/latest/dg/c_SQL_commands.html
"""

from collections.abc import Callable
from typing import Any

from accounts import Accounts, Session
from dialogue import Dialogue
from errors import RefusedError, missing, taken, unserved
from privileges import OF_RELATIONS, OF_SCHEMAS, PUBLIC, Place, Privileges
from store import Store
from words import Words

Grantees = list[tuple[str, str]]


class Administration:
    """Carries such statements out, within the transaction that the caller has begun."""

    def __init__(
        self, store: Store, accounts: Accounts, privileges: Privileges, session: Session, server: Dialogue
    ) -> None:
        self._store = store
        self._accounts = accounts
        self._privileges = privileges
        self._session = session
        self._server = server

    def statement(self, words: Words) -> Callable[[Words], None] | None:
        """What carries out a statement, past its first words; None for one that is none of these."""
        for first, method in (
            (("CREATE", "USER"), self._create_user),
            (("ALTER", "USER"), self._alter_user),
            (("DROP", "USER"), self._drop_users),
            (("CREATE", "GROUP"), self._create_group),
            (("ALTER", "GROUP"), self._alter_group),
            (("DROP", "GROUP"), self._drop_group),
            (("CREATE", "EXTERNAL", "SCHEMA"), self._create_external_schema),
            (("GRANT",), self._grant),
            (("REVOKE",), self._revoke),
        ):
            if words.take(*first):
                return method
        return None

    # Users and groups

    def _create_user(self, words: Words) -> None:
        self._only_superusers("create users")
        name = words.name()
        options = self._options(words)
        groups = options.pop("groups", [])
        if "password" not in options:
            raise words.error()
        self._accounts.create_user(name, options.pop("password"), groups)
        self._accounts.alter_user(name, options)

    def _alter_user(self, words: Words) -> None:
        name = words.name()
        options = self._options(words)
        own_password = name == self._session.user and set(options) == {"password"}
        if not own_password:
            self._only_superusers("alter users")
        if "groups" in options or not options:
            raise words.error()
        self._accounts.alter_user(name, options)

    def _options(self, words: Words) -> dict[str, Any]:
        """Everything behind a user's name."""
        words.take("WITH")
        options: dict[str, Any] = {}
        while not words.is_over:
            if words.take("PASSWORD"):
                options["password"] = None if words.take("DISABLE") else _password(words.string())
            elif words.take("IN", "GROUP"):
                options["groups"] = words.names()
            elif words.take("VALID", "UNTIL"):
                until = words.string()
                options["valid_until"] = None if until == "infinity" else until
            elif found := words.take_one_of("CREATEUSER", "NOCREATEUSER"):
                options["superuser"] = found == "CREATEUSER"
            elif found := words.take_one_of("CREATEDB", "NOCREATEDB"):
                options["createdb"] = found == "CREATEDB"
            else:
                raise words.error()
        return options

    def _drop_users(self, words: Words) -> None:
        self._only_superusers("drop users")
        if_exists = words.take("IF", "EXISTS")
        for name in words.names():
            if name == self._session.user:
                raise RefusedError("current user cannot be dropped")
            try:
                self._accounts.check_user(name)
            except RefusedError:
                if not if_exists:
                    raise
            else:
                self._accounts.drop_user(name)
        words.end()

    def _create_group(self, words: Words) -> None:
        self._only_superusers("create groups")
        name, users = words.name(), []
        words.take("WITH")
        if words.take("USER"):
            users = words.names()
        words.end()
        self._accounts.create_group(name, users)

    def _alter_group(self, words: Words) -> None:
        self._only_superusers("alter groups")
        name = words.name()
        change = words.take_one_of("ADD", "DROP")
        if change is None:
            raise words.error()
        words.expect("USER")
        users = words.names()
        words.end()
        (self._accounts.add if change == "ADD" else self._accounts.remove)(name, users)

    def _drop_group(self, words: Words) -> None:
        self._only_superusers("drop groups")
        name = words.name()
        words.end()
        self._accounts.drop_group(name)

    # External schemas

    def _create_external_schema(self, words: Words) -> None:
        self._only_superusers("create external schemas")
        if_not_exists = words.take("IF", "NOT", "EXISTS")
        name = words.name()
        words.take("FROM")
        if not words.take("DATA", "CATALOG"):
            raise unserved("an external schema that is not FROM DATA CATALOG")
        words.expect("DATABASE")
        database = words.string()
        if words.take("REGION"):
            words.string()
        words.expect("IAM_ROLE")
        role = words.string()
        words.end()
        self._server.ask("role", role=role)
        if not self._store.schema_exists(name):
            self._store.add_schema(name, self._session.user, database, role)
        elif not if_not_exists:
            raise taken("schema", name)

    # Privileges

    def _grant(self, words: Words) -> None:
        wanted = _privileges(words)
        words.expect("ON")
        places, known = self._places(words)
        words.expect("TO")
        grantees = self._grantees(words)
        if words.take("WITH", "GRANT", "OPTION"):
            raise unserved("GRANT with WITH GRANT OPTION")
        words.end()
        for place in places:
            self._privileges.grant(place, _all_of(wanted, known), grantees)

    def _revoke(self, words: Words) -> None:
        wanted = _privileges(words)
        words.expect("ON")
        places, known = self._places(words)
        words.expect("FROM")
        grantees = self._grantees(words)
        words.take_one_of("CASCADE", "RESTRICT")
        words.end()
        for place in places:
            self._privileges.revoke(place, _all_of(wanted, known), grantees)

    def _places(self, words: Words) -> tuple[list[Place], tuple[str, ...]]:
        """What the statement is about, and the privileges that there are on such things."""
        if words.take("SCHEMA"):
            schemas = [self._privileges.schema(name) for name in words.names()]
            for schema in schemas:
                self._privileges.check_owner(self._session, schema.owner, "schema", schema.name)
            return [Place(schema.name) for schema in schemas], OF_SCHEMAS
        if words.take("ALL", "TABLES", "IN", "SCHEMA"):
            names = [self._privileges.schema(name).name for name in words.names()]
            places = [Place(name, each) for name in names for each in self._privileges.relations(name)]
        else:
            words.take("TABLE")
            places = [self._table(words)]
            while words.take(","):
                places.append(self._table(words))
        for place in places:
            owner = self._privileges.owner(place) or ""
            self._privileges.check_owner(self._session, owner, "relation", str(place.relation))
        return places, OF_RELATIONS

    def _table(self, words: Words) -> Place:
        name = words.name()
        schema, relation = (name, words.name()) if words.take(".") else ("public", name)
        if self._privileges.schema(schema).database is not None:
            raise RefusedError("Operation not supported on external tables")
        place = Place(schema, relation)
        if self._privileges.owner(place) is None:
            raise missing("relation", relation)
        return place

    def _grantees(self, words: Words) -> Grantees:
        """At least one, and each of them must be there."""
        found = [self._grantee(words)]
        while words.take(","):
            found.append(self._grantee(words))
        return found

    def _grantee(self, words: Words) -> tuple[str, str]:
        if words.take("PUBLIC"):
            return PUBLIC
        if words.take("GROUP"):
            name = words.name()
            self._accounts.check_group(name)
            return "group", name
        if words.begin_with("ROLE"):
            raise unserved("GRANT and REVOKE of roles")
        name = words.name()
        self._accounts.check_user(name)
        return "user", name

    def _only_superusers(self, do: str) -> None:
        if not self._session.superuser:
            raise RefusedError(f"must be superuser to {do}")


def _privileges(words: Words) -> list[str]:
    """Names of privileges; none for all of them."""
    if words.take("ALL"):
        words.take("PRIVILEGES")
        return []
    found = [words.name().upper()]
    while words.take(","):
        found.append(words.name().upper())
    return found


def _all_of(wanted: list[str], known: tuple[str, ...]) -> list[str]:
    """Raises `RefusedError` for a privilege that there is not on such things."""
    for privilege in wanted:
        if privilege not in known:
            raise RefusedError(f"invalid privilege type {privilege} for {_kind(known)}")
    return wanted or list(known)


def _kind(known: tuple[str, ...]) -> str:
    return "schema" if known is OF_SCHEMAS else "relation"


def _password(text: str) -> str:
    """Raises `RefusedError` for what Redshift takes for too weak.

    https://docs.aws.amazon.com/redshift/latest/dg/r_CREATE_USER.html
    """
    if text.startswith("sha256|"):
        raise unserved("PASSWORD with sha256: give it as it is, or as md5")
    if text.startswith("md5") and len(text) == 35:  # noqa: PLR2004
        return text
    strong = all(any(map(kind, text)) for kind in (str.isupper, str.islower, str.isdigit))
    if not (8 <= len(text) <= 64 and strong):  # noqa: PLR2004
        raise RefusedError(
            "password must be 8 to 64 characters and have an uppercase letter, a lowercase letter "
            "and a number"
        )
    return text
