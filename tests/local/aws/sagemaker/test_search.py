"""Searches without training jobs: what is drawn, what is learned, and how much that is worth."""

import json
import math
import statistics

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from local.aws.services.sagemaker.ranges import parameters
from local.aws.services.sagemaker.search import search
from local.aws.services.sagemaker.validation import ValidationError

SEEDS = range(20)
BUDGET = 12


def _continuous(name, low, high, scaling="Linear"):
    return {"Name": name, "MinValue": low, "MaxValue": high, "ScalingType": scaling}


def _branin(point):
    """0 at its three minima, up to 308: https://www.sfu.ca/~ssurjano/branin.html."""
    x, y = float(point["x"]), float(point["y"])
    square = (y - 5.1 / (4 * math.pi**2) * x**2 + 5 / math.pi * x - 6) ** 2
    return square + 10 * (1 - 1 / (8 * math.pi)) * math.cos(x) + 10 - 0.397887


def _hartmann(point):
    """0 at its minimum, at most 3.86: https://www.sfu.ca/~ssurjano/hart3.html."""
    place = [float(point[name]) for name in "xyz"]
    heights = (1.0, 1.2, 3.0, 3.2)
    widths = ((3, 10, 30), (0.1, 10, 35), (3, 10, 30), (0.1, 10, 35))
    centres = ((3689, 1170, 2673), (4699, 4387, 7470), (1091, 8732, 5547), (381, 5743, 8828))
    distances = [
        sum(w * (p - c / 10_000) ** 2 for w, p, c in zip(width, place, centre, strict=True))
        for width, centre in zip(widths, centres, strict=True)
    ]
    return 3.86278 - sum(h * math.exp(-d) for h, d in zip(heights, distances, strict=True))


def _valley(point):
    """A learning rate on a logarithmic scale, a depth and a share; 0 where all three are best."""
    rate, depth, share = math.log10(float(point["rate"])), int(point["depth"]), float(point["share"])
    return (rate + 1.3) ** 2 + ((depth - 6) / 4) ** 2 + 4 * (share - 0.8) ** 2


BRANIN = {"ContinuousParameterRanges": [_continuous("x", "-5", "10"), _continuous("y", "0", "15")]}
HARTMANN = {"ContinuousParameterRanges": [_continuous(name, "0", "1") for name in "xyz"]}
VALLEY = {
    "ContinuousParameterRanges": [
        _continuous("rate", "0.001", "1", "Logarithmic"),
        _continuous("share", "0.2", "1"),
    ],
    "IntegerParameterRanges": [_continuous("depth", "1", "12")],
}


def _search(strategy, ranges, seed, goal="Minimize", total=BUDGET):
    return search(strategy, parameters(ranges, {}), goal=goal, total=total, seed=seed)


def _run(strategy, ranges, function, seed, goal="Minimize"):
    """The points and the losses of a search, one at a time."""
    found, sign = _search(strategy, ranges, seed, goal), 1 if goal == "Minimize" else -1
    points, losses = [], []
    for number in range(1, BUDGET + 1):
        points.append(found.ask(number).values)
        losses.append(function(points[-1]))
        found.tell(number, sign * losses[-1])
    return points, losses


def test_bayesian_search_beats_random_search_on_the_same_budget():
    """12 points each for 20 seeds on three surfaces; in either search the first 3 are random.

    Medians of the best loss when this was written, random and Bayesian: 2.72 and 1.80 on Branin, 1.19 and
    0.53 on Hartmann, 0.45 and 0.15 in the valley; Bayesian search was better 14, 15 and 14 times. By chance
    38 or more of 60 come in 3 of 100 cases. With optuna's own share of good results it was 31.
    """
    better = 0
    for ranges, function in ((BRANIN, _branin), (HARTMANN, _hartmann), (VALLEY, _valley)):
        random = [min(_run("Random", ranges, function, seed)[1]) for seed in SEEDS]
        bayesian = [min(_run("Bayesian", ranges, function, seed)[1]) for seed in SEEDS]
        assert statistics.median(bayesian) < 0.75 * statistics.median(random)
        assert statistics.mean(bayesian) < 0.75 * statistics.mean(random)
        better += sum(ours < theirs for ours, theirs in zip(bayesian, random, strict=True))
    assert better >= 38


def test_the_greatest_value_is_looked_for_as_the_least_of_its_negative():
    least, _ = _run("Bayesian", BRANIN, _branin, seed=1)
    greatest, _ = _run("Bayesian", BRANIN, _branin, seed=1, goal="Maximize")
    assert least == greatest


def test_a_point_tells_by_which_results_it_was_chosen():
    found = _search("Bayesian", BRANIN, seed=0)
    asked = [found.ask(number) for number in (1, 2, 3, 4)]
    assert {(point.finished, point.inherited) for point in asked} == {((), 0)}
    for number in (4, 1, 3):
        found.tell(number, 1.0)
    fifth = found.ask(5)
    assert (fifth.finished, fifth.inherited) == ((1, 3, 4), 0)
    found.tell(2, None)
    found.learn({"x": "0", "y": "1", "other": "z"}, 3.0)
    sixth = found.ask(6)
    assert (sixth.finished, sixth.inherited) == ((1, 3, 4), 1)
    random = _search("Random", BRANIN, seed=0)
    random.ask(1)
    random.tell(1, 2.0)
    assert random.ask(2).finished == ()


def test_points_asked_for_at_the_same_time_differ():
    found = _search("Bayesian", BRANIN, seed=0)
    for number in (1, 2, 3):
        found.tell(number, _branin(found.ask(number).values))
    asked = [found.ask(number).values for number in (4, 5, 6)]
    places = [((float(a["x"]) + 5) / 15, float(a["y"]) / 15) for a in asked]
    assert all(math.dist(a, b) > 0.05 for a in places for b in places if a is not b)


def test_what_others_achieved_counts_if_it_is_within_the_ranges():
    taught = _search("Bayesian", BRANIN, seed=0)
    for x in ("2", "2.5", "3", "11"):
        taught.learn({"x": x, "y": "2.3", "other": "z"}, 1.0)
    taught.learn({"x": "1"}, 0.0)
    taught.learn({"x": "1", "y": "red"}, 0.0)
    taught.learn({"x": "1", "y": "1"}, None)
    first = taught.ask(1)
    assert first.inherited == 3
    assert first.values != _search("Bayesian", BRANIN, seed=0).ask(1).values


def test_who_knows_what_others_achieved_is_better_from_the_first_point_on():
    """The best of three points, for 6 seeds."""
    ours, theirs = [], []
    for seed in range(6):
        taught = _search("Bayesian", BRANIN, seed)
        for point, loss in zip(*_run("Random", BRANIN, _branin, seed + 100), strict=True):
            taught.learn(point, loss)
        for found, best in ((taught, ours), (_search("Random", BRANIN, seed), theirs)):
            losses = []
            for number in (1, 2, 3):
                losses.append(_branin(found.ask(number).values))
                found.tell(number, losses[-1])
            best.append(min(losses))
    assert statistics.median(ours) < statistics.median(theirs) / 2, (ours, theirs)


@pytest.mark.parametrize("strategy", ["Random", "Bayesian"])
def test_a_search_that_goes_on_asks_for_the_points_that_it_would_have_asked_for(strategy):
    points, losses = _run(strategy, VALLEY, _valley, seed=5)
    again = _search(strategy, VALLEY, seed=5)
    for number in range(1, 7):
        again.learn(points[number - 1], losses[number - 1], number)
    seventh = again.ask(7)
    assert seventh.values == points[6]
    assert seventh.finished == (tuple(range(1, 7)) if strategy == "Bayesian" else ())


def test_a_grid_that_goes_on_leaves_out_what_was_tried():
    ranges = {"CategoricalParameterRanges": [{"Name": "x", "Values": ["1", "2", "3"]}]}
    found = _search("Grid", ranges, seed=None)
    found.learn({"x": "2", "static": "y"}, None, 1)
    assert [found.ask(number).values["x"] for number in (2, 3)] == ["1", "3"]


def test_choices_are_searched_too():
    ranges = {**BRANIN, "CategoricalParameterRanges": [{"Name": "c", "Values": ["far", "near", "farther"]}]}
    penalty = {"near": 0, "far": 40, "farther": 80}
    points, _ = _run("Bayesian", ranges, lambda point: _branin(point) + penalty[point["c"]], seed=3)
    assert statistics.mode(point["c"] for point in points[6:]) == "near"


def test_where_there_is_nothing_to_choose_there_is_one_point():
    ranges = {"ContinuousParameterRanges": [_continuous("x", "2", "2")]}
    points, _ = _run("Bayesian", ranges, lambda point: float(point["x"]), seed=0)
    assert {point["x"] for point in points} == {"2.0"}


@given(
    st.sampled_from(["Linear", "Logarithmic", "ReverseLogarithmic"]),
    st.floats(0.001, 0.9),
    st.floats(0.001, 0.999),
)
@settings(max_examples=200, deadline=None)
def test_what_was_drawn_can_be_told_from_the_text(scaling, low, share):
    [found] = parameters({"ContinuousParameterRanges": [_continuous("x", str(low), "0.999", scaling)]}, {})
    ends = found.distribution
    drawn = ends.low + share * (ends.high - ends.low)
    # The last digit may be lost where 1 is taken away and added.
    assert found.drawn(found.text(drawn)) == pytest.approx(drawn, abs=1e-14)
    assert found.drawn("1.5") is None


def _drawn(kind, low, high, scaling, count=400):
    ranges = {f"{kind}ParameterRanges": [_continuous("x", low, high, scaling)]}
    found = _search("Random", ranges, seed=0, total=count)
    return [found.ask(number).values["x"] for number in range(count)]


@pytest.mark.parametrize(
    ("low", "high", "scaling", "median"),
    [
        ("0", "10", "Linear", 5.0),
        ("0.0001", "1", "Logarithmic", 0.01),
        ("0.0001", "1", "Auto", 0.01),
        ("0.1", "1", "Auto", 0.55),
        ("0", "0.9999", "ReverseLogarithmic", 0.99),
    ],
)
def test_the_scale_decides_where_the_middle_of_a_range_is(low, high, scaling, median):
    values = [float(text) for text in _drawn("Continuous", low, high, scaling)]
    assert min(values) >= float(low)
    assert max(values) <= float(high)
    distance = (lambda x: math.log(1 - x)) if scaling.startswith("Rev") else (lambda x: x)
    if median == 0.01:
        distance = math.log
    found = distance(statistics.median(values))
    width = abs(distance(max(values)) - distance(min(values)))
    assert abs(found - distance(median)) < width / 8


def test_whole_numbers_stay_whole_and_reach_both_ends():
    assert {int(text) for text in _drawn("Integer", "-1", "3", "Linear")} == {-1, 0, 1, 2, 3}
    logarithmic = [int(text) for text in _drawn("Integer", "1", "1000", "Logarithmic")]
    assert statistics.median(logarithmic) < 100
    assert all(json.loads(text) == float(text) for text in _drawn("Continuous", "1e-9", "1", "Logarithmic"))


def test_a_request_of_automatic_ranges_is_refused():
    with pytest.raises(ValidationError, match="AutoParameters are not supported"):
        parameters({"AutoParameters": [{"Name": "x", "ValueHint": "1"}]}, {})
