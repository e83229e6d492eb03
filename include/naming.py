"""Names of jobs, endpoints and prefixes: the same inputs give the same name, for ever.

A name is what makes a launch idempotent: AWS refuses a second job of the same
name, so a retry that cannot know whether its predecessor's start call arrived
simply starts the same name again.
"""

import hashlib
import re
from dataclasses import dataclass

DIGEST_LENGTH = 10
MAX_NAME_LENGTH = 63
"""What SageMaker allows most of its names."""
MEMBER_SUFFIX_LENGTH = DIGEST_LENGTH + 1
"""By how much the name of one of many is longer than that of their launch."""


@dataclass(frozen=True)
class TaskIdentity:
    """What tells one task of one run from every other, in every environment."""

    environment: str
    tenant: str
    dag_id: str
    run_id: str
    task_id: str
    map_index: int = -1

    @property
    def digest(self) -> str:
        """Ten hexadecimal digits over all fields; the readable part of a name may be cut, this never is."""
        return digest(
            self.environment, self.tenant, self.dag_id, self.run_id, self.task_id, str(self.map_index)
        )


def digest(*parts: str) -> str:
    """The first ten hexadecimal digits of SHA-256 over the parts."""
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:DIGEST_LENGTH]


def job_name(identity: TaskIdentity, launch: int, *, max_length: int = MAX_NAME_LENGTH) -> str:
    """``local-abalone-train-0f3a9c21d4-1``: letters, digits and hyphens, at most ``max_length`` long.

    Raises:
        ValueError: ``max_length`` leaves no room for the digest and the launch number.
    """
    suffix = f"{identity.digest}-{launch}"
    room = max_length - len(suffix) - 1
    if room < 1:
        raise ValueError(
            f"a name of {max_length} characters has no room for {suffix!r}; allow {len(suffix) + 2}"
        )
    readable = hyphenated(identity.environment, identity.dag_id, identity.task_id)
    return f"{readable[:room].strip('-') or 'j'}-{suffix}"


def is_same_task(name: str, other: str) -> bool:
    """Whether two names are of launches of one task in one run.

    >>> is_same_task("local-abalone-deploy-0f3a9c21d4-1", "local-abalone-deploy-0f3a9c21d4-12")
    True
    """
    return name.rpartition("-")[0] == other.rpartition("-")[0]


def resource_name(environment: str, tenant: str, dag_id: str) -> str:
    """The name of what a pipeline has one of: its endpoint, its model package group."""
    name = hyphenated("millrace", environment, tenant, dag_id)
    if len(name) <= MAX_NAME_LENGTH:
        return name
    return f"{name[: MAX_NAME_LENGTH - DIGEST_LENGTH - 1].strip('-')}-{digest(name)}"


def feature_group_name(environment: str, tenant: str, *parts: str) -> str:
    """The name of a feature group.

    >>> feature_group_name("prod", "main", "amp", "user_topic")
    'prod-main-amp-user-topic'
    """
    return hyphenated(environment, tenant, *parts)


def database_name(environment: str, tenant: str, subject: str) -> str:
    """The name of a database of the Data Catalog, which Athena wants without hyphens.

    >>> database_name("prod-eu", "main", "amp")
    'millrace_prod_eu_main_amp'
    """
    return hyphenated("millrace", environment, tenant, subject).replace("-", "_")


def content_name(name: str, *contents: str) -> str:
    """The name of what cannot be changed: other contents, another name.

    >>> content_name("millrace-local-main-abalone", "a")
    'millrace-local-main-abalone-ca978112ca'
    """
    return f"{name[: MAX_NAME_LENGTH - DIGEST_LENGTH - 1].strip('-')}-{digest(*contents)}"


def member_name(batch: str, member: str) -> str:
    """The name of one of many that a launch starts: ``MEMBER_SUFFIX_LENGTH`` longer than the launch's."""
    return f"{batch}-{digest(member)}"


def batch_of(member: str) -> str:
    """The name of the launch to which a ``member_name`` belongs.

    >>> batch_of(member_name("local-abalone-review-0f3a9c21d4-1", "first"))
    'local-abalone-review-0f3a9c21d4-1'
    """
    return member.rpartition("-")[0]


def hyphenated(*parts: str) -> str:
    """The parts in lower case, joined, with every run of other characters as one hyphen."""
    return re.sub(r"[^a-z0-9]+", "-", "-".join(parts).lower()).strip("-")


def run_slug(run_id: str) -> str:
    """A run id as one S3 key segment: readable, and unique because a changed id carries its digest."""
    slug = re.sub(r"[^A-Za-z0-9_.=-]+", "-", run_id)
    return slug if slug == run_id and slug.strip(".") else f"{slug}-{digest(run_id)}"
