"""Many experiments on the sample world's users: how often is a planted uplift found, and how often none?

``python simulate.py EXPERIMENTS EVENTS UPLIFT`` runs in the image of the jobs and prints JSON. What users did
on 14 days, and on 14 before these, is made once; each experiment draws the variants of them anew.
"""

import json
import sys
from datetime import date

import numpy as np
import pandas as pd
from scipy.stats import binomtest

from assignment import Experiment
from listening import activity
from metrics import COUNTS, METRICS
from planted import Planted
from population import creators, users
from sensitivity import power_of
from uplift import relative_uplift
from world import World

DAYS, ALPHA = 14, 0.05
NAMES = ("engagement", "playback_minutes")
KINDS = {
    "session": {"sessions": None, "seconds": "seconds"},
    "like": {"likes": None},
    "follow": {"follows": "following"},
    "notification": {"notifications_on": "enabled"},
}


def halves(size):
    """Counts of all users before and during the experiment."""
    world = World(42, size, 2 * DAYS, date(2026, 10, 25))
    makers = creators(world)
    folk = users(world, makers, world.days - 1)
    count = world.joined(world.days - 1)
    found = [{name: np.zeros(count) for name in COUNTS} for _ in range(2)]
    for index in range(world.days):
        for events in activity(world, makers, folk, index):
            for name, column in KINDS.get(events.kind, {}).items():
                weights = events.payload[column] if column else None
                found[index >= DAYS][name] += np.bincount(events.payload["user_id"], weights, count)
    names = [f"u{number:07d}" for number in range(count)]
    return [pd.DataFrame(each, index=names).astype("int64") for each in found]


def compared(name, counts, before, treated):
    control, treatment = (METRICS[name].sample(counts, before, each) for each in (~treated, treated))
    return relative_uplift(control, treatment), power_of(UPLIFT, control, treatment, ALPHA)


EXPERIMENTS, EVENTS, UPLIFT = int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])
before, during = halves(EVENTS)
taking_part = during["sessions"] > 0
before, during = before[taking_part], during[taking_part]
tally = {name: {"found": 0, "false": 0, "covered": 0, "power": []} for name in NAMES}
for number in range(EXPERIMENTS):
    experiment = Experiment("simulated", {"control": 0.5, "treatment": 0.5}, str(number))
    treated = experiment.positions(during.index) == 1
    grown = Planted(UPLIFT, 0.0, str(number)).grown(during, treated, date(2026, 11, 22))
    for name, each in tally.items():
        effect, power = compared(name, grown, before, treated)
        nothing, _ = compared(name, during, before, treated)
        low, high = effect.interval(1 - ALPHA)
        each["found"] += effect.p_value < ALPHA and effect.estimate > 0
        each["false"] += nothing.p_value < ALPHA
        each["covered"] += low <= UPLIFT <= high
        each["power"].append(power)
for each in tally.values():
    each["power"] = float(np.mean(each["power"]))
    # How likely so few, or so many, are if the rate is what is stated.
    each["found_p"] = binomtest(each["found"], EXPERIMENTS, each["power"], "less").pvalue
    each["false_p"] = binomtest(each["false"], EXPERIMENTS, ALPHA, "greater").pvalue
    each["covered_p"] = binomtest(each["covered"], EXPERIMENTS, 1 - ALPHA, "less").pvalue
print(json.dumps({"users": len(during), "metrics": tally}, default=float))
