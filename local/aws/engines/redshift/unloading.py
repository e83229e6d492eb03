"""UNLOAD: rows of a query as an object in S3.

https://docs.aws.amazon.com/redshift/latest/dg/r_UNLOAD.html
"""

from dataclasses import dataclass

from errors import RefusedError, unserved
from words import Words

FORMATS = {"CSV": "csv", "PARQUET": "parquet"}


@dataclass(frozen=True)
class Unload:
    """What an UNLOAD statement asks for. One file is written: here nothing is gained by several."""

    query: str
    uri: str
    role: str
    form: str
    header: bool
    overwrite: bool
    extension: str

    @property
    def target(self) -> str:
        """The object's URI, as Redshift names the one that it writes with PARALLEL OFF."""
        return f"{self.uri}000{self.extension}"

    @property
    def options(self) -> str:
        """As DuckDB's COPY takes them."""
        return (
            f"FORMAT {self.form}, HEADER {str(self.header).lower()}"
            if self.form == "csv"
            else "FORMAT parquet"
        )


def parse(words: Words) -> Unload:
    """The statement, whose first word has been taken.

    Raises:
        RefusedError: it is none, or asks for more than is done here.
    """
    words.expect("(")
    query = words.string()
    words.expect(")", "TO")
    uri = words.string()
    words.expect("IAM_ROLE")
    role = words.string()
    form, header, overwrite, extension, serial = "", False, False, "", False
    while not words.is_over:
        if words.take("PARALLEL", "OFF"):
            serial = True
        elif words.take("ALLOWOVERWRITE"):
            overwrite = True
        elif words.take("HEADER"):
            header = True
        elif words.take("EXTENSION"):
            extension = f".{words.string()}"
        else:
            form = _format(words)
    if not (form and serial):
        raise unserved("UNLOAD other than FORMAT CSV or PARQUET with PARALLEL OFF")
    if not uri.startswith("s3://"):
        raise RefusedError(f"S3 path {uri} is not valid")
    return Unload(query, uri, role, form, header, overwrite, extension)


def _format(words: Words) -> str:
    words.take("FORMAT")
    words.take("AS")
    found = words.take_one_of(*FORMATS)
    if found is None:
        raise words.error()
    return FORMATS[found]
