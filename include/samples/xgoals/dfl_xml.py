"""A match as the three XML documents of DFL's official match data.

Described in Bassek et al., "An integrated dataset of spatiotemporal and event data in elite soccer" (2025),
https://doi.org/10.1038/s41597-025-04505-y. Positions are there around each shot and at the kick-offs only.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from xml.sax.saxutils import quoteattr

import numpy as np
from numpy.typing import NDArray

from clubs import Club
from fixtures import HALF_SECONDS, Match
from goal_view import Floats
from motion import FRAME_RATE
from situations import BOX_HALF, PITCH
from tracks import FRAMES, HALF

COMPETITION = "DFL-COM-000001"
BREAK = timedelta(minutes=15)
SECTIONS = ("firstHalf", "secondHalf")
FIRST_FRAMES = (10_000, 100_000)
"""The numbers of the frames at the kick-offs."""
BODY_PARTS = {"header": "head", "foot": "rightLeg", "free_kick": "leftLeg", "penalty": "rightLeg"}
SET_PIECES = {"penalty": "Penalty", "free_kick": "FreeKick"}
BEFORE_SHOT = timedelta(seconds=1.4)
"""When the pass to the shooter was played."""
HEADER = '<?xml version="1.0" encoding="UTF-8"?>\n<PutDataRequest DataStatus="postmatch">\n'
FOOTER = "</PutDataRequest>\n"


def element(name: str, _content: str = "", **attributes: object) -> str:
    """An element; an attribute's underscore stands for a hyphen."""
    written = "".join(
        f" {key.replace('_', '-')}={quoteattr(str(value))}" for key, value in attributes.items()
    )
    return f"<{name}{written}>{_content}</{name}>" if _content else f"<{name}{written}/>"


def file_name(kind: str, match: Match) -> str:
    """As DFL names the document of a kind such as ``02_01_matchinformation``."""
    return f"DFL_{kind}_{COMPETITION}_{match.id}.xml"


def information(match: Match, result: tuple[int, int]) -> str:
    """Teams, pitch and result."""
    general = element(
        "General",
        MatchDay=match.number // 9 % 34 + 1,
        KickoffTime=match.kickoff.isoformat(),
        MatchId=match.id,
        MatchTitle=f"{match.home.name}:{match.away.name}",
        Result=f"{result[0]}:{result[1]}",
    )
    environment = element("Environment", PitchX=PITCH[0], PitchY=PITCH[1])
    teams = element("Teams", _team(match.home, "home") + _team(match.away, "guest"))
    milliseconds = HALF_SECONDS * 1000
    times = element("OtherGameInformation", TotalTimeFirstHalf=milliseconds, TotalTimeSecondHalf=milliseconds)
    return f"{HEADER}{element('MatchInformation', general + environment + teams + times)}\n{FOOTER}"


def _team(club: Club, role: str) -> str:
    players = "\n".join(
        element(
            "Player",
            PersonId=player.id,
            ShirtNumber=player.number,
            FirstName=player.first_name,
            LastName=player.last_name,
            Shortname=f"{player.first_name[0]}. {player.last_name}",
            Starting=str(bool(player.position)).lower(),
            PlayingPosition=player.position,
        )
        for player in club.players
    )
    staff = element("TrainerStaff", element("Trainer", Role="headcoach", Shortname=f"Coach of {club.name}"))
    return element(
        "Team", f"\n{element('Players', players)}{staff}", TeamId=club.id, TeamName=club.name, Role=role
    )


def events(rng: np.random.Generator, match: Match) -> str:
    """Kick-offs, the pass before each shot, the shot, own goals and final whistles."""
    found = [*_shots(rng, match), *_own_goals(match)]
    for half in range(2):
        end = kickoff(match, half) + timedelta(seconds=HALF_SECONDS)
        found.append((kickoff(match, half), _kick_off(match, half), None))
        found.append((end, element("FinalWhistle", GameSection=SECTIONS[half]), None))
    found.sort(key=lambda each: each[0])
    lines = (_event(match, number, *each) for number, each in enumerate(found, start=1))
    return HEADER + "\n".join(lines) + f"\n{FOOTER}"


def _own_goals(match: Match) -> Iterator[tuple[datetime, str, Floats | None]]:
    for club, count in zip((match.home, match.away), match.own_goals, strict=True):
        line = element("ShotAtGoal", "<OwnGoal/>", Team=club.id, Player=club.eleven[1].id)
        yield from [(kickoff(match, 1) + timedelta(seconds=HALF_SECONDS - 5), line, None)] * count


def kickoff(match: Match, half: int) -> datetime:
    """When a half begins."""
    return match.kickoff + half * (timedelta(seconds=HALF_SECONDS) + BREAK)


def _event(match: Match, number: int, time: datetime, line: str, position: Floats | None) -> str:
    where = (
        {} if position is None else {"X_Position": f"{position[0]:.2f}", "Y_Position": f"{position[1]:.2f}"}
    )
    return element(
        "Event",
        line,
        MatchId=match.id,
        EventId=f"{match.number + 1}{number:05}",
        EventTime=time.isoformat(timespec="milliseconds"),
        **where,
    )


def _kick_off(match: Match, half: int) -> str:
    left, right = (match.home, match.away) if half == 0 else (match.away, match.home)
    play = element(
        "Play",
        "<Pass/>",
        Evaluation="successfullyCompleted",
        Team=left.id,
        Player=left.eleven[10].id,
        Recipient=left.eleven[9].id,
    )
    return element("KickOff", play, GameSection=SECTIONS[half], TeamLeft=left.id, TeamRight=right.id)


def _shots(rng: np.random.Generator, match: Match) -> Iterator[tuple[datetime, str, Floats | None]]:
    """Each shot and, if somebody has passed to the shooter, the pass."""
    for shot, kind in enumerate(match.situations.kind.tolist()):
        club = match.home if match.at_home[shot] else match.away
        shooter, passer = (club.eleven[int(each[shot])] for each in (match.shooter, match.passer))
        # People write the moment down: it is off by a frame or two.
        seconds = (int(match.frame[shot]) + int(rng.integers(-2, 3))) / FRAME_RATE
        time, ball = kickoff(match, int(match.half[shot])) + timedelta(seconds=seconds), match.situations.ball
        sign = 1 if match.attacks_right[shot] else -1
        if (assist := str(match.situations.assist[shot])) != "none":
            line = _pass(assist, club.id, passer.id, shooter.id)
            yield time - BEFORE_SHOT, line, _of_event(_origin(rng, assist, ball[shot]), sign)
        outcome = element(str(match.outcome[shot]))
        line = element("ShotAtGoal", outcome, Team=club.id, Player=shooter.id, TypeOfShot=BODY_PARTS[kind])
        if kind in SET_PIECES:
            line = element(SET_PIECES[kind], line, Team=club.id)
        yield time, line, _of_event(ball[shot], sign)


def _pass(assist: str, team: str, passer: str, receiver: str) -> str:
    inner = "<Cross/>" if assist == "cross" else "<Pass/>"
    play = element(
        "Play", inner, Evaluation="successfullyCompleted", Team=team, Player=passer, Recipient=receiver
    )
    return element("FreeKick", play, Team=team) if assist == "set_piece" else play


def _origin(rng: np.random.Generator, assist: str, ball: Floats) -> Floats:
    """Where the pass came from: a cross from outside the penalty area's width, any other from inside it."""
    side = rng.choice([-1.0, 1.0])
    if assist == "cross":
        return np.array([rng.uniform(2.0, 25.0), side * rng.uniform(BOX_HALF + 2, 33.0)])
    return np.array([min(ball[0] + rng.uniform(2.0, 20.0), 60.0), side * rng.uniform(0.0, BOX_HALF - 1)])


def positions(match: Match, late: int = 0) -> Iterator[str]:
    """The document in parts: one for each object and half.

    Args:
        match: whose positions they are.
        late: frames by which the clock of the positions is behind that of the events.
    """
    yield f"{HEADER}<Positions>\n"
    for half in range(2):
        chosen = np.flatnonzero(match.half == half)
        numbers = _numbers(half, match.frame[chosen] + late)
        signs = np.where(match.attacks_right[chosen], 1, -1)[:, None, None]
        owner = np.repeat(np.where(match.at_home[chosen], 1, 2), FRAMES).tolist()
        ball = _path(match.ball[chosen], signs, np.zeros(2))
        about = f'GameSection="{SECTIONS[half]}" MatchId="{match.id}"'
        frames = _ball_frames(numbers, ball, [1, *owner])
        yield _frame_set(f'{about} TeamId="BALL" PersonId="DFL-OBJ-0000XT"', frames)
        for club in (match.home, match.away):
            shoots = match.at_home[chosen] == (club is match.home)
            for place, player in enumerate(club.eleven):
                start = _at_kick_off(place, right=(club is match.home) != (half == 0))
                path = _path(_of_place(match, chosen, place, shoots), signs, start)
                names = f'{about} TeamId="{club.id}" PersonId="{player.id}"'
                yield _frame_set(names, _frames(numbers, path))
    yield f"</Positions>\n{FOOTER}"


def _of_place(match: Match, chosen: NDArray[np.int64], place: int, shoots: NDArray[np.bool_]) -> Floats:
    """(shots, frames, 2) of one of a team's eleven, whether it is the team that shoots or the other.

    Of the 22 of a situation, 0 is the shooter, 1 to 9 his mates, 10 their goalkeeper, 11 to 20 defend, and
    21 is the goalkeeper.
    """
    if place == 0:
        index = np.where(shoots, 10, 21)
    else:
        shooter = match.shooter[chosen]
        mate = np.where(place < shooter, place, place - 1)
        index = np.where(shoots, np.where(place == shooter, 0, mate), 10 + place)
    return np.asarray(match.players[chosen, index])


def _numbers(half: int, frame: NDArray[np.int64]) -> list[int]:
    """The kick-off's and those around each shot."""
    around = frame[:, None] + np.arange(-HALF, HALF + 1)
    return [FIRST_FRAMES[half], *(FIRST_FRAMES[half] + around.ravel()).tolist()]


def _path(track: Floats, signs: Floats, start: Floats) -> Floats:
    """(1 + shots * frames, 2) metres from the centre spot, first where it is at the kick-off."""
    return np.concatenate([start[None], _on_pitch(track, signs).reshape(-1, 2)])


def _on_pitch(position: Floats, sign: Floats | int) -> Floats:
    """Metres from the centre spot, of positions in the goal's frame; the sign is 1 if that goal is right."""
    return np.asarray(sign * (position * [-1.0, 1.0] + [PITCH[0] / 2, 0.0]))


def _of_event(position: Floats, sign: int) -> Floats:
    """Events count from the corner."""
    return _on_pitch(position, sign) + np.array(PITCH) / 2


def _at_kick_off(place: int, *, right: bool) -> Floats:
    """In one's own half, the goalkeeper farthest back."""
    x = 48.0 if place == 0 else 33.0 - 3.0 * place
    return np.array([x if right else -x, 6.0 * (place % 5 - 2)])


def _frame_set(attributes: str, frames: Iterator[str]) -> str:
    return f"<FrameSet {attributes}>\n" + "\n".join(frames) + "\n</FrameSet>\n"


def _frames(numbers: list[int], path: Floats) -> Iterator[str]:
    for number, (x, y) in zip(numbers, path.round(2).tolist(), strict=True):
        yield f'<Frame N="{number}" X="{x}" Y="{y}"/>'


def _ball_frames(numbers: list[int], path: Floats, owners: list[int]) -> Iterator[str]:
    """Owners are 1 for home and 2 for away."""
    for number, (x, y), owner in zip(numbers, path.round(2).tolist(), owners, strict=True):
        yield f'<Frame N="{number}" X="{x}" Y="{y}" Z="0.1" BallPossession="{owner}" BallStatus="1"/>'
