"""From a request to a ranked list: candidates, features, forest; or topics, where a store is down."""

import os
import time
import zlib
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import online_features
import topics_heuristic
from circuit import UnavailableError
from forest import Forest
from list_request import ListRequest
from listing import Show
from live_catalog import LiveCatalog, State, offered
from online_store import Key, Record
from serving_stores import Counters, FeatureStore, from_environment

FEATURE_DAYS = "MILLRACE_FEATURE_DAYS"
"""How many days older than the newest version features may be, as in the training set."""
DEFAULT_FEATURE_DAYS = 7
NO_REDIS = "Redis is not configured: what happened since the daily features is not known."
NO_STORE = "Feature Store is not configured."
NO_SHOW = "No show is live or upcoming."
NO_USER = "Feature Store has no features of this user."

Records = Mapping[Key, Record]


class Scores(NamedTuple):
    """A score for each candidate, and where it is from."""

    ranked_by: str
    values: Sequence[float]
    because: str | None


class Recommender:
    """Ranks what is live and upcoming for a listener.

    Args:
        forest: by which shows are ranked.
        features: the daily ones; None without a store of them.
        counters: of what happened since, with the catalog; None without a store of them.
        feature_days: how old features may be.
    """

    def __init__(
        self,
        forest: Forest,
        features: FeatureStore | None,
        counters: Counters | None,
        feature_days: int = DEFAULT_FEATURE_DAYS,
    ) -> None:
        self._forest, self._features, self._counters = forest, features, counters
        self._feature_days = feature_days
        self._catalog = LiveCatalog(counters.shows) if counters else None

    @classmethod
    def from_environment(cls, forest: Forest, environ: Mapping[str, str] = os.environ) -> "Recommender":
        """With the stores of the endpoint's environment; raises `ValueError` for one that cannot be."""
        days = int(environ.get(FEATURE_DAYS, DEFAULT_FEATURE_DAYS))
        return cls(forest, *from_environment(environ), days)

    def ranked(self, request: ListRequest) -> dict[str, Any]:
        """The answer to a request; docs/pipelines/amp_train.md has its fields."""
        state, shows, reason = self._candidates(request)
        records, missing = self._records(request.user_id, shows)
        scores = self._scores(request, shows, records, reason or missing)
        order = sorted(
            zip(shows, scores.values, strict=True),
            # Of two with the same score that which is live, or else whichever it is for this user.
            key=lambda each: (-each[1], each[0].status != "live", _tie(request.user_id, each[0])),
        )
        there = {show.show_id for show in shows}
        return {
            "shows": [
                {
                    "show_id": show.show_id,
                    "creator_id": show.creator_id,
                    "status": show.status,
                    "score": float(score),
                }
                for show, score in order[: request.limit]
            ],
            "ranked_by": scores.ranked_by,
            "because": scores.because,
            "feature_version": online_features.newest(records).isoformat() if records else None,
            "catalog_seconds": round(state.age, 3) if state else None,
            "not_offered": [show for show in request.shows or () if show not in there],
        }

    def _candidates(self, request: ListRequest) -> tuple[State | None, list[Show], str | None]:
        """What the catalog said and when; without it what is asked for, of which nothing is known."""
        if self._catalog is None:
            return None, [Show(show) for show in request.shows or ()], None if request.shows else NO_REDIS
        try:
            state = self._catalog.state()
        except UnavailableError as error:
            return None, [Show(show) for show in request.shows or ()], str(error)
        chosen = None if request.shows is None else set(request.shows)
        shows = offered(state.shows, time.time_ns() // 1_000_000, chosen)
        return state, shows, None if shows else NO_SHOW

    def _records(self, user: str, shows: Sequence[Show]) -> tuple[Records, str | None]:
        """The daily features, and why the forest cannot go by them, if so."""
        if self._features is None:
            return {}, NO_STORE
        if not shows:
            return {}, None
        try:
            found = self._features.records(online_features.keys_of(user, shows))
        except UnavailableError as error:
            return {}, str(error)
        records = online_features.recent(found, self._feature_days) if found else found
        return records, None if ("user", user) in records else NO_USER

    def _scores(
        self, request: ListRequest, shows: Sequence[Show], records: Records, reason: str | None
    ) -> Scores:
        if reason is not None:
            return _by_topics(request, shows, records, reason)
        try:
            counts = self._counters.counts(request.user_id, shows, records) if self._counters else None
        except UnavailableError as error:
            return _by_topics(request, shows, records, str(error))
        features = online_features.current(records, counts)
        rows = online_features.rows(request.user_id, shows, features)
        return Scores("forest", self._forest.probabilities(rows).tolist(), None if counts else NO_REDIS)


def _by_topics(request: ListRequest, shows: Sequence[Show], records: Records, because: str) -> Scores:
    """By the topics that the request says are declared, or that were when the daily features were made."""
    declared = request.topics
    if declared is None:
        declared = tuple(online_features.declared_topics(request.user_id, records))
    return Scores("topics", topics_heuristic.scores(shows, declared), because)


def _tie(user: str, show: Show) -> int:
    """Favours no show over all users."""
    return zlib.crc32(f"{user}:{show.show_id}".encode())
