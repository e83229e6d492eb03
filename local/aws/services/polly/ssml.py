"""SSML: which documents Polly takes and the synthesiser here speaks.

https://docs.aws.amazon.com/polly/latest/dg/supportedtags.html
"""

import re
from collections.abc import Mapping
from xml.etree import ElementTree as ET

from local.aws.services.polly.errors import InvalidSsmlError

ROOT = "speak"
LEVELS = "none|x-weak|weak|medium|strong|x-strong"
PERCENT = r"[+-]?\d+(\.\d+)?%"
TAGS: Mapping[str, Mapping[str, str]] = {
    "speak": {},
    "p": {},
    "s": {},
    "break": {"time": r"\d+(\.\d+)?(s|ms)", "strength": LEVELS},
    "emphasis": {"level": "strong|moderate|reduced"},
    "prosody": {
        "rate": rf"x-slow|slow|medium|fast|x-fast|{PERCENT}",
        "pitch": rf"default|x-low|low|medium|high|x-high|{PERCENT}",
        "volume": r"default|silent|x-soft|soft|medium|loud|x-loud|[+-]\d+(\.\d+)?dB",
    },
    "sub": {"alias": r".+"},
}
"""The attributes of each tag and the values that they may have."""
LONGEST_BREAK_SECONDS = 10.0
SLOWEST_PERCENT, FASTEST_PERCENT = 20.0, 200.0


def spoken_characters(document: str) -> int:
    """How many characters outside of tags a document has.

    Raises:
        InvalidSsmlError: it is not well-formed, or has a tag, an attribute or a value that is not taken.
    """
    root = _parsed(document)
    if root.tag != ROOT:
        raise InvalidSsmlError(f"Invalid SSML request: the root is <{root.tag}>, it must be <{ROOT}>.")
    for element in root.iter():
        _check(element)
    return len("".join(root.itertext()))


def _parsed(document: str) -> ET.Element:
    if "<!" in document or "<?" in document:
        raise InvalidSsmlError("Invalid SSML request: a declaration or a comment is not taken.")
    try:
        return ET.fromstring(document)  # noqa: S314  # without declarations there are no entities
    except ET.ParseError as error:
        raise InvalidSsmlError(f"Invalid SSML request: {error}.") from error


def _check(element: ET.Element) -> None:
    allowed = TAGS.get(element.tag)
    if allowed is None:
        spoken = ", ".join(f"<{tag}>" for tag in TAGS)
        raise InvalidSsmlError(f"Invalid SSML request: <{element.tag}> is not spoken here, only {spoken}.")
    for name, value in element.attrib.items():
        if name not in allowed or not re.fullmatch(allowed[name], value):
            raise InvalidSsmlError(f'Invalid SSML request: <{element.tag} {name}="{value}"> is not taken.')
    _check_bounds(element)


def _check_bounds(element: ET.Element) -> None:
    time, rate = element.get("time", ""), element.get("rate", "")
    if time and _seconds(time) > LONGEST_BREAK_SECONDS:
        raise InvalidSsmlError(
            f"Invalid SSML request: a break of {time} is longer than {LONGEST_BREAK_SECONDS:g}s."
        )
    if rate.endswith("%") and not SLOWEST_PERCENT <= float(rate[:-1]) <= FASTEST_PERCENT:
        raise InvalidSsmlError(
            f"Invalid SSML request: a rate of {rate} is outside of {SLOWEST_PERCENT:g}% "
            f"to {FASTEST_PERCENT:g}%."
        )


def _seconds(time: str) -> float:
    return float(time[:-2]) / 1000 if time.endswith("ms") else float(time[:-1])
