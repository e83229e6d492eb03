"""Content types and their aliases, as SageMaker's XGBoost container takes them."""

from email.message import Message
from enum import StrEnum

from .batch import DataError


class Format(StrEnum):
    """How rows are written."""

    CSV = "csv"
    LIBSVM = "libsvm"
    PARQUET = "parquet"
    RECORDIO_PROTOBUF = "recordio-protobuf"


ALIASES = {
    "csv": Format.CSV,
    "text/csv": Format.CSV,
    "libsvm": Format.LIBSVM,
    "text/libsvm": Format.LIBSVM,
    "text/x-libsvm": Format.LIBSVM,
    "parquet": Format.PARQUET,
    "application/x-parquet": Format.PARQUET,
    "recordio-protobuf": Format.RECORDIO_PROTOBUF,
    "application/x-recordio-protobuf": Format.RECORDIO_PROTOBUF,
}


def parse(content_type: str) -> Format:
    """The format of a content type, its parameters aside; libsvm without one, as on AWS.

    Raises:
        DataError: it is not one of `ALIASES`, or its ``label_size`` is not 1.
    """
    if not content_type.strip():
        return Format.LIBSVM
    header = Message()
    header["Content-Type"] = content_type.lower()
    kind = content_type.lower().split(";", maxsplit=1)[0].strip()
    if kind not in ALIASES:
        raise DataError(f"{content_type} is not an accepted ContentType: {', '.join(ALIASES)}.")
    size = header.get_param("label_size", "1")
    if ALIASES[kind] is Format.CSV and size != "1":
        raise DataError(
            f"{content_type} is not an accepted csv ContentType: the label is one column, label_size=1."
        )
    return ALIASES[kind]
