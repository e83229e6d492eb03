"""Records as lines of text, and as values that a path can take apart."""

import csv
import io
import json
from typing import Any, Protocol

# Python's own limit of a field is 128 KiB; a payload may be a hundred MiB.
csv.field_size_limit(100 * 1024 * 1024)


class RecordError(ValueError):
    """A line is not in the format that it should be in."""


class RecordFormat(Protocol):
    """A way to write one record into one line."""

    name: str

    def read(self, line: bytes) -> Any:
        """The record. Raises `RecordError`."""

    def write(self, record: Any) -> bytes:
        """The line, without its end."""

    def join(self, record: Any, answer: Any) -> Any:
        """A record with the model's answer to it."""


class Csv:
    """A row is a list of texts. https://www.rfc-editor.org/rfc/rfc4180, without newlines inside of fields."""

    name = "CSV"

    def read(self, line: bytes) -> list[str]:
        """The columns."""
        try:
            rows = list(csv.reader([_decoded(line)], strict=True))
        except csv.Error as error:
            raise RecordError(f"not a row of CSV ({error})") from error
        if not rows or not rows[0]:
            raise RecordError("not a row of CSV: it is empty")
        return rows[0]

    def write(self, record: Any) -> bytes:
        """Quotes only where it has to."""
        text = io.StringIO()
        columns = record if isinstance(record, list) else [record]
        csv.writer(text, lineterminator="").writerow(columns)
        return text.getvalue().encode()

    def join(self, record: Any, answer: Any) -> Any:
        """The answer's columns follow the record's."""
        return [*record, *answer]


class Json:
    """Any JSON value."""

    name = "JSON"

    def read(self, line: bytes) -> Any:
        """The value."""
        text = _decoded(line)
        try:
            return json.loads(text)
        except ValueError as error:
            raise RecordError(f"not JSON ({error})") from error

    def write(self, record: Any) -> bytes:
        """Without white space."""
        return json.dumps(record, ensure_ascii=False, separators=(",", ":")).encode()

    def join(self, record: Any, answer: Any) -> Any:
        """An object gets one more member; what is none becomes one."""
        joined = record if isinstance(record, dict) else {"SageMakerInput": record}
        return joined | {"SageMakerOutput": answer}


def _decoded(line: bytes) -> str:
    try:
        return line.decode()
    except UnicodeDecodeError as error:
        raise RecordError(f"not UTF-8 text ({error})") from error
