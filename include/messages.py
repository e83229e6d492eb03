"""Text messages to a telephone: what they hold, who gets them, and the marker by which each is sent once.

https://docs.aws.amazon.com/sns/latest/dg/sms_publish-to-phone.html
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from include.settings import Settings

MOST_CHARACTERS = 1600
"""What SNS takes at once; it sends longer texts as parts of 140 bytes, each of which is paid for."""
SHOWN_DIGITS = 2
TRANSACTIONAL = {"AWS.SNS.SMS.SMSType": {"DataType": "String", "StringValue": "Transactional"}}
"""Sent for its reliability, not for its price."""


@dataclass(frozen=True)
class TextMessage:
    """A text, the S3 URI of the marker by which it is sent once, and where the whole of it is."""

    text: str
    marker: str
    source: str

    def __post_init__(self) -> None:
        """Raises ValueError for what SNS would refuse."""
        if not 0 < len(self.text) <= MOST_CHARACTERS:
            raise ValueError(
                f"a message has 1 to {MOST_CHARACTERS} characters, this one {len(self.text)}: shorten it"
            )

    def request(self, number: str) -> dict[str, Any]:
        """The ``Publish`` request."""
        return {"PhoneNumber": number, "Message": self.text, "MessageAttributes": TRANSACTIONAL}


@dataclass(frozen=True)
class Marker:
    """What is known of a message: who sends it and, once SNS has taken it, under which id.

    ``claim`` is of one attempt of one task, ``sender`` of all attempts of that task. It has no number and no
    text.
    """

    claim: str
    sender: str
    message_id: str | None = None

    @classmethod
    def parse(cls, document: Mapping[str, Any]) -> "Marker":
        """The marker that ``document`` made."""
        return cls(document["claim"], document["sender"], document.get("message_id"))

    def document(self) -> bytes:
        """As JSON; ``state`` is for people."""
        state = "sent" if self.message_id else "sending"
        return (json.dumps({"state": state, **asdict(self)}, indent=2) + "\n").encode()


def recipient(settings: Settings) -> str:
    """The telephone number that gets the messages.

    Raises:
        ValueError: the deployment names none.
    """
    if settings.phone_number is None:
        raise ValueError(
            "nobody gets the message: set MILLRACE_PHONE_NUMBER, as +<country code><number>, on every "
            "component of Airflow (docs/aws.md)"
        )
    return settings.phone_number.get_secret_value()


def masked(number: str) -> str:
    """A telephone number as logs may show it.

    >>> masked("+12025550123")
    '**********23'
    """
    return "*" * (len(number) - SHOWN_DIGITS) + number[-SHOWN_DIGITS:]


def one_line(text: str) -> str:
    """A text without line breaks and control characters, which a telephone might obey."""
    return " ".join("".join(char if char.isprintable() else " " for char in text).split())


def shortened(text: str, tail: str) -> str:
    """The text if SNS takes it, else the words that fit before ``tail``, which says where the rest is.

    Raises:
        ValueError: ``tail`` leaves no room.
    """
    if len(text) <= MOST_CHARACTERS:
        return text
    room = MOST_CHARACTERS - len(tail)
    if room < 1:
        raise ValueError(f"a tail of {len(tail)} characters leaves no room in {MOST_CHARACTERS}")
    words, space, _ = text[: room + 1].rpartition(" ")
    # What has no spaces is cut anywhere.
    return (words.rstrip() if space else text[:room]) + tail
