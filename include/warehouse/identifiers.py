"""Names and texts within SQL that is made here: configuration is data, and never becomes more than a name.

https://docs.aws.amazon.com/redshift/latest/dg/r_names.html
"""

import re

NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")
RESERVED_PREFIXES = ("pg_", "iam", "aws_")
RESERVED = frozenset({"public", "information_schema", "catalog_history", "rdsdb", "sys"})


def broken_rule(name: str) -> str | None:
    """The rule that a name of a schema, group or user breaks; None for a good one.

    It is stricter than Redshift: what needs no quotes cannot be confused with anything.
    """
    if not NAME.fullmatch(name):
        return "a name is 1 to 63 characters of a-z, 0-9 and _, and begins with a letter"
    if name in RESERVED or name.startswith(RESERVED_PREFIXES):
        return f"the name is Redshift's own, as are those that begin with {', '.join(RESERVED_PREFIXES)}"
    return None


def identifier(name: str) -> str:
    """A name as SQL has it, quoted whatever it is: what the database tells may be any.

    Raises:
        ValueError: it has a zero byte, which no name has.

    >>> identifier('a"b')
    '"a""b"'
    """
    if "\0" in name:
        raise ValueError(f"the name {name!r} has a zero byte: no name in Redshift has one")
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """A text as SQL has it.

    Raises:
        ValueError: it has a backslash, which Redshift reads as the begin of an escape, or a zero byte.

    >>> literal("it's")
    "'it''s'"
    """
    if "\\" in text or "\0" in text:
        raise ValueError(f"the text {text!r} has a backslash or a zero byte: Redshift reads it as an escape")
    return "'" + text.replace("'", "''") + "'"
