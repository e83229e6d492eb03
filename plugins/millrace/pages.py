"""Where a person's browser shows what lives on AWS: AWS's console, or the local AWS's own pages.

``meta`` is that of a boto3 client (``client.meta``), which knows where its calls go.
"""

from typing import Any
from urllib.parse import quote, urlsplit

from include.settings import settings
from millrace.jobs import HUMAN_LOOP, JobKind


def job_page(meta: Any, kind: JobKind, reference: str) -> str:
    """The page of a job."""
    name = reference.rpartition("/")[2] if kind.given_id else reference
    place = reference.partition("/")[0]
    if local := _local(meta):
        return f"{local}/jobs/{kind.console}/{quote(name)}"
    page = kind.console_page.format(region=meta.region_name, name=quote(name), place=quote(place))
    return f"{_console(meta)}/{page}"


def reviews_page(meta: Any) -> str:
    """AWS's list of human review workflows, or the local AWS's page on which people work."""
    if local := _local(meta):
        return f"{local}/review/"
    return f"{_console(meta)}/{HUMAN_LOOP.console_page.format(region=meta.region_name)}"


def log_page(meta: Any, kind: JobKind, reference: str) -> str | None:
    """The log streams of a job, or None for a kind that has none."""
    streams = kind.log_streams(reference, settings().environment)
    if streams is None:
        return None
    if _local(meta):
        return f"{job_page(meta, kind, reference)}#log"
    group, prefix = map(_in_fragment, streams)
    home = f"{_console(meta)}/cloudwatch/home?region={meta.region_name}"
    return f"{home}#logsV2:log-groups/log-group/{group}$3FlogStreamNameFilter$3D{prefix}"


def object_page(meta: Any, uri: str) -> str:
    """The page of an S3 object or, for a URI that ends in ``/``, of a folder."""
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    if local := _local(meta):
        return f"{local}/s3/{quote(f'{bucket}/{key}')}"
    what = "buckets" if key.endswith("/") or not key else "object"
    return f"{_console(meta)}/s3/{what}/{bucket}?prefix={quote(key)}"


def folder_of(uri: str) -> str:
    """The folder to look into for what a job leaves at a URI: a prefix itself, or where a file is."""
    parent, _, last = uri.rstrip("/").rpartition("/")
    return f"{parent}/" if "." in last else f"{parent}/{last}/"


def _local(meta: Any) -> str | None:
    """The address of the local AWS's pages, or None when the calls go to AWS."""
    endpoint = urlsplit(meta.endpoint_url)
    if endpoint.netloc.endswith((".amazonaws.com", ".amazonaws.com.cn")):
        return None
    return f"{endpoint.scheme}://{endpoint.netloc}/_millrace"


def _console(meta: Any) -> str:
    """AWS's console for a region; partitions have their own."""
    domain = {"aws-cn": "console.amazonaws.cn", "aws-us-gov": "console.amazonaws-us-gov.com"}
    return f"https://{meta.region_name}.{domain.get(meta.partition, 'console.aws.amazon.com')}"


def _in_fragment(text: str) -> str:
    """CloudWatch's console escapes twice, with ``$`` for the second percent sign."""
    return quote(quote(text, safe=""), safe="").replace("%", "$")
