"""Passwords of the warehouse's users, in Secrets Manager."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from functools import cached_property
from typing import Any
from uuid import uuid4

from airflow.sdk import Context
from airflow.sdk.log import mask_secret
from typing_extensions import override

from include.run import Run
from include.warehouse import passwords
from include.warehouse.batches import place
from include.warehouse.passwords import CURRENT, PENDING, ROTATED, Secret
from millrace.context import run_of
from millrace.errors import JobFailed
from millrace.hooks.aws import AwsHook
from millrace.hooks.s3 import S3
from millrace.operators.base import AwsOperator

MOST_SECONDS = 30
"""That one call waits for a statement."""
MOST_WAITS = 10
RECOVERY_DAYS = 7
"""How long the secret of a user who went can be had back."""


class PasswordsOperator(AwsOperator):
    """Gives passwords to users who are new or whose password is old, and takes them from those who have none.

    A password is in no log, XCom, rendered field or statement. The result has the names of the users whose
    password was ``rotated``, and of those whose secret was ``deleted``.

    Args:
        document: URI of what is kept of the access changes, of the run: the users with ``passwords``, those
            with ``none``, and those who were ``created`` or ``removed``.
        days: after which a password is old, of the run.
    """

    ui_color = "#f6e6d8"

    def __init__(self, *, document: Callable[[Run], str], days: Callable[[Run], int], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.document = document
        self.days = days

    @override
    def execute(self, context: Context) -> dict[str, Sequence[str]]:
        run = run_of(context)
        users = self.s3.read_json(self.document(run))
        now, created = datetime.now(UTC), frozenset(users["created"])
        rotated = []
        for user in users["passwords"]:
            secret = self.secret(run, user)
            if secret is None or secret.is_due(now, self.days(run), is_new=user in created):
                self.rotate(run, user, secret)
                self.log.info("%s has a new password, in the secret %s", user, _name(run, user))
                rotated.append(user)
        deleted = [user for user in users["none"] if self.disable(run, user, users["removed"])]
        return {"rotated": rotated, "deleted": deleted}

    def secret(self, run: Run, user: str) -> Secret | None:
        """The user's secret; None if there is none."""
        try:
            return Secret.of(self.secrets.describe_secret(SecretId=_name(run, user)))
        except self.secrets.exceptions.ResourceNotFoundException:
            return None

    def rotate(self, run: Run, user: str, secret: Secret | None) -> None:
        """Makes a password or takes the one that a former try has made, and lets it become the user's."""
        name = _name(run, user)
        secret = self.provide(run, user, secret)
        if secret.pending:
            value = self.secrets.get_secret_value(SecretId=name, VersionId=secret.pending)["SecretString"]
            version, password = secret.pending, passwords.password_of(value)
            mask_secret(password)
        else:
            version, password = self.propose(run, user)
        self.tell_database(run, passwords.telling(user, password))
        self.promote(name, version)
        self.secrets.tag_resource(
            SecretId=name, Tags=[{"Key": ROTATED, "Value": datetime.now(UTC).isoformat(timespec="seconds")}]
        )

    def provide(self, run: Run, user: str, secret: Secret | None) -> Secret:
        """A secret without a value, or the one that was deleted and is not gone yet."""
        name = _name(run, user)
        if secret is None:
            key = run.settings.output_kms_key
            self.secrets.create_secret(
                Name=name,
                Description=f"Password of {user} in the warehouse {place(run)['ClusterIdentifier']}",
                Tags=run.tags(self.task_id),
                **({"KmsKeyId": key} if key else {}),
            )
            return Secret()
        if secret.is_deleted:
            self.secrets.restore_secret(SecretId=name)
        return secret

    def propose(self, run: Run, user: str) -> tuple[str, str]:
        """Keeps a new password that is nobody's yet; its version and itself."""
        password = self.secrets.get_random_password(
            PasswordLength=passwords.LENGTH,
            ExcludeCharacters=passwords.EXCLUDED,
            RequireEachIncludedType=True,
        )["RandomPassword"]
        mask_secret(password)
        answer = self.secrets.put_secret_value(
            SecretId=_name(run, user),
            ClientRequestToken=str(uuid4()),
            SecretString=passwords.document(user, password, place(run)),
            VersionStages=[PENDING],
        )
        return answer["VersionId"], password

    def promote(self, name: str, version: str) -> None:
        """Makes a version the current one. The last step takes PENDING away: until then it is done again."""
        current = Secret.of(self.secrets.describe_secret(SecretId=name)).current
        if current != version:
            self.secrets.update_secret_version_stage(
                SecretId=name,
                VersionStage=CURRENT,
                MoveToVersionId=version,
                **({"RemoveFromVersionId": current} if current else {}),
            )
        self.secrets.update_secret_version_stage(
            SecretId=name, VersionStage=PENDING, RemoveFromVersionId=version
        )

    def disable(self, run: Run, user: str, removed: Sequence[str]) -> bool:
        """Takes the password away from a user who has one; whether there was any."""
        secret = self.secret(run, user)
        if secret is None or secret.is_deleted:
            return False
        if user not in removed:
            self.tell_database(run, passwords.disabling(user))
        self.secrets.delete_secret(SecretId=_name(run, user), RecoveryWindowInDays=RECOVERY_DAYS)
        return True

    def tell_database(self, run: Run, statement: str) -> None:
        """Runs a statement that is over at once, without a word of it in a log.

        Raises:
            JobFailed: the database refuses it, or is not done with it after five minutes.
        """
        described: Mapping[str, Any] = self.data.execute_statement(**place(run), Sql=statement)
        id_ = described["Id"]
        for _ in range(MOST_WAITS):
            described = self.data.describe_statement(Id=id_, WaitTimeSeconds=MOST_SECONDS)
            if described["Status"] == "FINISHED":
                return
            if described["Status"] in ("FAILED", "ABORTED"):
                raise JobFailed(f"statement {id_} is {described['Status']}: {described.get('Error')}")
        with suppress(self.data.exceptions.ValidationException):
            self.data.cancel_statement(Id=id_)
        raise JobFailed(f"statement {id_} is {described['Status']} after {MOST_SECONDS * MOST_WAITS} seconds")

    @cached_property
    def s3(self) -> S3:
        """Documents in S3."""
        return S3(self.aws_conn_id, self.region_name)

    @cached_property
    def secrets(self) -> Any:
        """boto3's client of Secrets Manager."""
        return AwsHook("secretsmanager", self.aws_conn_id, self.region_name).conn

    @cached_property
    def data(self) -> Any:
        """boto3's client of the Data API."""
        return AwsHook("redshift-data", self.aws_conn_id, self.region_name).conn


def _name(run: Run, user: str) -> str:
    return passwords.secret_name(run.settings.environment, run.settings.tenant, user)
