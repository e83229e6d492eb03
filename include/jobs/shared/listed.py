"""Names and values in a sentence."""

from collections.abc import Sequence

MOST_LISTED = 20


def listed(values: Sequence[object]) -> str:
    """Values between commas; of very many, the first and how many more.

    >>> listed(["a", "b"])
    "'a', 'b'"
    """
    more = len(values) - MOST_LISTED
    return ", ".join(map(repr, values[:MOST_LISTED])) + (f" and {more:,} more" if more > 0 else "")
