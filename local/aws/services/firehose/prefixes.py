"""Keys of delivered objects: prefixes with expressions, and the names behind them.

https://docs.aws.amazon.com/firehose/latest/dev/s3-prefixes.html
"""

import re
import secrets
from datetime import UTC, datetime, tzinfo
from string import ascii_letters, digits

from local.aws.services.firehose.errors import InvalidArgumentError

EXPRESSION = re.compile(r"!\{([^:}]*):([^}]*)\}")
HOUR = "!{timestamp:yyyy/MM/dd/HH/}"
"""What a prefix without a timestamp gets."""
ERROR_TYPE = "error-output-type"
PROCESSING_FAILED = "processing-failed"
RANDOM_LENGTH = 11
PIECES = re.compile(r"'((?:[^']|'')*)'|([A-Za-z])\2*|[^A-Za-z']+")
FORMATS = {
    "yyyy": "%Y",
    "YYYY": "%Y",
    "uuuu": "%Y",
    "yy": "%y",
    "MM": "%m",
    "MMM": "%b",
    "MMMM": "%B",
    "dd": "%d",
    "DDD": "%j",
    "HH": "%H",
    "mm": "%M",
    "ss": "%S",
    "EEE": "%a",
    "EEEE": "%A",
    "a": "%p",
    "hh": "%I",
    "Z": "%z",
}
"""Letters of Java's DateTimeFormatter that are served here, as Python has them."""
UNPADDED = {"M": "%m", "d": "%d", "H": "%H", "h": "%I", "m": "%M", "s": "%S"}


def check(prefix: str, error_prefix: str | None) -> None:
    """Raises `InvalidArgumentError` for prefixes that Firehose does not take."""
    for name, text in (("Prefix", prefix), ("ErrorOutputPrefix", error_prefix or "")):
        for namespace, value in EXPRESSION.findall(text):
            _check_expression(name, namespace, value)
    if f"!{{firehose:{ERROR_TYPE}}}" in prefix:
        raise InvalidArgumentError(f"Prefix cannot contain !{{firehose:{ERROR_TYPE}}}.")
    if error_prefix is None and EXPRESSION.search(prefix):
        raise InvalidArgumentError("ErrorOutputPrefix cannot be null when Prefix contains expressions.")
    if error_prefix and f"!{{firehose:{ERROR_TYPE}}}" not in error_prefix:
        raise InvalidArgumentError(f"ErrorOutputPrefix must contain !{{firehose:{ERROR_TYPE}}}.")


def _check_expression(name: str, namespace: str, value: str) -> None:
    if namespace == "timestamp":
        for found in PIECES.finditer(value):
            if found[2] and found[0] not in FORMATS | UNPADDED:
                raise InvalidArgumentError(
                    f"{name} has the time format {found[0]!r}, which the local AWS has not: take one of"
                    f" {', '.join(sorted(FORMATS | UNPADDED))}."
                )
    elif namespace != "firehose" or value not in (ERROR_TYPE, "random-string"):
        raise InvalidArgumentError(
            f"{name} has the expression !{{{namespace}:{value}}}: the local AWS has the namespaces timestamp"
            f" and firehose, and of the latter {ERROR_TYPE} and random-string."
        )


def folder(prefix: str, moment: datetime) -> str:
    """What stands before the name of an object whose oldest record arrived at ``moment``.

    >>> folder("raw/", datetime(2026, 1, 2, 3, tzinfo=UTC))
    'raw/2026/01/02/03/'
    """
    return _evaluated(prefix if EXPRESSION.search(prefix) else prefix + HOUR, moment, "")


def error_folder(
    prefix: str, error_prefix: str | None, moment: datetime, kind: str = PROCESSING_FAILED
) -> str:
    """The same for records that failed in the way that ``kind`` names.

    >>> error_folder("raw/", None, datetime(2026, 1, 2, 3, tzinfo=UTC))
    'raw/processing-failed/2026/01/02/03/'
    """
    if error_prefix:
        return _evaluated(error_prefix, moment, kind)
    return _evaluated(f"{prefix}{kind}/{HOUR}", moment, kind)


def object_name(stream: str, version: str, moment: datetime, identity: str, extension: str) -> str:
    """The name of an object that is written at ``moment``.

    >>> object_name("events", "1", datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC), "a-b", ".gz")
    'events-1-2026-01-02-03-04-05-a-b.gz'
    """
    return f"{stream}-{version}-{moment:%Y-%m-%d-%H-%M-%S}-{identity}{extension}"


def instant(milliseconds: int, zone: tzinfo = UTC) -> datetime:
    """A time in milliseconds since 1970 as prefixes and names have it."""
    return datetime.fromtimestamp(milliseconds / 1000, zone)


def _evaluated(prefix: str, moment: datetime, kind: str) -> str:
    def value(found: re.Match[str]) -> str:
        if found[1] == "timestamp":
            return PIECES.sub(lambda piece: _formatted(piece, moment), found[2])
        return kind if found[2] == ERROR_TYPE else _random()

    return EXPRESSION.sub(value, prefix)


def _formatted(piece: re.Match[str], moment: datetime) -> str:
    if piece[1] is not None:
        return piece[1].replace("''", "'") or "'"
    if not piece[2]:
        return piece[0]
    if piece[0] in UNPADDED:
        return str(int(moment.strftime(UNPADDED[piece[0]])))
    return moment.strftime(FORMATS[piece[0]])


def _random() -> str:
    return "".join(secrets.choice(ascii_letters + digits) for _ in range(RANDOM_LENGTH))
