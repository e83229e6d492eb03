"""Where everybody was when somebody shot, in the frame of the goal that is attacked."""

from dataclasses import dataclass

import numpy as np
from kloppy.domain import AttackingDirection, Ground, Player, PositionType, ShotEvent

from goal_view import Floats
from motion import speed
from tracking import Track

SYNC_SECONDS = 0.4
"""People write down when a shot was; the frame within so much of it counts in which the ball is nearest."""


class UnplacedError(Exception):
    """A shot has no positions. The message says what is missing."""


@dataclass(frozen=True)
class Moment:
    """Positions in metres in the goal's frame, speeds in metres a second."""

    ball: Floats
    """(2,)"""
    gap: float
    """Metres between the shooter and the ball."""
    speed: float
    """Of the shooter; NaN where he was not seen long enough."""
    defenders: Floats
    """(players, 2), without the goalkeeper."""
    keeper: Floats
    """(2,); NaN where there is none."""
    goalkeeper: Player | None
    mates: tuple[Player, ...]
    mates_at: Floats
    """(mates, 2)"""
    mates_speed: Floats
    """(mates,)"""


def moment(shot: ShotEvent, track: Track | None, length: float, rate: float) -> Moment:
    """The moment of a shot.

    Args:
        shot: as an event.
        track: the positions of its period; None if there are none.
        length: of the pitch, in metres.
        rate: positions a second.

    Raises:
        UnplacedError: it is not known who shot, in which direction, or where shooter and ball were; or the
            ball was where no goal is seen from.
    """
    if shot.player is None:
        raise UnplacedError("who shot is not known")
    sign = side(shot)
    if track is None:
        raise UnplacedError("the period has no positions")
    frame = frame_of(shot, track)
    players = in_goal_frame(track.players[frame], sign, length)
    ball = in_goal_frame(track.ball[frame], sign, length)
    if ball[0] <= 0:
        raise UnplacedError("the ball was on or behind the goal line")
    speeds = speed(np.moveaxis(track.around(frame, rate), 0, 1), rate)
    seen = np.flatnonzero(~np.isnan(players).any(axis=-1)).tolist()
    shooter = track.names.index(shot.player)
    mates = [place for place in seen if track.names[place].team == shot.team and place != shooter]
    opponents = [place for place in seen if track.names[place].team != shot.team]
    keeper = goalkeeper(opponents, track, players)
    return Moment(
        ball=ball,
        gap=float(np.hypot(*(players[shooter] - ball))),
        speed=float(speeds[shooter]),
        defenders=players[[place for place in opponents if place != keeper]],
        keeper=np.full(2, np.nan) if keeper is None else players[keeper],
        goalkeeper=None if keeper is None else track.names[keeper],
        mates=tuple(track.names[place] for place in mates),
        mates_at=players[mates],
        mates_speed=speeds[mates],
    )


def side(shot: ShotEvent) -> int:
    """1 where the goal is right that the shooter's team attacks, -1 where it is left.

    Raises:
        UnplacedError: the events do not tell in which direction the teams play.
    """
    # kloppy's direction is that of the home team, whoever shoots.
    directions = {AttackingDirection.LTR: 1, AttackingDirection.RTL: -1}
    if (of_home := directions.get(shot.attacking_direction)) is None:
        raise UnplacedError("in which direction the teams played is not known")
    return of_home if shot.team.ground is Ground.HOME else -of_home


def frame_of(shot: ShotEvent, track: Track) -> int:
    """The frame near the shot's time in which the ball is nearest to the shooter.

    Raises:
        UnplacedError: one of them was not seen then.
    """
    frames = track.at(shot.timestamp.total_seconds(), SYNC_SECONDS)
    apart = track.players[frames, track.names.index(shot.player)] - track.ball[frames]
    gaps = np.hypot(apart[:, 0], apart[:, 1])
    if np.isnan(gaps).all():
        raise UnplacedError("the shooter or the ball was not seen")
    return int(frames[np.nanargmin(gaps)])


def in_goal_frame(positions: Floats, sign: int, length: float) -> Floats:
    """Positions (..., 2) from the centre spot, as the goal sees them that is right (1) or left (-1).

    >>> in_goal_frame(np.array([41.5, 2.0]), 1, 105.0).tolist()
    [11.0, 2.0]
    >>> in_goal_frame(np.array([-41.5, -2.0]), -1, 105.0).tolist()
    [11.0, 2.0]
    """
    return np.asarray(sign * positions * [-1.0, 1.0] + [length / 2, 0.0])


def goalkeeper(opponents: list[int], track: Track, players: Floats) -> int | None:
    """Who keeps the goal: the goalkeeper of the first eleven, or who has come in, nearest to the goal."""
    named = [place for place in opponents if track.names[place].starting_position is PositionType.Goalkeeper]
    away = np.hypot(players[:, 0], players[:, 1])
    return min(named or opponents, key=lambda place: away[place], default=None)
