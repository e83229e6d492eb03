"""What a batch transform job does to records around the model: filters the input, joins, filters the output.

https://docs.aws.amazon.com/sagemaker/latest/dg/batch-transform-data-processing.html
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from local.aws.services.sagemaker.json_paths import JsonPath, NothingFoundError, PathError
from local.aws.services.sagemaker.record_formats import Csv, Json, RecordError, RecordFormat
from local.aws.services.sagemaker.validation import ValidationError

Request = Mapping[str, Any]
DEFAULTS = {"InputFilter": "$", "OutputFilter": "$", "JoinSource": "None"}
FORMATS: Mapping[str, RecordFormat] = {
    "text/csv": Csv(),
    "application/json": Json(),
    "application/jsonlines": Json(),
}


class UnfitRecordError(Exception):
    """A record or the answer to it cannot be processed as the job asks."""


class DataProcessing:
    """The `DataProcessing` of a request.

    Args:
        request: a `CreateTransformJob` request.

    Raises:
        ValidationError: a filter is no path, or content types and delimiters do not fit.
    """

    def __init__(self, request: Request) -> None:
        wanted = described(request)
        self._input = _path("InputFilter", wanted)
        self._output = _path("OutputFilter", wanted)
        self._joins = wanted["JoinSource"] == "Input"
        self._lines = request["TransformInput"].get("SplitType", "None") == "Line"
        self._format: RecordFormat = Json()
        if self._joins or not (self._input.is_root and self._output.is_root):
            self._format = _format(request)
            self._check_paths()

    def given(self, record: bytes) -> bytes:
        """What the model gets of a record.

        Raises:
            UnfitRecordError: the record is not in its format, or has nothing at the filter's places.
        """
        if self._input.is_root:
            return record
        return self._format.write(self._find("InputFilter", self._input, self._read(record)))

    def kept(self, records: Sequence[bytes], answer: bytes) -> bytes:
        """What is stored of the answer to some records.

        Raises:
            UnfitRecordError: the answer is not in its format, or has not as many lines as there are records.
        """
        if not self._joins and self._output.is_root:
            return answer
        answers = self._split(answer)
        if not self._joins:
            return b"\n".join(self._stored(self._read_answer(each)) for each in answers)
        if len(answers) != len(records):
            raise UnfitRecordError(
                "Fail to join data: mismatched line count between the input and the output: "
                f"{len(records)} and {len(answers)}."
            )
        return b"\n".join(self._joined(records, answers))

    def _joined(self, records: Sequence[bytes], answers: Sequence[bytes]) -> Iterator[bytes]:
        for record, answer in zip(records, answers, strict=True):
            yield self._stored(self._format.join(self._read(record), self._read_answer(answer)))

    def _stored(self, value: Any) -> bytes:
        return self._format.write(self._find("OutputFilter", self._output, value))

    def _split(self, answer: bytes) -> list[bytes]:
        return answer.removesuffix(b"\n").split(b"\n") if self._lines else [answer]

    def _read(self, record: bytes) -> Any:
        try:
            return self._format.read(record)
        except RecordError as error:
            raise UnfitRecordError(f"The record is {error}: {_shown(record)}") from error

    def _read_answer(self, answer: bytes) -> Any:
        try:
            return self._format.read(answer)
        except RecordError as error:
            raise UnfitRecordError(f"The model's answer is {error}: {_shown(answer)}") from error

    @staticmethod
    def _find(name: str, path: JsonPath, value: Any) -> Any:
        try:
            return path.find(value)
        except NothingFoundError as error:
            raise UnfitRecordError(f"{name} {error}") from error

    def _check_paths(self) -> None:
        """Columns of a row have numbers and no names."""
        for name, path in (("InputFilter", self._input), ("OutputFilter", self._output)):
            if isinstance(self._format, Csv) and not path.is_index_of_row:
                raise ValidationError(
                    f"{name} {path.text!r} cannot be applied to text/csv, whose rows are lists: "
                    "give one index, $[0], several, $[0,-1], or a slice, $[1:]."
                )


def described(request: Request) -> dict[str, str]:
    """`DataProcessing` as the describe answer has it, with what the request left out."""
    return DEFAULTS | (request.get("DataProcessing") or {})


def _path(name: str, wanted: Mapping[str, str]) -> JsonPath:
    try:
        return JsonPath(wanted[name])
    except PathError as error:
        raise ValidationError(
            f"{name} {wanted[name]!r} is not a JSONPath that batch transform supports: {error}."
        ) from error


def _format(request: Request) -> RecordFormat:
    """The format of records and answers, which must be the same."""
    source, target = request["TransformInput"], request["TransformOutput"]
    types = {
        "TransformInput.ContentType": _media_type(source.get("ContentType")),
        "TransformOutput.Accept": _media_type(target.get("Accept")),
    }
    for field, media_type in types.items():
        if media_type not in FORMATS:
            raise ValidationError(
                f"DataProcessing that filters or joins needs {field} to be one of {', '.join(FORMATS)}; "
                f"it is {media_type or 'missing'}."
            )
    given, answered = types.values()
    if FORMATS[given].name != FORMATS[answered].name:
        raise ValidationError(
            "DataProcessing that filters or joins needs the same format on both sides: "
            f"TransformInput.ContentType is {given} and TransformOutput.Accept is {answered}."
        )
    _check_delimiters(request, types.values())
    return FORMATS[given]


def _check_delimiters(request: Request, media_types: Collection[str]) -> None:
    """One record to a line, except for a JSON document that is a whole object."""
    named = ", ".join(sorted(set(media_types)))
    delimiters = {
        "TransformInput.SplitType": request["TransformInput"].get("SplitType", "None"),
        "TransformOutput.AssembleWith": request["TransformOutput"].get("AssembleWith", "None"),
    }
    whole = named == "application/json" and set(delimiters.values()) == {"None"}
    for field, delimiter in delimiters.items():
        if delimiter != "Line" and not whole:
            raise ValidationError(
                f"DataProcessing that filters or joins needs {field} Line for {named}; it is {delimiter}."
            )


def _media_type(content_type: str | None) -> str:
    return (content_type or "").partition(";")[0].strip().lower()


def _shown(line: bytes) -> str:
    text = line[:100].decode(errors="replace")
    return text if len(line) <= 100 else f"{text}..."  # noqa: PLR2004  # enough to recognize it
