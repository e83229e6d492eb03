"""A match as far as its shots go."""

from collections import Counter
from dataclasses import dataclass

from kloppy.domain import EventDataset, Ground, ShotEvent, ShotResult, Team

from match_files import Files, MatchError, Provider
from shots import SHOOT_OUT, Shot, of_match


@dataclass(frozen=True)
class Match:
    """A match with its shots."""

    id: str
    kickoff: str
    """ISO 8601."""
    home: Team
    away: Team
    pitch: tuple[float, float]
    """Metres, length and width."""
    rate: float
    """Positions a second."""
    result: tuple[int, int]
    """Of the match's information: goals of home and of away."""
    goals: tuple[int, int]
    """Of the events, own goals included."""
    shots: list[Shot]
    unplaced: Counter[str]
    """How many shots have no positions, by what they lack."""


def read(provider: Provider, files: Files) -> Match:
    """Reads a match.

    Raises:
        MatchError: a file is missing or is not what the provider's are.
    """
    events, positions = provider.load(files)
    about, score = events.metadata, events.metadata.score
    pitch, rate = about.pitch_dimensions, positions.metadata.frame_rate
    if score is None or rate is None or not (pitch.pitch_length and pitch.pitch_width):
        raise MatchError("its information lacks the result, the size of the pitch or the rate of positions")
    shots, unplaced = of_match(events, positions)
    return Match(
        id=files.match,
        kickoff=about.date.isoformat() if about.date else "",
        home=about.teams[0],
        away=about.teams[1],
        pitch=(pitch.pitch_length, pitch.pitch_width),
        rate=rate,
        result=(score.home, score.away),
        goals=goals(events),
        shots=shots,
        unplaced=unplaced,
    )


def goals(events: EventDataset) -> tuple[int, int]:
    """Goals of home and of away; an own goal is one of the others."""
    count = {Ground.HOME: 0, Ground.AWAY: 0}
    for event in events.records:
        if isinstance(event, ShotEvent) and event.period.id != SHOOT_OUT:
            if event.result is ShotResult.GOAL:
                count[event.team.ground] += 1
            elif event.result is ShotResult.OWN_GOAL:
                count[Ground.AWAY if event.team.ground is Ground.HOME else Ground.HOME] += 1
    return count[Ground.HOME], count[Ground.AWAY]
