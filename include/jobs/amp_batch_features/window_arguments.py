"""Arguments of the scripts that go through the windows of a day and of days before it."""

import argparse
from pathlib import Path

from arguments import folder, iso_day
from bounds import number


def window_arguments(description: str) -> argparse.ArgumentParser:
    """A parser that knows them; a script adds its own."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--partials", type=folder, required=True, help="S3 URI of the partials of all runs")
    parser.add_argument("--report", type=Path, required=True, help="folder for metrics.json")
    parser.add_argument("--day", type=iso_day, required=True, help="the features' day, YYYY-MM-DD")
    parser.add_argument("--versions", type=number(int, 1), default=1, help="how many days, this one included")
    parser.add_argument(
        "--known-missing-days", type=iso_day, nargs="*", default=[], help="days without events, YYYY-MM-DD"
    )
    parser.add_argument(
        "--kms-key", help="encrypts the output; without it the bucket's own encryption counts"
    )
    return parser
