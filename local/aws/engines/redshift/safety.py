"""Whether a tree may be written as SQL for DuckDB: what it says is then what has been looked at.

sqlglot writes most of a tree quoted or escaped, but not all: ``EXTRACT("x" FROM y)`` is written with an x as
it is. Here every text in a tree that may be written as it is must be a plain word.
"""

import re
from collections.abc import Iterator

from sqlglot import exp

from errors import RefusedError, unserved

WORDS = re.compile(r"[A-Za-z0-9_]*( [A-Za-z0-9_]+)*")
NUMBER = re.compile(r"\d*\.?\d*([eE][+-]?\d+)?")
UNKNOWN: tuple[tuple[type[exp.Expression], str], ...] = (
    (exp.Command, "this"),
    (exp.ByteString, "strings with E''"),
    (exp.HexString, "strings of hexadecimal digits"),
    (exp.BitString, "strings of bits"),
    (exp.RawString, "raw strings"),
    (exp.National, "strings with N''"),
    (exp.Into, "SELECT INTO: use CREATE TABLE AS"),
    (exp.Parameter, "parameters with @"),
    (exp.SessionParameter, "parameters with @@"),
    (exp.TableFromRows, "TABLE()"),
)


def check(tree: exp.Expression) -> None:
    """Raises `RefusedError` for a tree with something that is not written, or not safely."""
    for node in tree.walk():
        for kind, what in UNKNOWN:
            if isinstance(node, kind):
                raise unserved(what)
        if isinstance(node, exp.Table) and not isinstance(node.this, exp.Identifier | type(None)):
            raise RefusedError("functions in FROM are not supported")
        if isinstance(node, exp.Lateral) and not isinstance(node.this, exp.Subquery):
            raise RefusedError("functions in FROM are not supported")
        for text in _texts(node):
            if not WORDS.fullmatch(text):
                raise RefusedError(f'syntax error at or near "{text[:60]}"')


def _texts(node: exp.Expression) -> Iterator[str]:
    """What may be written of a node as it is."""
    if isinstance(node, exp.Identifier) or (isinstance(node, exp.Literal) and node.is_string):
        return
    if isinstance(node, exp.Literal) and NUMBER.fullmatch(node.name):
        return
    for value in node.args.values():
        for each in value if isinstance(value, list) else [value]:
            if isinstance(each, str):
                yield each
