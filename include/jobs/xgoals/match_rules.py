"""What has to hold of every match: data that breaks a rule would teach the model nonsense."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from goal_view import Floats
from match_files import Files, MatchError, Provider
from matches import Match, read
from motion import FRAME_RATE
from shots import Shot

LENGTHS, WIDTHS = (90.0, 120.0), (45.0, 90.0)
"""Metres: Law 1, https://www.theifab.com/laws/latest/the-field-of-play/"""
OPPONENTS = (7, 11)
"""Players of a team: Law 3."""
MOST_SPEED = 12.5
"""Metres a second: the fastest of all sprinters is just as fast."""
MOST_GAP = 2.0
"""Metres between a shooter and the ball."""
MOST_DISTANCE = 45.0
"""Metres, of the median shot of a match: from farther away it is the other goal."""
BEYOND = 6.0
"""Metres outside of the pitch at which somebody may be."""
LEAST_SHARE = 0.9
"""Of a match's shots, for rules that a few may break."""


@dataclass(frozen=True)
class Check:
    """What a rule found."""

    rule: str
    passed: bool
    sentence: str


@dataclass(frozen=True)
class Judged:
    """A match as it was read and judged."""

    match: Match | None
    """None where it is set aside."""
    checks: list[Check]
    reason: str
    """Why it is set aside; empty where it is not."""


Finding = tuple[bool, str]


def judged(provider: Provider, files: Files) -> Judged:
    """Reads a match and applies the rules."""
    try:
        match = read(provider, files)
    except MatchError as error:
        return Judged(None, [], str(error))
    checks = check(match)
    broken = "; ".join(each.sentence for each in checks if not each.passed)
    return Judged(None if broken else match, checks, broken)


def check(match: Match) -> list[Check]:
    """All rules about a match."""
    return [Check(name, *rule(match)) for name, rule in RULES.items()]


def pitch(match: Match) -> Finding:
    """Its size is one that the Laws allow."""
    (length, width), sizes = match.pitch, (LENGTHS, WIDTHS)
    fits = all(low <= size <= high for size, (low, high) in zip(match.pitch, sizes, strict=True))
    return (
        fits,
        f"the pitch is {length:g} by {width:g} m, allowed are {_range(LENGTHS)} by {_range(WIDTHS)} m",
    )


def rate(match: Match) -> Finding:
    """Speeds are those of 25 positions a second."""
    return match.rate == FRAME_RATE, f"it has {match.rate:g} positions a second, expected are {FRAME_RATE}"


def result(match: Match) -> Finding:
    """Events and information agree on the goals."""
    (home, away), (given_home, given_away) = match.goals, match.result
    return (
        match.goals == match.result,
        f"its events have {home}:{away} goals, its result is {given_home}:{given_away}",
    )


def any_shot(match: Match) -> Finding:
    """Somebody shot."""
    return bool(match.shots or match.unplaced), f"it has {_all(match)} shots, at least 1 is expected"


def placed(match: Match) -> Finding:
    """Nearly all shots have positions."""
    share = len(match.shots) / max(_all(match), 1)
    lacking = "".join(f"; {count} lack them: {reason}" for reason, count in match.unplaced.items())
    found = f"{share:.0%} of its shots have positions"
    return share >= LEAST_SHARE, f"{found}, at least {LEAST_SHARE:.0%} must{lacking}"


def in_reach(match: Match) -> Finding:
    """Events and positions have the same clock: the ball is where the shooter is."""
    near = _share(match, lambda shot: shot.moment.gap <= MOST_GAP)
    found = f"at {near:.0%} of its shots the ball is within {MOST_GAP:g} m of the shooter"
    return near >= LEAST_SHARE, f"{found}, at least {LEAST_SHARE:.0%} must be"


def direction(match: Match) -> Finding:
    """Shots go at the goal that is attacked."""
    median = float(np.median([np.hypot(*shot.moment.ball) for shot in match.shots] or [0.0]))
    return (
        median <= MOST_DISTANCE,
        f"the median shot is taken {median:.1f} m from the goal, at most {MOST_DISTANCE:g} m is believed",
    )


def on_pitch(match: Match) -> Finding:
    """Nobody is far outside."""
    length, width = match.pitch
    where = np.concatenate([np.empty((0, 2)), *map(_positions, match.shots)])
    outside = np.maximum(np.abs(where[:, 0] - length / 2) - length / 2, np.abs(where[:, 1]) - width / 2)
    most = float(np.fmax.reduce(outside, initial=0.0))
    return most <= BEYOND, f"somebody is {most:.1f} m outside of the pitch, at most {BEYOND:g} m is believed"


def speeds(match: Match) -> Finding:
    """Nobody is faster than people are."""
    most = float(np.fmax.reduce([shot.moment.speed for shot in match.shots], initial=0.0))
    return (
        most <= MOST_SPEED,
        f"the fastest shooter runs {most:.1f} m/s, at most {MOST_SPEED:g} m/s is believed",
    )


def opponents(match: Match) -> Finding:
    """As many are seen as a team has."""
    low, high = OPPONENTS
    counts = [len(shot.moment.defenders) + (shot.moment.goalkeeper is not None) for shot in match.shots]
    right = float(np.mean([low <= count <= high for count in counts] or [True]))
    found = f"{low} to {high} opponents are seen at {right:.0%} of its shots"
    return right >= LEAST_SHARE, f"{found}, at least {LEAST_SHARE:.0%} are expected"


RULES: dict[str, Callable[[Match], Finding]] = {
    rule.__name__: rule
    for rule in (pitch, rate, result, any_shot, placed, in_reach, direction, on_pitch, speeds, opponents)
}


def _all(match: Match) -> int:
    return len(match.shots) + match.unplaced.total()


def _share(match: Match, holds: Callable[[Shot], bool]) -> float:
    return float(np.mean([holds(shot) for shot in match.shots] or [True]))


def _positions(shot: Shot) -> Floats:
    moment = shot.moment
    return np.concatenate([moment.ball[None], moment.keeper[None], moment.defenders, moment.mates_at])


def _range(bounds: tuple[float, float]) -> str:
    return f"{bounds[0]:g} to {bounds[1]:g}"
