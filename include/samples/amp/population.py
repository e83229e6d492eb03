"""Users with their hidden taste, and creators with their quality and habits."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from topics import NONE, POPULARITY, TOPICS
from world import World

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int32]
Topics = npt.NDArray[np.int8]

CONCENTRATION = 2.5
"""Of the Dirichlet distribution of tastes: the smaller, the fewer topics somebody likes."""
FAVOURITES = 3
"""Creators that a user likes beyond what they talk about."""
OUTDATED_SHARE = 0.3
"""Users whose declared interests come from another taste, which they had once."""
SILENT_SHARE = 0.15
"""Users who declare nothing."""
ACTIVITY_SPREAD = 1.1
"""Deviation of the logarithm of how often users listen."""
POPULARITY_EXPONENT = 0.7
"""Of Zipf's law over creators."""
HOURS = np.array(
    [22, 14, 9, 6, 5, 7, 14, 26, 36, 38, 36, 38, 44, 46, 42, 42, 48, 60, 78, 95, 100, 92, 68, 40], float
)
"""Traffic by hour of the day (UTC): a morning, a noon, an evening."""
LENGTHS, LENGTH_SHARES = (30, 45, 60, 90, 120), (0.2, 0.2, 0.35, 0.15, 0.1)
"""Planned minutes of shows."""


@dataclass(frozen=True)
class Creators:
    """Arrays by creator number."""

    quality: Floats
    """How good their shows are: normal, mean 0, deviation 1. Hidden."""
    popularity: npt.NDArray[np.float64]
    """How often their shows are seen; sums up to 1."""
    topics: Topics
    """(n, 2) that they talk about: mostly the first."""
    slots: npt.NDArray[np.bool_]
    """(n, 7): whether they have a regular show on the weekday."""
    minute: Ints
    """Of the day at which it begins."""
    minutes: Ints
    """How long they plan it."""
    begins: Ints
    """Index of the day of their first show."""


@dataclass(frozen=True)
class Users:
    """Arrays by user number, in the order in which they joined."""

    taste: npt.NDArray[np.float16]
    """(n, 25): shares of the topics, and 0 for none. Hidden."""
    favourites: Ints
    """(n, `FAVOURITES`) numbers of creators. Hidden."""
    declared: Topics
    """(n, 3): what they say when they join."""
    activity: npt.NDArray[np.float64]
    """Cumulative weight of how often they listen."""


def creators(world: World) -> Creators:
    """All creators of a world."""
    rng, count = world.rng("creators"), world.creators
    quality = rng.normal(size=count)
    rank = np.argsort(np.argsort(-(quality + rng.normal(size=count))))
    popularity = 1 / (rank + 1.0) ** POPULARITY_EXPONENT
    nights = 1 + rng.binomial(3, 0.375, count)
    order = np.argsort(np.argsort(rng.random((count, 7)), axis=1), axis=1)
    late = np.where(rng.random(count) < 0.8, 0, rng.integers(0, world.days, count))  # noqa: PLR2004
    return Creators(
        quality=quality.astype(np.float32),
        popularity=popularity / popularity.sum(),
        topics=_distinct(rng.choice(NONE, (count, 2), p=POPULARITY).astype(np.int8)),
        slots=order < nights[:, None],
        minute=(60 * hours(rng, count) + 15 * rng.integers(0, 4, count)).astype(np.int32),
        minutes=rng.choice(LENGTHS, count, p=LENGTH_SHARES).astype(np.int32),
        begins=np.where(rank == 0, 0, late).astype(np.int32),
    )


def hours(rng: np.random.Generator, count: int) -> npt.NDArray[np.int64]:
    """Hours at which shows are planned: the pattern of traffic, less steep."""
    weights = np.sqrt(HOURS)
    return rng.choice(24, count, p=weights / weights.sum())


def users(world: World, makers: Creators, index: int) -> Users:
    """Everybody who has joined until the end of a day.

    Those of one day of joining come from that day's own chance: they are the same whenever they are made.
    """
    blocks = [_joining(world, makers, day) for day in range(index + 1)]
    taste, favourites, declared, activity = (np.concatenate(each) for each in zip(*blocks, strict=True))
    return Users(taste, favourites, declared, np.cumsum(activity))


def declared_anew(rng: np.random.Generator, taste: npt.NDArray[Any]) -> Topics:
    """Up to three topics that people with these tastes (n, 25) would name, not always their dearest."""
    count = len(taste)
    liking = np.log(taste[:, :NONE].astype(np.float32) + 1e-3) + rng.gumbel(size=(count, NONE))
    named = np.argsort(-liking, axis=1)[:, :3].astype(np.int8)
    wrong = rng.random(count) < 0.2  # noqa: PLR2004
    named[wrong, 0] = rng.integers(0, NONE, wrong.sum())
    many = rng.integers(1, 4, count)
    named[np.arange(3) >= many[:, None]] = NONE
    named[:, :2] = _distinct(named[:, :2])
    repeated = (named[:, 2] == named[:, 0]) | (named[:, 2] == named[:, 1]) | (named[:, 1] == NONE)
    named[repeated, 2] = NONE
    return named


def save_taste(path: Path, folk: Users, makers: Creators) -> None:
    """Writes what is hidden, for tests: arrays of NumPy's npz. A model must not see it.

    ``taste`` (users, topics), ``favourites`` (users, 3), ``quality`` (creators), ``topics`` (names).
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as stream:
        np.savez(
            stream,
            taste=folk.taste[:, :NONE],
            favourites=folk.favourites,
            quality=makers.quality,
            topics=np.array(TOPICS),
        )


def _joining(world: World, makers: Creators, index: int) -> tuple[npt.NDArray[Any], ...]:
    rng, count = world.rng("users", index), world.joined(index) - world.joined(index - 1)
    taste = _tastes(rng, count)
    once = np.where((rng.random(count) < OUTDATED_SHARE)[:, None], _tastes(rng, count), taste)
    declared = declared_anew(rng, once)
    declared[rng.random(count) < SILENT_SHARE] = NONE
    favourites = _favourites(rng, makers, taste)
    return taste.astype(np.float16), favourites, declared, rng.lognormal(0, ACTIVITY_SPREAD, count)


def _tastes(rng: np.random.Generator, count: int) -> Floats:
    """Dirichlet shares, so that most people like a few topics and popular ones more often."""
    weights = rng.standard_gamma(CONCENTRATION * POPULARITY, (count, NONE)).astype(np.float32) + 1e-6
    shares = np.zeros((count, NONE + 1), np.float32)
    shares[:, :NONE] = weights / weights.sum(axis=1, keepdims=True)
    return shares


def _favourites(rng: np.random.Generator, makers: Creators, taste: Floats) -> Ints:
    """Creators who came across, those who talk about what is liked first."""
    met = rng.choice(len(makers.quality), (len(taste), 4 * FAVOURITES), p=makers.popularity)
    match = np.take_along_axis(taste, makers.topics[met, 0].astype(np.int64), axis=1)
    best = np.argsort(-(match + 0.2 * rng.random(met.shape)), axis=1)[:, :FAVOURITES]
    return np.take_along_axis(met, best, axis=1).astype(np.int32)


def _distinct(pairs: Topics) -> Topics:
    """The second topic is none where it is the first."""
    pairs[pairs[:, 0] == pairs[:, 1], 1] = NONE
    return pairs
