"""``python -m local.teardown --stack-name NAME`` takes an environment away, with all that is in its buckets.

CloudFormation deletes no bucket that holds anything, and the template keeps its buckets even when the stack
goes. So they are emptied first, of every version of every object; then the stack goes, and then the buckets.
Credentials, region and, for the local AWS, ``AWS_ENDPOINT_URL`` are those of boto3's environment.
"""

import argparse
import sys
from collections.abc import Iterator, Sequence
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError, WaiterError

OF_A_BUCKET = "Bucket"
"""Outputs of the stack that name a bucket end with this."""
DECLINED, FAILED = 1, 2


class TeardownError(Exception):
    """What could not be taken away; the message is for the user."""


def buckets(cloudformation: Any, stack: str) -> list[str]:
    """The buckets of a stack.

    Raises:
        TeardownError: there is no such stack.
    """
    try:
        [found] = cloudformation.describe_stacks(StackName=stack)["Stacks"]
    except ClientError as error:
        raise TeardownError(f"There is no stack {stack} here: {error}") from error
    outputs = {each["OutputKey"]: each["OutputValue"] for each in found.get("Outputs", [])}
    return sorted(value for name, value in outputs.items() if name.endswith(OF_A_BUCKET))


def take_away(session: boto3.session.Session, stack: str, names: Sequence[str]) -> Iterator[str]:
    """Empties the buckets, deletes the stack, then the buckets; a sentence for each step that is done.

    Raises:
        TeardownError: something could not be deleted; the rest is still there.
    """
    storage, cloudformation = session.resource("s3"), session.client("cloudformation")
    for name in names:
        yield f"{name}: {_emptied(storage.Bucket(name)):,} versions of objects deleted"
    identity = cloudformation.describe_stacks(StackName=stack)["Stacks"][0]["StackId"]
    cloudformation.delete_stack(StackName=stack)
    try:
        cloudformation.get_waiter("stack_delete_complete").wait(StackName=identity)
    except WaiterError as error:
        raise TeardownError(f"{stack} could not be deleted, its events say why: {error}") from error
    yield f"{stack}: deleted"
    for name in names:
        storage.Bucket(name).delete()
        yield f"{name}: deleted"


def _emptied(bucket: Any) -> int:
    """Deletes every version and every delete marker; how many these were."""
    count = 0
    for answer in bucket.object_versions.delete():
        if errors := answer.get("Errors"):
            first = errors[0]
            raise TeardownError(
                f"{len(errors)} objects of {bucket.name} are still there: {first['Key']}: {first['Code']}"
            )
        count += len(answer.get("Deleted", []))
    return count


def main(argv: Sequence[str] | None = None) -> int:
    """Asks, and takes the environment away; returns the exit code."""
    parser = argparse.ArgumentParser(description="Takes an environment away, with everything in its buckets.")
    parser.add_argument("--stack-name", required=True, help="of include/infrastructure/millrace.yaml")
    stack = parser.parse_args(argv).stack_name
    session = boto3.session.Session()
    try:
        names = buckets(session.client("cloudformation"), stack)
        print(
            f"This deletes the stack {stack} and, for ever, everything in {', '.join(names) or 'no bucket'}."
        )
        if input("Type the name of the stack to go on: ") != stack:
            print("Nothing is deleted.")
            return DECLINED
        for sentence in take_away(session, stack, names):
            print(sentence, flush=True)
    except (TeardownError, ClientError, BotoCoreError) as error:
        print(error, file=sys.stderr)
        return FAILED
    return 0


if __name__ == "__main__":
    sys.exit(main())
