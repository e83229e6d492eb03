"""Positions of a match as arrays."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from kloppy.domain import Player, TrackingDataset
from numpy.typing import NDArray

from goal_view import Floats
from motion import WINDOW


@dataclass(frozen=True)
class Track:
    """Positions of a period, in metres from the centre spot; NaN for what was not seen.

    Attributes:
        seconds: (frames,) since the kick-off of the period, ascending.
        ball: (frames, 2)
        players: (frames, players, 2), in the order of ``names``.
        names: the players.
    """

    seconds: Floats
    ball: Floats
    players: Floats
    names: tuple[Player, ...]

    def at(self, second: float, tolerance: float) -> NDArray[np.int64]:
        """The frames that are at most so many seconds away."""
        return np.flatnonzero(np.abs(self.seconds - second) <= tolerance)

    def around(self, frame: int, rate: float) -> Floats:
        """(WINDOW, players, 2) with the frame in the middle; NaN where there is none or time has a gap."""
        frames = np.arange(frame - WINDOW // 2, frame + WINDOW // 2 + 1)
        inside = np.clip(frames, 0, len(self.seconds) - 1)
        expected = self.seconds[frame] + np.arange(-(WINDOW // 2), WINDOW // 2 + 1) / rate
        regular = (inside == frames) & (np.abs(self.seconds[inside] - expected) < 0.5 / rate)
        return np.where(regular[:, None, None], self.players[inside], np.nan)


def tracks(dataset: TrackingDataset) -> dict[int, Track]:
    """The track of each period, by its number."""
    names = tuple(player for team in dataset.metadata.teams for player in team.players)
    periods: dict[int, list[tuple[float, Floats]]] = {}
    for period, second, positions in _frames(dataset, names):
        periods.setdefault(period, []).append((second, positions))
    found = {}
    for period, frames in periods.items():
        positions = np.stack([each for _, each in frames])
        seconds = np.array([second for second, _ in frames])
        found[period] = Track(seconds, positions[:, 0], positions[:, 1:], names)
    return found


def _frames(dataset: TrackingDataset, names: tuple[Player, ...]) -> Iterator[tuple[int, float, Floats]]:
    """Period, second, and (1 + players, 2), the ball first."""
    places = {player: place for place, player in enumerate(names, start=1)}
    for frame in dataset:
        positions = np.full((1 + len(names), 2), np.nan)
        if ball := frame.ball_coordinates:
            positions[0] = ball.x, ball.y
        for player, data in frame.players_data.items():
            positions[places[player]] = data.coordinates.x, data.coordinates.y
        yield frame.period.id, frame.timestamp.total_seconds(), positions
