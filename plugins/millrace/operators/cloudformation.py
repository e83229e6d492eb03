"""Stacks of CloudFormation that a pipeline makes, keeps up to date and takes away."""

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any

from airflow.sdk import Context
from airflow.sdk.exceptions import AirflowFailException
from botocore.exceptions import ClientError
from typing_extensions import override

from include.bundles import Bundle
from include.cloudformation import Stack
from include.run import Run
from millrace.context import run_of
from millrace.hooks.aws import AwsHook
from millrace.hooks.s3 import S3, split
from millrace.operators.base import AwsOperator, BuildingOperator

BEGUN = "_IN_PROGRESS"
NEVER_MADE = frozenset({"CREATE_FAILED", "ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "DELETE_FAILED"})
"""A stack whose making failed can only be taken away."""
NOTHING_NEW = "No updates are to be performed"


def described(client: Any, name: str) -> dict[str, Any] | None:
    """A stack by its name; None if there is none."""
    try:
        [stack] = client.describe_stacks(StackName=name)["Stacks"]
    except ClientError as error:
        if "does not exist" in str(error):
            return None
        raise
    return dict(stack)


def no_functions(_run: Run) -> dict[str, Bundle]:
    """Of a stack without any."""
    return {}


class StackOperator(BuildingOperator):
    """Ships the code of functions, and asks for a stack to be made or brought up to date.

    It does not wait: see `millrace.sensors.cloudformation.StackSensor`. The result has the ``stack``'s name,
    the ``changes`` (one sentence each), and whether there are any, ``changed``. Secrets of the stack are in
    no result, log or rendered field.

    Args:
        build: the stack, of the run and the keys of the archives.
        functions: code by the name under which ``build`` takes the key of its archive, of the run.
        arguments: what ``build`` takes beside them; may hold XComArgs.
    """

    ui_color = "#e6e0f5"

    def __init__(
        self, *, functions: Callable[[Run], Mapping[str, Bundle]] = no_functions, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.functions = functions

    @override
    def execute(self, context: Context) -> dict[str, Any]:
        run = run_of(context)
        stack: Stack = self.build(run, self._shipped(run), **self.arguments)
        there = described(self.client, stack.name)
        status = there["StackStatus"] if there else ""
        if status == f"DELETE{BEGUN}":
            raise RuntimeError(f"{stack.name} is being taken away; the next try makes it anew")
        if status.endswith(BEGUN):
            self.log.info("%s is %s already", stack.name, status)
            return {"stack": stack.name, "changes": [], "changed": True}
        if status in NEVER_MADE:
            self.client.delete_stack(StackName=stack.name)
            raise RuntimeError(
                f"{stack.name} was {status} and is being taken away; the next try makes it anew"
            )
        changes = self._changes(stack, there)
        changed = self._begin(stack, is_new=there is None)
        for sentence in changes if changed else ["nothing changes"]:
            self.log.info("%s: %s", stack.name, sentence)
        return {"stack": stack.name, "changes": changes if changed else [], "changed": changed}

    def _shipped(self, run: Run) -> dict[str, str]:
        """Keys of the archives, which are there under their digests once and for all."""
        keys = {}
        for name, bundle in self.functions(run).items():
            uri = f"{run.code_uri(bundle.digest)}/{name}.zip"
            if not self.s3.exists(uri):
                self.s3.write(uri, bundle.zipped())
            keys[name] = split(uri)[1]
        return keys

    def _changes(self, stack: Stack, there: Mapping[str, Any] | None) -> list[str]:
        if there is None:
            return stack.changes("", {})
        body = self.client.get_template(StackName=stack.name)["TemplateBody"]
        given = {each["ParameterKey"]: each["ParameterValue"] for each in there.get("Parameters", [])}
        return stack.changes(str(body), given)

    def _begin(self, stack: Stack, *, is_new: bool) -> bool:
        """Whether there is something to do."""
        if is_new:
            self.client.create_stack(**stack.request())
            return True
        try:
            self.client.update_stack(**stack.request())
        except ClientError as error:
            if NOTHING_NEW in str(error):
                return False
            if "UPDATE_ROLLBACK_FAILED" in str(error):
                raise AirflowFailException(
                    f"{stack.name} could not go back after a failed update: mend what its events name, then "
                    f"`aws cloudformation continue-update-rollback --stack-name {stack.name}`"
                ) from error
            raise
        return True

    @cached_property
    def client(self) -> Any:
        """boto3's client of CloudFormation."""
        return AwsHook("cloudformation", self.aws_conn_id, self.region_name).conn

    @cached_property
    def s3(self) -> S3:
        """Objects in S3."""
        return S3(self.aws_conn_id, self.region_name)


class StackDeletionOperator(AwsOperator):
    """Asks for a stack to be taken away; for a ``teardown``, since it needs nothing of what came before.

    It does not wait: see `millrace.sensors.cloudformation.StackDeletionSensor`. The result has the name of
    the ``stack``: it may be gone already, or was never made.

    Args:
        name: of the stack, of the run.
    """

    ui_color = "#e6e0f5"

    def __init__(self, *, name: Callable[[Run], str], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.name_of = name

    @override
    def execute(self, context: Context) -> dict[str, str]:
        name = self.name_of(run_of(context))
        client = AwsHook("cloudformation", self.aws_conn_id, self.region_name).conn
        there = described(client, name)
        self.log.info("%s is %s", name, there["StackStatus"] if there else "not there")
        if there:
            client.delete_stack(StackName=name)
        return {"stack": name}
