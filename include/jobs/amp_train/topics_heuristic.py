"""What shows are ranked by where the forest cannot: how many of a show's topics the listener has declared."""

from collections.abc import Collection, Sequence

from listing import Show


def scores(shows: Sequence[Show], declared: Collection[str]) -> list[float]:
    """How many it is, for each show."""
    wanted = set(declared)
    return [float(len(wanted.intersection(show.topics))) for show in shows]
