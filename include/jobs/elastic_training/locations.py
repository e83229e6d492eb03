"""Places in S3 that a job is told on the command line, and the documents that it leaves there."""

import argparse
import json

import objects
from objects import Location, LocationError


def location(text: str) -> Location:
    """An argparse type: ``s3://bucket/key``."""
    try:
        return Location.parse(text)
    except LocationError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def write(document: object, target: Location, kms_key: str | None) -> None:
    """Leaves a JSON document; without a key the bucket's own encryption counts."""
    objects.write(target, (json.dumps(document, indent=2) + "\n").encode(), kms_key)
