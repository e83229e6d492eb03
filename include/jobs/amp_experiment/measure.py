"""Measures an experiment on the lake: what users of two variants did, and whether the treatment is better.

Reads ``days`` of the lake before ``end``, and ``days-before`` before these, one day at a time. Output, under
``--output``:

- ``metrics.json``: the figures of the metrics as flat numbers, users by variant, the verdict as 0 or 1
- ``experiment.json``: everything, with the verdict and its sentence
- ``figures.csv``: a line for each metric and guardrail; ``days.csv``: uplifts from the first day until each
- ``report.html``: all of it with plots
"""

import argparse
import json
import math
import sys
from collections.abc import Sequence
from dataclasses import asdict
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pandas as pd

from assignment import Experiment
from bounds import number
from documents import write_json
from failure import JobError, run_job
from lake_counts import Lake
from metrics import METRICS
from object_files import Files
from observations import CONTROL, TREATMENT, Observations, total
from planted import Planted
from reading import Comparison, Plan, compared, guarded
from sample_ratio import sample_ratio
from uplift import TooFewError
from uplift_report import page
from verdict import SHIP, Verdict, decided, mismatched

WORLD = "world.json"
"""What says of a raw bucket that its events are made up."""
Day = dict[str, Any]
"""A metric's uplift, with its interval, from the first day until one."""


def measured(args: argparse.Namespace) -> dict[str, Any]:
    """The document of ``experiment.json``.

    Raises:
        JobError: the lake lacks a day, there are too few users, or an effect is to be planted into what real
            users did.
    """
    check_planting(args)
    lake, first = Lake(args.lake), args.end - timedelta(days=args.days)
    start = first - timedelta(days=args.days_before)
    days = [start + timedelta(days=each) for each in range((args.end - start).days)]
    for day in days:
        lake.check_day(day)
    before = total(lake.counts(day) for day in days if day < first) if args.days_before else None
    observations = Observations(args.experiment, args.planted)
    history: list[Day] = []
    for day in (each for each in days if each >= first):
        observations.add(lake.counts(day), day)
        history += until(day, observations, before, args)
        print(f"{day}: {len(observations.users):,} users so far", flush=True)
    ratio = sample_ratio(observations.sizes(), args.experiment.shares)
    said = read(observations, before, args) if ratio.is_sound else {"verdict": asdict(mismatched(ratio))}
    return {
        "experiment": described(args, first),
        "planted": {"uplift": args.planted.uplift, "loss": args.planted.loss} if is_planted(args) else None,
        "sample_ratio": asdict(ratio),
        "metrics": {},
        "guardrails": {},
        "not_compared": {},
        # A mismatch stops the reading: there is no figure that somebody could take for a result.
        "days": history if ratio.is_sound else [],
        **said,
    }


def read(observations: Observations, before: pd.DataFrame | None, args: argparse.Namespace) -> dict[str, Any]:
    """The metrics of a sound experiment, and its verdict.

    Raises:
        JobError: the metric that decides cannot be compared.
    """
    guardrails, not_compared = guarded(observations, before, args.plan)
    found: dict[str, Comparison] = {}
    for name in args.metrics:
        try:
            found[name] = compared(METRICS[name], observations, before, args.plan)
        except TooFewError as error:
            if name == args.metrics[0]:
                raise JobError(f"{name} of {observations.sizes()} users: {error}") from error
            not_compared[name] = str(error)
    primary = args.metrics[0]
    verdict: Verdict = decided(primary, found[primary], guardrails, args.plan)
    return {
        "metrics": {name: asdict(each) for name, each in found.items()},
        "guardrails": {name: asdict(each) for name, each in guardrails.items()},
        "not_compared": not_compared,
        "verdict": asdict(verdict),
    }


def until(
    day: date, observations: Observations, before: pd.DataFrame | None, args: argparse.Namespace
) -> list[Day]:
    """The uplifts of the metrics from the first day until this one; none of those with too little yet."""
    found = []
    for name in args.metrics:
        try:
            each = compared(METRICS[name], observations, before, args.plan)
        except TooFewError as error:
            print(f"{day}: {name} is not compared yet: {error}")
            continue
        figures = {"uplift": each.uplift, "low": each.low, "high": each.high}
        found.append({"day": day.isoformat(), "metric": name, "users": len(observations.users), **figures})
    return found


def is_planted(args: argparse.Namespace) -> bool:
    """Whether anything is put into the data, if only an effect of 0."""
    return args.planted_uplift is not None or args.planted.loss > 0


def check_planting(args: argparse.Namespace) -> None:
    """Raises `JobError` if an effect would be planted into what real users did."""
    if is_planted(args) and not Files(args.world).has(WORLD):
        raise JobError(
            f"{args.world} has no {WORLD}, which would say that its events are made up, and an effect is "
            "planted into nothing else: leave planted_uplift and planted_loss empty, or make a sample (the "
            "Param events)."
        )


def described(args: argparse.Namespace, first: date) -> dict[str, Any]:
    """What was measured."""
    experiment: Experiment = args.experiment
    return {
        "name": experiment.name,
        "salt": experiment.salt,
        "shares": dict(experiment.shares),
        "first_day": first.isoformat(),
        "last_day": (args.end - timedelta(days=1)).isoformat(),
        "days_before": args.days_before,
        "alpha": args.plan.alpha,
        "power": args.plan.power,
    }


def flat(document: dict[str, Any]) -> dict[str, float]:
    """The numbers that Airflow is to know."""
    ratio = document["sample_ratio"]
    numbers: dict[str, float] = {f"{each}_users": count for each, count in ratio["observed"].items()}
    numbers["sample_ratio_p"] = ratio["p_value"]
    for name, each in document["metrics"].items():
        numbers |= {f"{name}_{figure}": each[figure] for figure in ("uplift", "low", "high", "p_value")}
        numbers[f"{name}_detectable"] = each["detectable"]
    for name, each in document["guardrails"].items():
        numbers |= {f"{name}_uplift": each["uplift"], f"{name}_harm": each["harm"]}
    numbers["ship"] = int(document["verdict"]["outcome"] == SHIP)
    return numbers


def run(args: argparse.Namespace) -> None:
    """Measures, draws and writes.

    Raises:
        JobError: see `measured`.
    """
    document = measured(args)
    output: Path = args.output
    write_json(output / "experiment.json", document)
    write_json(output / "metrics.json", flat(document))
    lines = [
        {"metric": name, "role": role, **each}
        for role, of_role in (("metric", "metrics"), ("guardrail", "guardrails"))
        for name, each in document[of_role].items()
    ]
    pd.DataFrame(lines, columns=["metric", "role", *Comparison.__annotations__]).to_csv(
        output / "figures.csv", index=False
    )
    pd.DataFrame(document["days"], columns=["day", "metric", "users", "uplift", "low", "high"]).to_csv(
        output / "days.csv", index=False
    )
    (output / "report.html").write_text(page(document), encoding="utf-8")
    print(json.dumps(document["verdict"]))


def arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    """The command line, with what it makes of several options: ``experiment``, ``planted`` and ``plan``."""
    parser = argparse.ArgumentParser(description="Measures an experiment on the lake.")
    add = parser.add_argument
    add("--lake", required=True, help="folder or S3 URI of the lake's tables")
    add("--world", required=True, help="folder or S3 URI of the raw events")
    add("--name", required=True, help="of the experiment, as whoever serves the variants knows it")
    add("--salt", default="")
    add("--control-share", type=number(float, 0, 1, above=True), default=0.5)
    add("--treatment-share", type=number(float, 0, 1, above=True), default=0.5)
    add("--end", type=date.fromisoformat, required=True, help="the day after the last one")
    add("--days", type=number(int, 1, 400), default=14)
    add("--days-before", type=number(int, 0, 400), default=14, help="to cut the variance by")
    add("--metrics", nargs="+", choices=METRICS, default=[*METRICS], help="the first decides")
    add("--alpha", type=number(float, 0, 0.5, above=True), default=0.05)
    add("--power", type=number(float, 0.5, 1, below=True), default=0.8)
    add("--planted-uplift", type=number(float, -0.9, 1), help="put into made-up data")
    add("--planted-loss", type=number(float, 0, 1), default=0.0, help="of the treatment's users, so too")
    add("--output", type=Path, required=True)
    args = parser.parse_args(argv)
    shares = {CONTROL: args.control_share, TREATMENT: args.treatment_share}
    if math.fsum(shares.values()) > 1:
        parser.error(f"the shares sum up to {math.fsum(shares.values()):g}, which is over 1")
    args.experiment = Experiment(args.name, shares, args.salt)
    args.planted = Planted(args.planted_uplift or 0.0, args.planted_loss, f"{args.name} {args.salt}")
    args.plan = Plan(args.alpha, args.power)
    return args


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the job from the command line; returns the exit code."""
    args = arguments(argv)
    return run_job(lambda: run(args))


if __name__ == "__main__":
    sys.exit(main())
