"""Command-line values of several scripts."""

import argparse
from datetime import date

from objects import Location, LocationError


def folder(text: str) -> Location:
    """An S3 URI with a key."""
    try:
        found = Location.parse(text)
    except LocationError as error:
        raise argparse.ArgumentTypeError(str(error)) from error
    if not found.key.strip("/"):
        raise argparse.ArgumentTypeError(f"{text} is a whole bucket: give s3://bucket/key")
    return found


def iso_day(text: str) -> date:
    """A day as ``YYYY-MM-DD``."""
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is not a day such as 2026-05-31: {error}") from error
