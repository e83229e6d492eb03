"""Who listens to what, how long, and what they do meanwhile: it follows from taste, quality and chance."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from events import DAY, MINUTE, SECOND, Events, identities
from population import HOURS, Creators, Floats, Ints, Users, declared_anew
from shows import LIVE, Shows, Times, catalog, shows, together
from topics import NONE, packed
from world import World

SLOT = 10 * MINUTE
SLOTS = DAY // SLOT
SEEN = 16
"""Live shows that somebody who opens the app comes across, beside those of favourites."""
DRAWS = 2048
"""Shows drawn for each slot, from which those seen are taken."""
TASTE, FAVOURITE, CREATOR_QUALITY = 9.0, 1.6, 0.4
"""What adds to the utility of a show: 1 of match, a favourite creator, a deviation of quality."""
EVENTS_PER_SESSION = 1.72
"""With what people do during sessions."""
CHUNK = 65_536
"""Sessions made at a time."""
REDECLARED_SHARE = 0.004
"""Users among those of a day's sessions who declare their interests anew."""
Columns = dict[str, npt.NDArray[Any]]
REACTIONS = {
    "like": (-3.4, 0.8),
    "follow": (-4.6, 0.75),
    "notification": (-4.9, 0.75),
    "call_in": (-5.2, 0.4),
    "co_host": (-6.3, 0.4),
    "poll_answer": (-3.6, 0.3),
}
"""Log-odds that it happens in a session, and what a unit of utility adds to them."""


@dataclass(frozen=True)
class Sessions:
    """Arrays by session."""

    user: Ints
    show: Ints
    """Position among the shows of the day."""
    utility: Floats
    """Of the show to the user. Hidden."""
    start: Times
    seconds: Ints

    def take(self, rows: npt.NDArray[np.int64]) -> "Sessions":
        """These, by number."""
        return Sessions(**{name: column[rows] for name, column in vars(self).items()})


def activity(world: World, makers: Creators, folk: Users, index: int) -> list[Events]:
    """Everything that happens on a day or follows from its shows and sessions; a part may be after midnight.

    Args:
        world: its numbers.
        makers: all creators.
        folk: users who have joined until the day or longer.
        index: of the day.
    """
    rng = world.rng("activity", index)
    told = [*catalog(world, makers, index), _joining(world, folk, index, rng)]
    live = _on_air(world, makers, index)
    known = world.joined(index - 1) or world.joined(index)
    budget = world.budget(index) - sum(map(len, told))
    count = max(1, int(budget / EVENTS_PER_SESSION))
    if not len(live.number):
        return told
    parts = list(_sessions(rng, live, makers, _Crowd(folk, known), (index, count)))
    every = Sessions(*(np.concatenate(each) for each in zip(*(vars(p).values() for p in parts), strict=True)))
    told += [_session_events(rng, every, live), _declared(rng, every, folk)]
    done = _kept(rng, list(_reactions(rng, every, live)), budget - sum(map(len, told[-2:])))
    left = budget - sum(map(len, [*told[-2:], *done]))
    return [*told, *done, _chat(rng, every, live, max(0, left))]


@dataclass(frozen=True)
class _Crowd:
    """The users who are there on a day: the first so many."""

    folk: Users
    count: int

    def draw(self, rng: np.random.Generator, count: int) -> Ints:
        cumulative = self.folk.activity[: self.count]
        drawn: Ints = np.searchsorted(cumulative, rng.random(count) * cumulative[-1]).astype(np.int32)
        return drawn


def utility(folk: Users, makers: Creators, live: Shows, user: Ints, show: Ints) -> Floats:
    """What shows are worth to users: taste, favourite creators, quality; users and shows broadcast."""
    match = np.zeros(np.broadcast_shapes(user.shape, show.shape), np.float32)
    for column in range(3):
        match += folk.taste[user, live.topics[show, column]]
    match /= _count_topics(live)[show]
    creator = live.creator[show]
    worth: Floats = TASTE * match + CREATOR_QUALITY * makers.quality[creator] + live.quality[show]
    for column in range(folk.favourites.shape[1]):
        worth += FAVOURITE * (folk.favourites[user, column] == creator)
    return worth


def _count_topics(live: Shows) -> Floats:
    counted: Floats = (live.topics != NONE).sum(axis=1).astype(np.float32)
    return counted


def _on_air(world: World, makers: Creators, index: int) -> Shows:
    """Shows that are live at some time of a day."""
    parts = [shows(world, makers, each) for each in ((index - 1, index) if index else (index,))]
    both = together(parts)
    return both.only((both.status == LIVE) & (both.ended > index * DAY) & (both.live < (index + 1) * DAY))


def _sessions(
    rng: np.random.Generator, live: Shows, makers: Creators, crowd: _Crowd, day: tuple[int, int]
) -> Iterator[Sessions]:
    """The sessions of a day, given as its index and their number, so many at a time."""
    index, count = day
    on_air = _by_slot(live, index)
    seen = _seen(rng, on_air, makers.popularity[live.creator] * np.where(live.promoted >= 0, 3.0, 1.0))
    of_creator = np.full((SLOTS, len(makers.quality)), -1, np.int32)
    slots, rows = np.nonzero(on_air)
    of_creator[slots, live.creator[rows]] = rows
    weights = np.repeat(HOURS, SLOTS // 24) * (on_air.sum(axis=1) > 0)
    if not weights.any():
        return
    for begin in range(0, count, CHUNK):
        size = min(CHUNK, count - begin)
        slot = rng.choice(SLOTS, size, p=weights / weights.sum())
        user = crowd.draw(rng, size)
        offered = np.concatenate(
            [
                seen[slot[:, None], rng.integers(0, DRAWS, (size, SEEN))],
                of_creator[slot[:, None], crowd.folk.favourites[user]],
            ],
            axis=1,
        )
        offered.sort(axis=1)
        worth = utility(crowd.folk, makers, live, user[:, None], offered)
        worth[offered < 0] = -np.inf
        worth[:, 1:][offered[:, 1:] == offered[:, :-1]] = -np.inf
        noise = -np.log(rng.standard_exponential(offered.shape, np.float32) + np.float32(1e-30))
        choice = (worth + noise).argmax(axis=1)[:, None]
        show, gained = (np.take_along_axis(each, choice, axis=1)[:, 0] for each in (offered, worth))
        start = index * DAY + slot * SLOT + rng.integers(0, SLOT, size)
        seconds = _seconds(rng, gained, (live.ended[show] - start) // SECOND)
        yield Sessions(user, show, gained, start, seconds)


def _by_slot(live: Shows, index: int) -> npt.NDArray[np.bool_]:
    """(slots, shows): whether a show is live during the whole of ten minutes."""
    begin = index * DAY + np.arange(SLOTS)[:, None] * SLOT
    return (live.live <= begin) & (live.ended >= begin + SLOT)


def _seen(
    rng: np.random.Generator, on_air: npt.NDArray[np.bool_], popularity: npt.NDArray[np.float64]
) -> Ints:
    """(slots, draws): shows as people come across them, by popularity; where none is live, the number 0."""
    drawn = np.zeros((SLOTS, DRAWS), np.int32)
    for slot in np.flatnonzero(on_air.any(axis=1)):
        rows = np.flatnonzero(on_air[slot])
        cumulative = np.cumsum(popularity[rows])
        drawn[slot] = rows[np.searchsorted(cumulative, rng.random(DRAWS) * cumulative[-1])]
    return drawn


def _seconds(rng: np.random.Generator, worth: Floats, left: npt.NDArray[np.int64]) -> Ints:
    """How long people stay: a share of what is left of the show, the longer the more it is worth to them.

    The share has Kumaraswamy's distribution: 1 - (1 - u)^(1/b))^(1/a), with ``a`` from the utility.
    """
    liking = 1 / (1 + np.exp(1.8 - 0.8 * worth))
    chance = rng.random(len(worth))
    share = (1 - (1 - chance) ** (1 / 1.6)) ** (1 / (0.25 + 1.6 * liking))
    seconds: Ints = (share * left).astype(np.int32)
    return seconds


def _session_events(rng: np.random.Generator, every: Sessions, live: Shows) -> Events:
    payload: Columns = {
        "user_id": every.user,
        "show_id": live.number[every.show],
        "creator_id": live.creator[every.show],
        "topics": packed(live.topics)[every.show],
        "show_minutes": live.minutes[every.show],
        "started_at": every.start,
        "seconds": every.seconds,
        "device": every.user % 5 // 3,
    }
    return Events("session", identities(rng, len(every.user)), every.start + every.seconds * SECOND, payload)


def _reactions(rng: np.random.Generator, every: Sessions, live: Shows) -> Iterator[Events]:
    """What people do during their sessions, but for chat."""
    for kind, (base, slope) in REACTIONS.items():
        chance = 1 / (1 + np.exp(-base - slope * every.utility))
        chosen = every.take(np.flatnonzero(rng.random(len(chance)) < chance))
        count, number = len(chosen.user), live.number[chosen.show]
        payload: Columns = {
            "user_id": chosen.user,
            "show_id": number,
            "creator_id": live.creator[chosen.show],
        }
        # Who was bored takes it back; also what was done before the first day.
        wanted = rng.random(count) < 1 / (1 + np.exp(-0.5 - 0.6 * chosen.utility))
        match kind:
            case "like":
                payload["topics"] = packed(live.topics)[chosen.show]
            case "follow" | "notification":
                del payload["show_id"]
                payload["following" if kind == "follow" else "enabled"] = wanted
            case "call_in":
                payload["seconds"] = (rng.random(count) ** 2 * chosen.seconds).astype(np.int32)
            case "poll_answer":
                poll = rng.integers(1, 4, count)
                payload |= {"poll_id": number * 4 + poll, "option": rng.integers(0, 4, count)}
        yield Events(kind, identities(rng, count), _during(rng, chosen), payload)


def _kept(rng: np.random.Generator, done: list[Events], most: int) -> list[Events]:
    """At most so many of the events, by chance."""
    total = sum(map(len, done))
    if total <= most:
        return done
    chosen = np.zeros(total, bool)
    chosen[rng.permutation(total)[: max(0, most)]] = True
    ends = np.cumsum([len(each) for each in done])
    return [each.take(keep) for each, keep in zip(done, np.split(chosen, ends[:-1]), strict=True)]


def _chat(rng: np.random.Generator, every: Sessions, live: Shows, count: int) -> Events:
    """Messages, the more the longer somebody listens."""
    cumulative = np.cumsum(every.seconds + 1.0)
    writing = every.take(np.searchsorted(cumulative, rng.random(count) * cumulative[-1]))
    payload: Columns = {
        "user_id": writing.user,
        "show_id": live.number[writing.show],
        "creator_id": live.creator[writing.show],
        "characters": np.minimum(1 + rng.geometric(0.03, count), 500).astype(np.int32),
    }
    return Events("chat_message", identities(rng, count), _during(rng, writing), payload)


def _during(rng: np.random.Generator, some: Sessions) -> Times:
    return some.start + (rng.random(len(some.user)) * some.seconds * SECOND).astype(np.int64)


def _joining(world: World, folk: Users, index: int, rng: np.random.Generator) -> Events:
    """Profiles of those who join on a day; on the first day, early, those who were there before."""
    user = np.arange(world.joined(index - 1), world.joined(index))
    span = DAY if index else DAY // 24
    time = index * DAY + rng.integers(0, span, len(user))
    payload: Columns = {"user_id": user, "topics": packed(folk.declared[user])}
    return Events("user", identities(rng, len(user)), time, payload)


def _declared(rng: np.random.Generator, every: Sessions, folk: Users) -> Events:
    """Some of the listeners of a day look at their profile."""
    some = every.take(np.flatnonzero(rng.random(len(every.user)) < REDECLARED_SHARE))
    payload: Columns = {"user_id": some.user, "topics": packed(declared_anew(rng, folk.taste[some.user]))}
    return Events("user", identities(rng, len(some.user)), _during(rng, some), payload)
