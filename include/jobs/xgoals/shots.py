"""The shots of a match, with all that is known of them."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from kloppy.domain import (
    BodyPart,
    BodyPartQualifier,
    Event,
    EventDataset,
    SetPieceQualifier,
    SetPieceType,
    ShotEvent,
    ShotResult,
    TrackingDataset,
)

import shot_features
from assists import assist
from goal_view import Floats
from moments import Moment, UnplacedError, in_goal_frame, moment, side
from tracking import tracks

SHOOT_OUT = 5
"""The period of a shoot-out: its penalties are none of the match."""


@dataclass(frozen=True)
class Shot:
    """A shot, and where everybody was."""

    event: ShotEvent
    assist: str
    moment: Moment

    @property
    def is_goal(self) -> bool:
        """Whether it went in."""
        return self.event.result is ShotResult.GOAL

    @property
    def is_header(self) -> bool:
        """Whether it was headed."""
        return self.event.get_qualifier_value(BodyPartQualifier) is BodyPart.HEAD

    @property
    def is_penalty(self) -> bool:
        """Whether it was a penalty."""
        return self.event.get_qualifier_value(SetPieceQualifier) is SetPieceType.PENALTY


def of_match(events: EventDataset, positions: TrackingDataset) -> tuple[list[Shot], Counter[str]]:
    """Shots that have positions, and how many have none, by what they lack. Own goals are no shots."""
    periods, unplaced, shots = tracks(positions), Counter[str](), list[Shot]()
    length, rate = events.metadata.pitch_dimensions.pitch_length, positions.metadata.frame_rate
    for before, event in _shots(events.records):
        try:
            found = moment(event, periods.get(event.period.id), length, rate)
        except UnplacedError as error:
            unplaced[str(error)] += 1
            continue
        origin = _origin(before, event, length)
        shots.append(Shot(event, assist(before, event, origin, (found.ball[0], found.ball[1])), found))
    return shots, unplaced


def _shots(events: Sequence[Event]) -> Iterator[tuple[Event | None, ShotEvent]]:
    """Each shot after the event before it."""
    for before, event in zip([None, *events], events, strict=False):
        if not isinstance(event, ShotEvent) or event.period.id == SHOOT_OUT:
            continue
        if event.result is not ShotResult.OWN_GOAL:
            yield before, event


def _origin(before: Event | None, shot: ShotEvent, length: float) -> tuple[float, float] | None:
    """Where the event before was, in the frame of the goal that the shot goes at."""
    if before is None or before.coordinates is None:
        return None
    here = np.array([before.coordinates.x, before.coordinates.y])
    x, y = in_goal_frame(here, side(shot), length)
    return float(x), float(y)


def table(shots: Sequence[Shot]) -> Floats:
    """(shots, features) in the order of `shot_features.FEATURES`."""
    if not shots:
        return np.empty((0, len(shot_features.FEATURES)))
    moments = [shot.moment for shot in shots]
    most = max(len(each.defenders) for each in moments)
    defenders = np.full((len(shots), most, 2), np.nan)
    for row, each in zip(defenders, moments, strict=True):
        row[: len(each.defenders)] = each.defenders
    kinds = np.array([shot.assist for shot in shots])
    return shot_features.table(
        {
            **shot_features.of_positions(
                np.array([each.ball for each in moments]),
                defenders,
                np.array([each.keeper for each in moments]),
                np.array([each.speed for each in moments]),
            ),
            **shot_features.of_events(
                np.array([float(shot.is_header) for shot in shots]),
                {kind: (kinds == kind).astype(float) for kind in shot_features.ASSISTS[1:]},
                np.array([float(shot.is_penalty) for shot in shots]),
            ),
        }
    )
