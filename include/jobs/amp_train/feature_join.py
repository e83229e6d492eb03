"""The 21 features of each candidate, as they were known at the beginning of its hour."""

from datetime import date

import pandas as pd

from offline_store import OfflineStore
from point_in_time import as_of
from ranking_features import FEATURES, GROUPS

Stores = dict[str, OfflineStore]


def with_features(candidates: pd.DataFrame, stores: Stores, day: date, days_back: int) -> pd.DataFrame:
    """Candidates with their features and, for each group, the event time of the version that these are from.

    Args:
        candidates: as `candidates.candidates` makes them.
        stores: one for each group.
        day: the candidates' own.
        days_back: how old a version may be.
    """
    parts = [candidates]
    for group, (key, names) in GROUPS.items():
        if group == "user_topic":
            found = _summed(candidates, stores[group], day, days_back)
        else:
            found = _known(
                pd.DataFrame({"key": _keys(candidates, key), "at": candidates["hour"]}),
                stores[group],
                day,
                days_back,
            )
        columns = {"event_time": f"{group}_event_time", **{name: f"{group}_{name}" for name in names}}
        parts.append(found[[*columns]].rename(columns=columns))
    joined = pd.concat(parts, axis=1)
    return joined.astype(dict.fromkeys(FEATURES, "float32"))


def _known(wanted: pd.DataFrame, store: OfflineStore, day: date, days_back: int) -> pd.DataFrame:
    return as_of(wanted, store.versions(wanted["key"].unique(), day, days_back))


def _summed(candidates: pd.DataFrame, store: OfflineStore, day: date, days_back: int) -> pd.DataFrame:
    """Sums over the show's topics; null where the user has nothing to do with any of them."""
    each = candidates[["user_id", "topics", "hour"]].explode("topics")
    wanted = pd.DataFrame({"key": each["user_id"] + ":" + each["topics"].astype(str), "at": each["hour"]})
    # Users meet the same topics in many shows: each pair is looked for once.
    pairs = wanted.drop_duplicates().reset_index(drop=True)
    known = wanted.reset_index(names="row").merge(_known(pairs, store, day, days_back), on=["key", "at"])
    grouped = known.groupby("row")
    sums = grouped[[*store.features]].sum(min_count=1)
    return sums.assign(event_time=grouped["event_time"].max()).reindex(candidates.index)


def _keys(candidates: pd.DataFrame, key: str) -> "pd.Series[str]":
    if key == "user_creator":
        return candidates["user_id"] + ":" + candidates["creator_id"]
    return candidates[key]
