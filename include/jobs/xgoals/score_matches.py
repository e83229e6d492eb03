"""Scores every shot of matches at the live endpoint, and the best pass instead of it.

Output, under ``--output``:

- ``report.html``: chances by team, shot map, shots, players and goalkeepers of each match
- ``<match>/shots.json``, ``players.json``, ``goalkeepers.json``, ``shot_map.png``, ``race.png``
- ``metrics.json``: ``scored_matches``, ``scored_set_aside``, ``scored_shots``, ``scored_goals``,
  ``scored_xg``, ``better_passes``

A match that breaks a rule or cannot be read is set aside and named on the page.
"""

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

import match_plots
import passes
import shots
from documents import write_json
from endpoint_scores import scores
from failure import JobError, run_job
from goal_view import Floats
from match_files import PROVIDERS, Files, Provider
from match_rules import judged
from match_tables import ScoredMatch, scored
from matches import Match
from pages import render

TEMPLATE = Path(__file__).with_name("match_report.html")
MOST_MATCHES = 10
"""On one page."""
Ask = Callable[[Floats], Floats]


def usable(provider: Provider, found: Sequence[Files]) -> tuple[list[Match], dict[str, str]]:
    """The matches that keep all rules, the last by name first, and why others are set aside.

    Raises:
        JobError: none keeps them.
    """
    chosen: list[Match] = []
    set_aside: dict[str, str] = {}
    for files in reversed(found):
        answer = judged(provider, files)
        if answer.match is None:
            set_aside[files.match] = answer.reason
        else:
            chosen.append(answer.match)
    if not chosen:
        reasons = "; ".join(f"{match}: {reason}" for match, reason in set_aside.items())
        raise JobError(f"No match can be scored. {reasons}")
    return chosen, set_aside


def score(match: Match, ask: Ask) -> ScoredMatch:
    """Asks about all shots of a match and all passes instead of them, in one go."""
    found = [passes.options(shot) for shot in match.shots]
    others = [option.features for options in found for option in options]
    table = shots.table(match.shots)
    rows = np.concatenate([table, np.reshape(others, (-1, table.shape[1]))])
    return scored(match, found, ask(rows).tolist())


def shown(match: ScoredMatch) -> dict[str, Any]:
    """What the page says of a match."""
    about = match.match
    teams = {
        side: {"name": team.name, "xg": sum(each.xg for each in match.of(team)), "shots": len(match.of(team))}
        for side, team in (("home", about.home), ("away", about.away))
    }
    return {
        "id": about.id,
        "kickoff": about.kickoff,
        "result": f"{about.result[0]}:{about.result[1]}",
        **teams,
        "shots": [each.row() for each in match.shots],
        "players": match.players(),
        "goalkeepers": match.goalkeepers(),
        "shot_map": match_plots.shot_map(match),
        "race": match_plots.race(match),
    }


def write(match: dict[str, Any], folder: Path) -> None:
    """The tables and pictures of a match as files."""
    for name in ("shots", "players", "goalkeepers"):
        write_json(folder / f"{name}.json", match[name])
    for name in ("shot_map", "race"):
        (folder / f"{name}.png").write_bytes(match[name])


def run(args: argparse.Namespace) -> dict[str, Any]:
    """Reads, scores and writes; returns the metrics.

    Raises:
        JobError: there is no match that can be scored, or the endpoint gives no chances.
    """
    provider = PROVIDERS[args.provider]
    found = provider.matches(args.input)
    if len(found) > MOST_MATCHES:
        raise JobError(
            f"There are {len(found)} matches, {MOST_MATCHES} fit on a page: give a folder of fewer."
        )
    chosen, set_aside = usable(provider, found)
    matches = []
    for match in chosen:
        matches.append(shown(score(match, lambda rows: scores(args.endpoint, rows))))
        write(matches[-1], args.output / match.id)
        print(f"{match.id}: {len(match.shots)} shots", flush=True)
    page = render(TEMPLATE, matches=matches, set_aside=set_aside)
    (args.output / "report.html").write_text(page, encoding="utf-8")
    rows = [row for match in matches for row in match["shots"]]
    metrics = {
        "scored_matches": len(matches),
        "scored_set_aside": len(set_aside),
        "scored_shots": len(rows),
        "scored_goals": sum(row["outcome"] == "goal" for row in rows),
        "scored_xg": sum(row["xg"] for row in rows),
        "better_passes": sum(row["better_passes"] for match in matches for row in match["players"]),
    }
    write_json(args.output / "metrics.json", metrics)
    return metrics


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the job from the command line; returns the exit code."""
    parser = argparse.ArgumentParser(description="Scores the shots of matches at an endpoint.")
    add = parser.add_argument
    add("--input", type=Path, required=True, help="folder with the files of matches")
    add("--provider", choices=list(PROVIDERS), default="sportec", help="who made them, as kloppy names it")
    add("--endpoint", required=True, help="name of the endpoint with the model")
    add("--output", type=Path, required=True, help="folder to write to")
    args = parser.parse_args(argv)
    return run_job(lambda: print(json.dumps(run(args))))


if __name__ == "__main__":
    sys.exit(main())
