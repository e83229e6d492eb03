"""Fetches what PyPI's Spark lacks to read and write S3, when the image is built.

``hadoop-aws`` has to be of the version of Spark's own Hadoop and the SDK of the version that it was built
against. ``spark-hadoop-cloud`` has what Spark needs to use the committers of S3A.
"""

import argparse
import hashlib
import sys
import urllib.request
from pathlib import Path

ARTIFACTS = (
    ("org/apache/hadoop", "hadoop-aws", "3.5.0"),
    ("software/amazon/awssdk", "bundle", "2.35.4"),
    ("org/apache/spark", "spark-hadoop-cloud_2.13", "4.3.0"),
)
BLOCK = 1 << 20


class DigestError(Exception):
    """A file is not the one that the repository has."""


def fetch(address: str, folder: Path) -> Path:
    """Downloads a file and compares it with the SHA-1 beside it. Raises `DigestError` and `OSError`."""
    with urllib.request.urlopen(f"{address}.sha1") as answer:  # noqa: S310  # whoever builds says where from
        wanted = answer.read().decode().split()[0]
    file = folder / address.rpartition("/")[2]
    digest = hashlib.sha1(usedforsecurity=False)
    with urllib.request.urlopen(address) as answer, file.open("wb") as target:  # noqa: S310  # see above
        while block := answer.read(BLOCK):
            digest.update(block)
            target.write(block)
    if digest.hexdigest() != wanted:
        file.unlink()
        raise DigestError(f"{address} has the SHA-1 {digest.hexdigest()}, it must have {wanted}.")
    return file


def main(arguments: list[str] | None = None) -> int:
    """Fetches every artifact; returns the exit code."""
    parser = argparse.ArgumentParser(description="Fetch the JARs with which Spark reaches S3.")
    parser.add_argument("folder", type=Path, help="where Spark's JARs are")
    parser.add_argument("--repository", default="https://repo1.maven.org/maven2", help="a Maven repository")
    options = parser.parse_args(arguments)
    for group, name, version in ARTIFACTS:
        address = f"{options.repository}/{group}/{name}/{version}/{name}-{version}.jar"
        try:
            print(fetch(address, options.folder))
        except (DigestError, OSError) as error:
            print(f"{address} could not be fetched: {error}", file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
