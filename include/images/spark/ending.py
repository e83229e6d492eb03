"""How a job ended and why, for whoever asks SageMaker."""

import re
from dataclasses import dataclass

from entrypoint import paths  # type: ignore[import-not-found]

EXCEPTION = re.compile(
    r"^(?:Caused by: |Exception in thread \"[^\"]*\" )?"
    r"[\w.$]*(?:Error|Exception|Exit|Interrupt|Warning)\b(?::.*)?$"
)
SPARK_LOG = re.compile(
    r"^\d\d/\d\d/\d\d \d\d:\d\d:\d\d |^WARNING: |^\s+at |^\s+\.\.\. |^Setting default log level"
)
MAX_CHARACTERS = 1024


class SubmitError(Exception):
    """The application cannot be started; the message says what to do."""


@dataclass(frozen=True)
class Outcome:
    """An exit code, and why if that is not 0."""

    code: int
    reason: str = ""


def reason(lines: list[str], code: int) -> str:
    """What ended the application: the last exception in its log, or the last line that it printed itself.

    >>> reason(["Traceback (most recent call last):", "ValueError: no rows", "26/11/21 10:00:00 INFO bye"], 1)
    'ValueError: no rows'
    """
    exceptions = [line for line in lines if EXCEPTION.match(line)]
    own = [line for line in lines if line.strip() and not SPARK_LOG.match(line)]
    found = exceptions or own
    return found[-1].strip() if found else f"spark-submit ended with exit code {code} and printed nothing."


def message() -> str | None:
    """What `/opt/ml/output/message` says already, left by the application."""
    file = paths.base() / "output" / "message"
    if not file.is_file():
        return None
    with file.open(errors="replace") as text:
        return text.read(MAX_CHARACTERS)


def leave_message(text: str) -> None:
    """Says why the job ended, unless the application has said so itself."""
    if message() is not None:
        return
    file = paths.base() / "output" / "message"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text[:MAX_CHARACTERS])
