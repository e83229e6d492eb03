"""Links that are good for a while.

https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from moto.s3.exceptions import S3ClientError

LONGEST_SECONDS = 7 * 24 * 3600


def check(query: Mapping[str, str], now: datetime) -> None:
    """Accepts a link before its end, and a request that is no link.

    Signatures are not looked at: whoever can reach the local S3 may read everything in it.

    Raises:
        S3ClientError: the link is over, or what says when it ends cannot be right.
    """
    if "X-Amz-Expires" in query:
        _check_end(_end(query), now)
    elif "Expires" in query and "Signature" in query:
        _check_end(_time(query["Expires"]), now)


def _end(query: Mapping[str, str]) -> datetime:
    text = query["X-Amz-Expires"]
    if not text.isdecimal() or not 0 < int(text) <= LONGEST_SECONDS:
        raise _malformed(f"X-Amz-Expires is {text!r}: give seconds from 1 to {LONGEST_SECONDS}")
    try:
        began = datetime.strptime(query.get("X-Amz-Date", ""), "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    except ValueError as error:
        raise _malformed("X-Amz-Date must be in the ISO8601 Long Format \"yyyyMMdd'T'HHmmss'Z'\"") from error
    return began + timedelta(seconds=int(text))


def _time(text: str) -> datetime:
    try:
        return datetime.fromtimestamp(int(text), UTC)
    except (ValueError, OverflowError, OSError) as error:
        raise _malformed(f"Expires is {text!r}: give seconds since 1970") from error


def _check_end(end: datetime, now: datetime) -> None:
    if now > end:
        raise S3ClientError("AccessDenied", "Request has expired")


def _malformed(reason: str) -> S3ClientError:
    return S3ClientError("AuthorizationQueryParametersError", reason)
