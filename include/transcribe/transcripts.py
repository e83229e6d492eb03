"""Where transcripts are."""

from urllib.parse import unquote, urlsplit


def transcript_uri(address: str) -> str:
    """The S3 URI of a transcript in a bucket of one's own, from the address that Transcribe gives.

    >>> transcript_uri("https://s3.us-east-1.amazonaws.com/bucket/key.json")
    's3://bucket/key.json'

    Raises:
        ValueError: the address has no bucket and key in its path.
    """
    parts = urlsplit(address, allow_fragments=False)
    if parts.scheme == "s3":
        return address
    bucket, _, key = unquote(parts.path).removeprefix("/").partition("/")
    if not bucket or not key:
        raise ValueError(f"{address!r} names no object in S3; expected https://<endpoint>/<bucket>/<key>")
    return f"s3://{bucket}/{key}"
