"""Users and groups, and who may be let in."""

import hashlib
import hmac
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from errors import LoginError, RefusedError, missing, taken
from store import GRANTS, GROUPS, MEMBERS, RELATIONS, SCHEMAS, USERS, Store


@dataclass(frozen=True)
class Session:
    """As whom statements run.

    Attributes:
        user: the name.
        superuser: may do everything.
        groups: whose privileges the user has.
    """

    user: str
    superuser: bool
    groups: frozenset[str]


def hashed(password: str, user: str) -> str:
    """As Redshift keeps a password.

    https://docs.aws.amazon.com/redshift/latest/dg/r_CREATE_USER.html
    """
    return "md5" + hashlib.md5((password + user).encode(), usedforsecurity=False).hexdigest()


class Accounts:
    """The users and groups of a database."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def log_in(self, who: dict[str, Any]) -> Session:
        """The session of a user.

        Args:
            who: ``user``; ``password``, or none where temporary credentials were checked already; ``create``
                makes the user who is missing; ``groups`` are taken instead of those that the user is in.

        Raises:
            LoginError: there is no such user, or the password is another one or none.
        """
        user = str(who["user"])
        row = self._row(user)
        if row is None and who.get("create"):
            self.create_user(user, None)
            row = self._row(user)
        if row is None or (who.get("password") is not None and not _matches(row, user, who["password"])):
            raise LoginError(user)
        return self.session(user, who.get("groups"))

    def session(self, user: str, groups: Iterable[str] | None = None) -> Session:
        """What a user may do now: of a user who is gone meanwhile, nothing.

        Raises:
            LoginError: there is no such user.
        """
        row = self._row(user)
        if row is None:
            raise LoginError(user)
        rows = self._store.rows(f'SELECT "group" FROM {MEMBERS} WHERE "user" = ?', user)
        return Session(user, bool(row[1]), frozenset(groups or (name for (name,) in rows)))

    def _row(self, user: str) -> tuple[Any, ...] | None:
        rows = self._store.rows(
            f"SELECT password, superuser FROM {USERS} WHERE name = ?"
            " AND (valid_until IS NULL OR valid_until > now()::TIMESTAMP)",
            user,
        )
        return rows[0] if rows else None

    # Users

    def create_user(self, name: str, password: str | None, groups: Iterable[str] = ()) -> None:
        """Makes a user; without a password only temporary credentials let in."""
        if self._user_exists(name):
            raise taken("user", name)
        values = (name, self._store.next_id(), _kept(password, name))
        self._store.rows(f"INSERT INTO {USERS} VALUES (?, ?, ?, false, false, NULL)", *values)
        for group in groups:
            self.add(group, [name])

    def alter_user(self, name: str, changes: dict[str, Any]) -> None:
        """Sets ``password``, ``superuser``, ``createdb``, ``valid_until``."""
        self.check_user(name)
        if "password" in changes:
            changes = {**changes, "password": _kept(changes["password"], name)}
        for column, value in changes.items():
            self._store.rows(f'UPDATE {USERS} SET "{column}" = ? WHERE name = ?', value, name)

    def drop_user(self, name: str) -> None:
        """Takes a user out of every group and away.

        Raises:
            RefusedError: the user owns something, or has privileges that were granted to no group.
        """
        self.check_user(name)
        owns = f"SELECT 1 FROM {SCHEMAS} WHERE owner = ? UNION ALL SELECT 1 FROM {RELATIONS} WHERE owner = ?"
        if self._store.rows(owns, name, name) or self._has_grants("user", name):
            raise RefusedError(f'user "{name}" cannot be dropped because some objects depend on it')
        self._store.rows(f'DELETE FROM {MEMBERS} WHERE "user" = ?', name)
        self._store.rows(f"DELETE FROM {USERS} WHERE name = ?", name)

    def check_user(self, name: str) -> None:
        """Raises `RefusedError` if there is no such user."""
        if not self._user_exists(name):
            raise missing("user", name)

    def _user_exists(self, name: str) -> bool:
        return bool(self._store.rows(f"SELECT 1 FROM {USERS} WHERE name = ?", name))

    # Groups

    def create_group(self, name: str, users: Iterable[str]) -> None:
        """Makes a group with users in it."""
        if self._group_exists(name):
            raise taken("group", name)
        self._store.rows(f"INSERT INTO {GROUPS} VALUES (?, ?)", name, self._store.next_id())
        self.add(name, users)

    def add(self, group: str, users: Iterable[str]) -> None:
        """Puts users into a group; one who is in it stays."""
        self.check_group(group)
        for user in users:
            self.check_user(user)
            self._leave(group, user)
            self._store.rows(f"INSERT INTO {MEMBERS} VALUES (?, ?)", group, user)

    def remove(self, group: str, users: Iterable[str]) -> None:
        """Takes users out of a group; one who is not in it is no fault."""
        self.check_group(group)
        for user in users:
            self.check_user(user)
            self._leave(group, user)

    def drop_group(self, name: str) -> None:
        """Takes a group away, whoever is in it.

        Raises:
            RefusedError: the group has privileges.
        """
        self.check_group(name)
        if self._has_grants("group", name):
            raise RefusedError(f'group "{name}" cannot be dropped because some objects depend on it')
        self._store.rows(f'DELETE FROM {MEMBERS} WHERE "group" = ?', name)
        self._store.rows(f"DELETE FROM {GROUPS} WHERE name = ?", name)

    def check_group(self, name: str) -> None:
        """Raises `RefusedError` if there is no such group."""
        if not self._group_exists(name):
            raise missing("group", name)

    def _group_exists(self, name: str) -> bool:
        return bool(self._store.rows(f"SELECT 1 FROM {GROUPS} WHERE name = ?", name))

    def _leave(self, group: str, user: str) -> None:
        self._store.rows(f'DELETE FROM {MEMBERS} WHERE "group" = ? AND "user" = ?', group, user)

    def _has_grants(self, kind: str, name: str) -> bool:
        sql = f"SELECT 1 FROM {GRANTS} WHERE kind = ? AND grantee = ?"
        return bool(self._store.rows(sql, kind, name))


def _kept(password: str | None, user: str) -> str | None:
    """What is kept of a password; one that comes as Redshift's own hash stays so."""
    if password is None or _is_hash(password):
        return password
    return hashed(password, user)


def _is_hash(password: str) -> bool:
    return len(password) == 35 and password.startswith("md5")  # noqa: PLR2004


def _matches(row: tuple[Any, ...], user: str, password: str) -> bool:
    """A password that looks like a hash is none of it: it is hashed as every other."""
    return row[0] is not None and hmac.compare_digest(row[0], hashed(password, user))
