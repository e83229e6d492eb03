"""Which objects below an include path a crawler reads.

https://docs.aws.amazon.com/glue/latest/dg/define-crawler-choose-data-sources.html has the patterns: those of
``java.nio.file``'s globs, relative to the include path.
"""

import re
from collections.abc import Iterable
from functools import lru_cache

UNSEEN = ("_", ".")
"""What begins with one of these, a folder or a file, is no data."""


def is_data(path: str, exclusions: Iterable[str]) -> bool:
    """Whether an object is read, by its path relative to the include path.

    >>> is_data("show/_staging/a.parquet", []), is_data("show/day=1/a.parquet", ["**/day=1/**"])
    (False, False)
    """
    if not path or path.endswith("/") or any(part.startswith(UNSEEN) for part in path.split("/")):
        return False
    return not any(_expression(pattern).fullmatch(path) for pattern in exclusions)


@lru_cache(maxsize=256)
def _expression(pattern: str) -> re.Pattern[str]:
    """A glob as a regular expression: ``*`` stays within a folder and ``**`` does not."""
    found, index = "", 0
    while index < len(pattern):
        token = _TOKEN.match(pattern, index)
        text = token[0] if token else pattern[index]
        found += _translated(text)
        index += len(text)
    return re.compile(found, re.DOTALL)


_TOKEN = re.compile(r"\*\*|\*|\?|\[[^\]]+\]|\{[^}]*\}|\\.")


def _translated(text: str) -> str:
    fixed = {"**": ".*", "*": "[^/]*", "?": "[^/]"}
    if text in fixed:
        return fixed[text]
    if text.startswith("[") and len(text) > 1:
        inside = text[1:-1]
        return f"[{'^' + inside[1:] if inside.startswith('!') else inside}]"
    if text.startswith("{") and len(text) > 1:
        return f"(?:{'|'.join(_expression(part).pattern for part in text[1:-1].split(','))})"
    return re.escape(text.removeprefix("\\"))
