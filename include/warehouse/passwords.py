"""Users' passwords: where they are kept, when they are due, and how the database is told of one.

A password changes in steps, so that the next try can go on from any: it is kept as AWSPENDING, set in the
database, and becomes AWSCURRENT.
https://docs.aws.amazon.com/secretsmanager/latest/userguide/rotate-secrets_lambda-functions.html
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from include.naming import hyphenated
from include.warehouse.identifiers import identifier, literal

LENGTH = 32
EXCLUDED = "'\"\\/@ "
"""What Redshift takes in no password."""
ROTATED = "millrace:rotated"
"""The tag that says when the database was told of the password, in ISO 8601."""
PENDING, CURRENT = "AWSPENDING", "AWSCURRENT"


def secret_name(environment: str, tenant: str, user: str) -> str:
    """The name of a user's secret; no two users have the same, as hyphens are in no user's name.

    >>> secret_name("prod", "main", "ada_l")
    'millrace-prod-warehouse-main-ada_l'
    """
    return f"{hyphenated('millrace', environment, 'warehouse', tenant)}-{user}"


@dataclass(frozen=True)
class Secret:
    """What Secrets Manager tells of a secret without its value; versions are ids."""

    is_deleted: bool = False
    pending: str | None = None
    current: str | None = None
    rotated: datetime | None = None

    @classmethod
    def of(cls, description: Mapping[str, Any]) -> "Secret":
        """From the answer of ``DescribeSecret``."""
        stages: Mapping[str, list[str]] = description.get("VersionIdsToStages") or {}
        tags = {tag["Key"]: tag["Value"] for tag in description.get("Tags") or []}
        return cls(
            is_deleted=description.get("DeletedDate") is not None,
            pending=next((version for version, its in stages.items() if PENDING in its), None),
            current=next((version for version, its in stages.items() if CURRENT in its), None),
            rotated=datetime.fromisoformat(tags[ROTATED]) if ROTATED in tags else None,
        )

    def is_due(self, now: datetime, days: int, *, is_new: bool) -> bool:
        """Whether the user needs another password.

        Args:
            now: the present.
            days: after which a password is old.
            is_new: whether the user has been made since, and thus has none.
        """
        if is_new or self.is_deleted or self.pending or self.rotated is None:
            return True
        return now - self.rotated >= timedelta(days=days)


def document(user: str, password: str, place: Mapping[str, str]) -> str:
    """The secret's value, as the Data API and the drivers of Redshift read it.

    https://docs.aws.amazon.com/redshift/latest/mgmt/data-api-secrets.html
    """
    return json.dumps({
        "engine": "redshift",
        "dbClusterIdentifier": place["ClusterIdentifier"],
        "dbname": place["Database"],
        "username": user,
        "password": password,
    })  # fmt: skip


def password_of(value: str) -> str:
    """The password in a secret's value."""
    return str(json.loads(value)["password"])


def telling(user: str, password: str) -> str:
    """The statement that sets a password, which is not in it: statements are logged, also by Redshift itself.

    Of 32 random characters the digest tells nothing.
    https://docs.aws.amazon.com/redshift/latest/dg/r_CREATE_USER.html
    """
    digest = hashlib.md5((password + user).encode(), usedforsecurity=False).hexdigest()
    return f"ALTER USER {identifier(user)} PASSWORD {literal(f'md5{digest}')}"


def disabling(user: str) -> str:
    """The statement after which only IAM lets a user in."""
    return f"ALTER USER {identifier(user)} PASSWORD DISABLE"
