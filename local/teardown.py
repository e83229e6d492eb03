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
    """The buckets of a stack that may be deleted.

    Raises:
        TeardownError: there is no such stack, or it is protected.
        ClientError: anything else.
    """
    try:
        [found] = cloudformation.describe_stacks(StackName=stack)["Stacks"]
    except ClientError as error:
        if error.response["Error"]["Code"] != "ValidationError":
            raise
        raise TeardownError(
            f"There is no stack {stack} here: {error}. If it is gone and has left buckets, name them with "
            "--buckets"
        ) from error
    if found.get("EnableTerminationProtection"):
        raise TeardownError(
            f"{stack} is protected from being deleted: nothing is done. Lift that with aws cloudformation "
            f"update-termination-protection --no-enable-termination-protection --stack-name {stack}"
        )
    outputs = {each["OutputKey"]: each["OutputValue"] for each in found.get("Outputs", [])}
    return sorted(value for name, value in outputs.items() if name.endswith(OF_A_BUCKET))


def take_away(session: boto3.session.Session, stack: str, names: Sequence[str]) -> Iterator[str]:
    """Empties the buckets, deletes the stack, then the buckets; a sentence for each step that is done.

    Raises:
        TeardownError: something could not be deleted; the rest is still there.
    """
    storage, cloudformation = session.resource("s3"), session.client("cloudformation")
    # While the stack is there, whatever fails is mended by another run.
    for name in names:
        yield f"{name}: {_emptied(storage.Bucket(name)):,} versions of objects deleted"
    identity = cloudformation.describe_stacks(StackName=stack)["Stacks"][0]["StackId"]
    cloudformation.delete_stack(StackName=stack)
    try:
        cloudformation.get_waiter("stack_delete_complete").wait(StackName=identity)
    except WaiterError as error:
        raise TeardownError(f"{stack} could not be deleted, its events say why: {error}") from error
    yield f"{stack}: deleted"
    yield from delete_buckets(session, stack, names)


def delete_buckets(session: boto3.session.Session, stack: str, names: Sequence[str]) -> Iterator[str]:
    """Deletes buckets with what is in them; a sentence for each.

    Raises:
        TeardownError: one could not be deleted.
    """
    storage = session.resource("s3")
    for place, name in enumerate(names):
        bucket = storage.Bucket(name)
        try:
            # Logs and the like come in until the stack is gone.
            _emptied(bucket)
            bucket.delete()
        except (TeardownError, ClientError) as error:
            raise TeardownError(
                f"{name} could not be deleted: {error}. When that is mended, go on with --stack-name {stack} "
                f"--buckets {' '.join(names[place:])}"
            ) from error
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
    parser.add_argument("--buckets", nargs="+", metavar="BUCKET", help="left by the stack, which is gone")
    options = parser.parse_args(argv)
    stack, left = options.stack_name, options.buckets
    session = boto3.session.Session()
    try:
        names = left or buckets(session.client("cloudformation"), stack)
        what = "the buckets left by" if left else "the stack"
        print(f"This deletes {what} {stack} and, for ever, everything in {', '.join(names) or 'no bucket'}.")
        if input("Type the name of the stack to go on: ") != stack:
            print("Nothing is deleted.")
            return DECLINED
        take = delete_buckets if left else take_away
        for sentence in take(session, stack, names):
            print(sentence, flush=True)
    except (TeardownError, ClientError, BotoCoreError) as error:
        print(error, file=sys.stderr)
        return FAILED
    return 0


if __name__ == "__main__":
    sys.exit(main())
