"""How the ball came to a shooter."""

from datetime import timedelta

from kloppy.domain import Event, PassEvent, PassResult, SetPieceQualifier, SetPieceType

LONGEST = timedelta(seconds=10)
"""A pass that was played earlier is no assist."""
SET_PIECES = {SetPieceType.CORNER_KICK, SetPieceType.FREE_KICK, SetPieceType.THROW_IN}
BOX_DEPTH, BOX_HALF = 16.5, 20.16
"""Metres of the penalty area: https://www.theifab.com/laws/latest/the-field-of-play/"""
ATTACKING_THIRD = 35.0
"""Metres from the goal line."""


def assist(
    before: Event | None, shot: Event, origin: tuple[float, float] | None, ball: tuple[float, float]
) -> str:
    """One of ``shot_features.ASSISTS``.

    The last event before the shot counts if it is a completed pass of a team mate, to nobody else and not
    long ago. From a corner, a free kick or a throw-in it is a set piece; else `is_cross` decides.

    Args:
        before: the event before the shot.
        shot: the shot.
        origin: where the pass came from, in metres in the goal's frame; None if that is not known.
        ball: where the shot is taken.
    """
    if not isinstance(before, PassEvent) or before.result is not PassResult.COMPLETE:
        return "none"
    late = before.period != shot.period or shot.timestamp - before.timestamp > LONGEST
    elsewhere = before.team != shot.team or before.receiver_player not in {None, shot.player}
    if late or elsewhere or before.player == shot.player:
        return "none"
    if before.get_qualifier_value(SetPieceQualifier) in SET_PIECES:
        return "set_piece"
    return "cross" if origin and is_cross(origin, ball) else "pass"


def is_cross(origin: tuple[float, float], end: tuple[float, float]) -> bool:
    """From the attacking third, beside the penalty area's width, into the penalty area.

    >>> is_cross((12.0, 28.0), (7.0, -3.0)), is_cross((12.0, 15.0), (7.0, -3.0))
    (True, False)
    """
    from_the_side = origin[0] <= ATTACKING_THIRD and abs(origin[1]) > BOX_HALF
    return from_the_side and end[0] <= BOX_DEPTH and abs(end[1]) <= BOX_HALF
