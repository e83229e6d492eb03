"""What the chances of a match say about its shots, players and goalkeepers."""

from collections.abc import Sequence
from dataclasses import dataclass

from kloppy.domain import Team

import passes
from matches import Match
from passes import Option
from shots import Shot

PERIODS = {1: (0, 45), 2: (45, 90), 3: (90, 105), 4: (105, 120)}
"""Minutes of the match at which a period begins and, but for stoppage time, ends."""
ON_TARGET = {"GOAL", "SAVED"}
"""kloppy's outcomes of shots that a goalkeeper had to stop."""


@dataclass(frozen=True)
class ScoredShot:
    """A shot with its chance, and the best pass instead."""

    shot: Shot
    xg: float
    best: tuple[Option, float] | None

    @property
    def team(self) -> Team:
        """Who shot."""
        return self.shot.event.team

    @property
    def minute(self) -> int:
        """As people count: the first minute is 1, and all of the stoppage time is its period's last."""
        event = self.shot.event
        begin, end = PERIODS[event.period.id]
        return min(begin + int(event.timestamp.total_seconds() // 60) + 1, end)

    @property
    def outcome(self) -> str:
        """In words."""
        result = self.shot.event.result
        return result.value.lower().replace("_", " ") if result else "other"

    def row(self) -> dict[str, object]:
        """For a table."""
        return {
            "minute": self.minute,
            "team": self.team.name,
            "player": self.shot.event.player.full_name,
            "outcome": self.outcome,
            "distance": float(self.shot.moment.ball @ self.shot.moment.ball) ** 0.5,
            "xg": self.xg,
            "pass_to": self.best[0].to.full_name if self.best else None,
            "pass_completion": self.best[0].completion if self.best else None,
            "pass_xg": self.best[1] if self.best else None,
        }


@dataclass(frozen=True)
class ScoredMatch:
    """A match with the chances of its shots, in order."""

    match: Match
    shots: list[ScoredShot]

    def of(self, team: Team) -> list[ScoredShot]:
        """The shots of a team."""
        return [each for each in self.shots if each.team is team]

    def players(self) -> list[dict[str, object]]:
        """Everybody who shot, the likeliest scorer first."""
        by_player: dict[object, list[ScoredShot]] = {}
        for each in self.shots:
            by_player.setdefault(each.shot.event.player, []).append(each)
        rows = [_of_player(taken) for taken in by_player.values()]
        return sorted(rows, key=lambda row: -float(str(row["xg"])))

    def goalkeepers(self) -> list[dict[str, object]]:
        """Who kept a goal: the chances of shots on target, and how many of them went in."""
        by_keeper: dict[object, list[ScoredShot]] = {}
        for each in self.shots:
            if (keeper := each.shot.moment.goalkeeper) is not None:
                by_keeper.setdefault(keeper, []).append(each)
        return [_of_goalkeeper(faced) for faced in by_keeper.values()]


def _of_player(taken: Sequence[ScoredShot]) -> dict[str, object]:
    event, xg = taken[0].shot.event, sum(each.xg for each in taken)
    goals = sum(each.shot.is_goal for each in taken)
    return {
        "player": event.player.full_name,
        "team": event.team.name,
        "shots": len(taken),
        "goals": goals,
        "xg": xg,
        "goals_over_xg": goals - xg,
        "better_passes": sum(each.best is not None and each.best[1] > each.xg for each in taken),
    }


def _of_goalkeeper(faced: Sequence[ScoredShot]) -> dict[str, object]:
    on_target = [
        each for each in faced if each.shot.event.result and each.shot.event.result.name in ON_TARGET
    ]
    keeper, xg = faced[0].shot.moment.goalkeeper, sum(each.xg for each in on_target)
    goals = sum(each.shot.is_goal for each in on_target)
    return {
        "goalkeeper": keeper.full_name if keeper else "",
        "team": keeper.team.name if keeper else "",
        "shots_faced": len(faced),
        "on_target": len(on_target),
        "xg_on_target": xg,
        "conceded": goals,
        "prevented": xg - goals,
    }


def scored(match: Match, found: Sequence[Sequence[Option]], chances: Sequence[float]) -> ScoredMatch:
    """Puts chances to shots and passes.

    Args:
        match: whose shots they are.
        found: the passes instead of each shot.
        chances: of all shots, then of the shots after all these passes, in their order.
    """
    rest, shots = list(chances[len(match.shots) :]), []
    for shot, options, xg in zip(match.shots, found, chances, strict=False):
        after, rest = rest[: len(options)], rest[len(options) :]
        shots.append(ScoredShot(shot, xg, passes.best(options, after)))
    return ScoredMatch(match, shots)
