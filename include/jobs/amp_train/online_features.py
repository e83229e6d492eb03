"""The 21 features of each candidate as they are now: daily records, and what was counted since."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta

import numpy as np

from forest import Floats
from listing import Show
from live_counts import Features, with_counts
from online_store import Key, Record
from ranking_features import FEATURES, GROUPS, NOT_KNOWN
from reading import PointInTime


def keys_of(user: str, shows: Sequence[Show]) -> list[Key]:
    """Records that tell of a user's candidates, each once."""
    creators = dict.fromkeys(show.creator_id for show in shows if show.creator_id)
    topics = dict.fromkeys(topic for show in shows for topic in show.topics)
    return [
        ("user", user),
        *(("user_topic", f"{user}:{topic}") for topic in topics),
        *(("user_creator", f"{user}:{creator}") for creator in creators),
        *(("creator", creator) for creator in creators),
        *(("show", show.show_id) for show in shows),
    ]


def recent(records: Mapping[Key, Record], feature_days: int) -> dict[Key, Record]:
    """Those whose version is at most so many days older than the newest one, as in the training set."""
    first = newest(records) - timedelta(days=feature_days)
    return {key: record for key, record in records.items() if record.version >= first}


def newest(records: Mapping[Key, Record]) -> date:
    """The newest version of any of the records."""
    return max(record.version for record in records.values())


def declared_topics(user: str, records: Mapping[Key, Record]) -> list[str]:
    """Topics that the user has declared, as their records say."""
    return [
        identifier.removeprefix(f"{user}:")
        for (group, identifier), record in records.items()
        if group == "user_topic" and record.features.get("declared")
    ]


def current(records: Mapping[Key, Record], counts: PointInTime | None) -> dict[Key, Features]:
    """Features of every key of which anything is known; without counts, as their version has them."""
    known: dict[Key, Features] = {key: record.features for key, record in records.items()}
    if counts is None:
        return known
    user = next(key for key in records if key[0] == "user")
    counted = {user: counts.user}
    counted |= {("show", name): each for name, each in counts.shows.items()}
    counted |= {("creator", name): each for name, each in counts.creators.items()}
    merged = {key: with_counts(key[0], known.get(key), each) for key, each in counted.items()}
    return known | {key: features for key, features in merged.items() if features is not None}


def rows(user: str, shows: Sequence[Show], features: Mapping[Key, Features]) -> Floats:
    """(shows, 21) as the forest takes them: null is `NOT_KNOWN`."""
    table = [
        [
            *_vector("user", features.get(("user", user))),
            *_vector("creator", features.get(("creator", show.creator_id))),
            *_vector("show", features.get(("show", show.show_id))),
            *_vector("user_topic", _summed(user, show.topics, features)),
            *_vector("user_creator", features.get(("user_creator", f"{user}:{show.creator_id}"))),
        ]
        for show in shows
    ]
    return np.array(table, np.float32).reshape(len(shows), len(FEATURES))


def _summed(user: str, topics: Sequence[str], features: Mapping[Key, Features]) -> Features | None:
    """Over the show's topics; None where the user has nothing to do with any of them."""
    known = [each for topic in topics if (each := features.get(("user_topic", f"{user}:{topic}")))]
    names = {name for each in known for name in each}
    return {name: sum(each.get(name, 0.0) for each in known) for name in names} if known else None


def _vector(group: str, features: Features | None) -> list[float]:
    return [NOT_KNOWN if features is None else features.get(name, NOT_KNOWN) for name in GROUPS[group][1]]
