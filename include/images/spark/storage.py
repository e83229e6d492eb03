"""How Spark reaches S3: the properties behind ``s3://`` and ``s3a://``.

On AWS that is Hadoop's S3A, whose JARs the Dockerfile fetches. A laptop does not have them: there the local
AWS serves its buckets over WebHDFS, whose client is part of Spark, and Hadoop's view file system gives each
bucket its ``s3://`` name.
"""

import json
import os
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterable

from ending import SubmitError  # type: ignore[import-not-found]
from machine import on_a_laptop  # type: ignore[import-not-found]

TIMEOUT_SECONDS = 30
SCHEMES = ("s3", "s3a")

S3A = {
    "fs.s3.impl": "org.apache.hadoop.fs.s3a.S3AFileSystem",
    # The default stream needs one more library and keeps a record of every object that was ever read.
    "fs.s3a.input.stream.type": "classic",
    # Tasks upload to where the files will be, and the commit makes them appear: nothing is renamed.
    "fs.s3a.committer.name": "magic",
    # To look for uploads of others the role would need one more right; the bucket's lifecycle ends them.
    "fs.s3a.committer.abort.pending.uploads": "false",
    **{
        f"mapreduce.outputcommitter.factory.scheme.{scheme}": (
            "org.apache.hadoop.fs.s3a.commit.S3ACommitterFactory"
        )
        for scheme in SCHEMES
    },
}
"""Credentials are not among them: S3A finds those of the job's role by itself."""

S3A_COMMITTERS = {
    "spark.sql.sources.commitProtocolClass": "org.apache.spark.internal.io.cloud.PathOutputCommitProtocol",
    "spark.sql.parquet.output.committer.class": (
        "org.apache.spark.internal.io.cloud.BindingParquetOutputCommitter"
    ),
}
"""How Spark is told to use the committers of S3A."""


def core_site() -> dict[str, str]:
    """Hadoop's properties. Raises `SubmitError`."""
    if not on_a_laptop():
        region = os.environ.get("AWS_REGION")
        return S3A | ({"fs.s3a.endpoint.region": region} if region else {})
    endpoint = os.environ.get("AWS_ENDPOINT_URL")
    return view(endpoint, buckets(endpoint, user())) if endpoint else {}


def committers() -> dict[str, str]:
    """Spark's properties that belong to those of `core_site`."""
    return {} if on_a_laptop() else S3A_COMMITTERS


def user() -> str:
    """Who Hadoop's client says it is: the job's access key, so that its calls are known to be the job's."""
    return os.environ.get("AWS_ACCESS_KEY_ID", "spark")


def buckets(endpoint: str, user: str) -> list[str]:
    """The buckets of the local AWS. Raises `SubmitError`."""
    query = urllib.parse.urlencode({"op": "LISTSTATUS", "user.name": user})
    try:
        with urllib.request.urlopen(f"{endpoint}/webhdfs/v1/?{query}", timeout=TIMEOUT_SECONDS) as answer:  # noqa: S310  # the endpoint is the server's own
            statuses = json.load(answer)["FileStatuses"]["FileStatus"]
    except (OSError, ValueError, KeyError) as error:
        raise SubmitError(
            f"The local AWS at {endpoint} does not serve its buckets over WebHDFS: {error}."
        ) from error
    return [str(status["pathSuffix"]) for status in statuses]


def view(endpoint: str, buckets: Iterable[str]) -> dict[str, str]:
    """A mount table for each bucket: the whole of ``s3://bucket/`` is a directory of the WebHDFS server.

    A bucket whose name goes on behind that of another and a dot is left out: Hadoop would take the rest of
    its name for an entry of the other's table.
    """
    names = sorted(buckets)
    plain = [name for name in names if not any(name.startswith(f"{other}.") for other in names)]
    address = urllib.parse.urlsplit(endpoint).netloc
    overload = "org.apache.hadoop.fs.viewfs.ViewFileSystemOverloadScheme"
    webhdfs = "org.apache.hadoop.hdfs.web.WebHdfsFileSystem"
    return {
        **{f"fs.{scheme}.impl": overload for scheme in SCHEMES},
        **{f"fs.viewfs.overload.scheme.target.{scheme}.impl": webhdfs for scheme in SCHEMES},
        **{f"fs.viewfs.mounttable.{name}.linkFallback": f"webhdfs://{address}/{name}" for name in plain},
        # A rename is one call that links the file anew: a task's files go to where they belong at once.
        "mapreduce.fileoutputcommitter.algorithm.version": "2",
    }
