"""Clubs and players that do not exist."""

from dataclasses import dataclass

import numpy as np

CLUBS = (
    *(
        "Ashmere Rovers",
        "Birkdale Town",
        "Calder Vale",
        "Dunmoor Athletic",
        "Elmstead United",
        "Fenwick City",
    ),
    *("Garrow Albion", "Harlow Wanderers", "Inverness Green", "Jarrow Docks", "Kelsey Park", "Langley Mills"),
    *("Marlow Bridge", "Norwood Rangers", "Oakham Forge", "Penrith Stars", "Quarry Bank", "Redcar Harbour"),
)
FIRST_NAMES = (
    "Adam",
    "Ben",
    "Carl",
    "Dario",
    "Emil",
    "Finn",
    "Goran",
    "Hugo",
    "Ivan",
    "Jonas",
    "Kofi",
    "Luca",
)
LAST_NAMES = (
    *("Abel", "Brandt", "Costa", "Dahl", "Eder", "Falk", "Gruber", "Holm", "Iversen", "Jansen", "Keller"),
    *("Lorenz", "Moreau", "Novak", "Olsen", "Petrov", "Quist", "Rossi", "Sauer", "Toth", "Ulrich", "Vega"),
)
POSITIONS = ("TW", "IVL", "IVR", "LV", "RV", "DML", "DMR", "OLM", "ORM", "ZO", "STZ")
"""Of the first eleven, as DFL names them: goalkeeper, defence, midfield, attack."""
SHOTS_BY_POSITION = (0, 3, 3, 3, 3, 6, 6, 12, 12, 18, 34)
"""How often each of them shoots, against one another; a goalkeeper does not."""
SQUAD = 18


@dataclass(frozen=True)
class Player:
    """Somebody of a squad; ``position`` is empty on the bench."""

    id: str
    number: int
    first_name: str
    last_name: str
    position: str


@dataclass(frozen=True)
class Club:
    """A club with its squad, the first eleven first."""

    id: str
    name: str
    players: tuple[Player, ...]

    @property
    def eleven(self) -> tuple[Player, ...]:
        """Those who play."""
        return self.players[: len(POSITIONS)]


def clubs() -> list[Club]:
    """All clubs, the same ones whatever the seed of a sample."""
    rng = np.random.default_rng(0)
    return [
        Club(f"DFL-CLU-{number:06X}", name, tuple(_player(rng, number, place) for place in range(SQUAD)))
        for number, name in enumerate(CLUBS, start=1)
    ]


def _player(rng: np.random.Generator, club: int, place: int) -> Player:
    return Player(
        id=f"DFL-OBJ-{100 * club + place:06X}",
        number=place + 1,
        first_name=str(rng.choice(FIRST_NAMES)),
        last_name=str(rng.choice(LAST_NAMES)),
        position=POSITIONS[place] if place < len(POSITIONS) else "",
    )


def pairing(match: int) -> tuple[int, int]:
    """Who plays at home and who visits, by number of the match: everybody meets everybody, season by season.

    >>> len({pairing(match) for match in range(306)})
    306
    """
    count = len(CLUBS)
    home, away = divmod(match % (count * (count - 1)), count - 1)
    return home, away + (away >= home)
