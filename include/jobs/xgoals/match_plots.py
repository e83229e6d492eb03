"""Pictures of a match."""

import numpy as np
from matplotlib.colors import to_rgba
from mplsoccer import Pitch

from figures import GRID, axes, png, written
from match_tables import ScoredMatch

COLOURS = ("#1f6feb", "#bc4c00")
"""Of home and away."""
LARGEST = 900.0
"""Square points of a certain goal's mark."""


def shot_map(scored: ScoredMatch) -> bytes:
    """All shots on the pitch, the home team's to the right; the larger the likelier, filled where a goal."""
    match, (length, width) = scored.match, scored.match.pitch
    figure, plot = axes("Shots, larger where a goal was likelier; goals are filled", width=9.0, height=6.2)
    Pitch(pitch_type="custom", pitch_length=length, pitch_width=width, line_color=GRID).draw(ax=plot)
    for team, colour, to_right in zip((match.home, match.away), COLOURS, (True, False), strict=True):
        taken = scored.of(team)
        where = np.array([each.shot.moment.ball for each in taken]).reshape(-1, 2)
        x, y = where[:, 0], width / 2 + where[:, 1]
        plot.scatter(
            length - x if to_right else x,
            y if to_right else width - y,
            s=[20 + LARGEST * each.xg for each in taken],
            facecolors=[to_rgba(colour, 0.8 if each.shot.is_goal else 0.0) for each in taken],
            edgecolors=colour,
            linewidths=1.5,
            zorder=3,
        )
        plot.scatter(
            [], [], s=80, color=colour, label=written(f"{team.name}: {sum(each.xg for each in taken):.2f} xG")
        )
    plot.legend(frameon=False, loc="lower center", ncols=2, bbox_to_anchor=(0.5, -0.06))
    return png(figure)


def race(scored: ScoredMatch) -> bytes:
    """The sum of each team's chances as the match went on; a dot is a goal."""
    match = scored.match
    figure, plot = axes("Sum of the chances", width=9.0, height=3.6)
    end = max([90, *(each.minute for each in scored.shots)])
    for team, colour in zip((match.home, match.away), COLOURS, strict=True):
        taken = scored.of(team)
        sums = np.cumsum([0.0, *(each.xg for each in taken)])
        minutes = [0, *(each.minute for each in taken)]
        plot.step([*minutes, end], [*sums, sums[-1]], where="post", color=colour, label=written(team.name))
        goals = [place for place, each in enumerate(taken, start=1) if each.shot.is_goal]
        plot.plot([minutes[place] for place in goals], sums[goals], "o", color=colour)
    plot.set(xlabel="minute", ylabel="xG", xlim=(0, end), ylim=(0, None))
    plot.grid(color=GRID, alpha=0.25)
    plot.legend(frameon=False, loc="upper left")
    return png(figure)
