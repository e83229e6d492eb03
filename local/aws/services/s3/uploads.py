"""Takes the body of an upload from the connection to a file, decoding AWS's chunks."""

import base64
import hashlib
import zlib
from collections.abc import Mapping
from typing import Any

from moto.s3.exceptions import S3ClientError

from local.aws.services.s3.bodies import BLOCK, Bodies, Body, Writer

ALGORITHMS = ("CRC32", "CRC32C", "CRC64NVME", "SHA1", "SHA256")


class IncompleteBodyError(S3ClientError):
    """The body does not have the length or the chunks that its headers announce."""

    def __init__(self, message: str) -> None:
        super().__init__("IncompleteBody", message)


class BadDigestError(S3ClientError):
    """The body that arrived is not the one that was sent."""

    def __init__(self, header: str, expected: str, computed: str) -> None:
        super().__init__(
            "BadDigest", f"{header} is {expected} and the body's is {computed}: send the object again."
        )


def receive(request: Any) -> tuple[Body, bytes]:
    """Stores the request's body; also returns the trailers of a chunked one.

    Raises:
        IncompleteBodyError: the body is not what its headers announce.
    """
    writer = Bodies.current().writer()
    try:
        chunked = request.headers.get("x-amz-content-sha256", "").startswith("STREAMING-")
        trailers = _chunks(request.stream, writer) if chunked else _plain(request.stream, writer)
    except BaseException:
        writer.discard()
        raise
    return writer.finish(), trailers


def _plain(stream: Any, writer: Writer) -> bytes:
    while block := stream.read(BLOCK):
        writer.write(block)
    return b""


def _chunks(stream: Any, writer: Writer) -> bytes:
    """Decodes ``aws-chunked``: hexadecimal size, perhaps ``;chunk-signature=...``, data, empty line."""
    while size := _chunk_size(stream.readline()):
        while size > 0:
            block = stream.read(min(BLOCK, size))
            if not block:
                raise IncompleteBodyError(f"The body ended {size} bytes before the end of its last chunk.")
            writer.write(block)
            size -= len(block)
        stream.readline()
    trailers: bytes = stream.read()
    return trailers


def _chunk_size(line: bytes) -> int:
    try:
        return int(line.split(b";")[0], 16)
    except ValueError:
        raise IncompleteBodyError(f"A chunk begins with {line[:40]!r} and not with its size.") from None


def verify(body: Body, headers: Mapping[str, str], trailers: bytes) -> tuple[str, str | None]:
    """Algorithm and base64 value of the checksum that the client sent, or asked for; empty if none.

    Raises:
        BadDigestError: a checksum that the client sent does not fit the body.
    """
    md5 = base64.b64encode(bytes.fromhex(body.md5)).decode()
    if headers.get("Content-MD5", md5) != md5:
        raise BadDigestError("Content-MD5", headers["Content-MD5"], md5)
    named = (algorithm for algorithm in ALGORITHMS if f"x-amz-checksum-{algorithm.lower()}" in headers)
    algorithm = headers.get("x-amz-sdk-checksum-algorithm", "").upper() or next(named, "")
    if not algorithm:
        return "", None
    name = f"x-amz-checksum-{algorithm.lower()}"
    sent = headers.get(name) or _trailer(trailers, name)
    computed = _checksum(body, algorithm)
    if sent and computed and sent != computed:
        raise BadDigestError(name, sent, computed)
    return algorithm, sent or computed


def _trailer(trailers: bytes, name: str) -> str | None:
    for line in trailers.decode("latin-1").splitlines():
        key, _, value = line.partition(":")
        if key.strip().lower() == name:
            return value.strip()
    return None


def _checksum(body: Body, algorithm: str) -> str | None:
    """None for the two algorithms that Python has no fast code for (CRC32C, CRC64NVME)."""
    if algorithm == "CRC32":
        crc = 0
        for block in body.stream():
            crc = zlib.crc32(block, crc)
        return base64.b64encode(crc.to_bytes(4, "big")).decode()
    if algorithm in ("SHA1", "SHA256"):
        digest = hashlib.new(algorithm.lower(), usedforsecurity=False)
        for block in body.stream():
            digest.update(block)
        return base64.b64encode(digest.digest()).decode()
    return None
