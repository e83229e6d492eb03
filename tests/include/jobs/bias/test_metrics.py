"""The metrics by their definitions: known values, what happens where a ratio has no denominator, and laws."""

import math

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

MADE = "comparisons.Comparison(numpy.array(labels), numpy.array(outcomes), strata)"
ALL = (
    "(lambda c: {name: metric(c) for metrics in (pretraining.METRICS, posttraining.METRICS) "
    f"for name, metric in metrics.items()}})({MADE})"
)
WOMEN, MEN = (433, 679, 10, 8660), (2718, 3678, 84, 13900)
"""TP, FN, FP, TN of the article's model."""
SIGNED = {"CI", "DPL", "CDDL", "DPPL", "CDDPL", "AD", "DAR", "DCA", "DCR", "RD", "SD", "DRR", "TE"}
SYMMETRIC = {"JS", "LP", "TVD", "KS", "GE"}


def outcomes(tp, fn, fp, tn):
    """By observed and predicted outcome."""
    return [[tn, fp], [fn, tp]]


@pytest.fixture
def metrics(image):
    return lambda a, d: all_metrics(image, [outcomes(*a)], [outcomes(*d)])


def all_metrics(image, a, d):
    """All but FT, of the strata of both groups."""
    found = [a, d]
    labels = [[sum(sum(stratum[y]) for stratum in group) for y in (0, 1)] for group in found]
    return image(ALL, labels=labels, outcomes=found, strata=True)


def test_the_article_s_confusion_counts_give_the_article_s_figures(metrics):
    found = metrics(MEN, WOMEN)
    expected = {
        "DPPL": 0.0922,
        "DI": 0.3294,
        "AD": -0.1142,
        "RD": 0.0356,
        "DAR": -0.0074,
        "DCA": -0.2275,
        "SD": 0.0049,
        "DRR": 0.1365,
        "DCR": 0.1328,
        "TE": 24.1143,
    }
    assert {name: found[name] for name in expected} == pytest.approx(expected, abs=5e-5)


@pytest.mark.parametrize(
    ("name", "a", "d", "expected"),
    [
        ("DI", (0, 5, 0, 5), (1, 4, 0, 5), math.inf),
        ("DI", (0, 5, 0, 5), (0, 4, 0, 6), 0.0),
        ("DCA", (0, 5, 0, 5), (5, 0, 0, 5), math.inf),
        ("DCA", (5, 0, 0, 5), (0, 5, 0, 5), -math.inf),
        ("DCA", (0, 5, 0, 5), (0, 1, 0, 9), 0.0),
        ("DCR", (5, 0, 5, 0), (5, 0, 0, 5), -math.inf),
        ("RD", (0, 0, 1, 9), (5, 0, 0, 5), -1.0),
        ("DAR", (0, 5, 0, 5), (0, 5, 0, 5), 0.0),
        ("TE", (5, 1, 1, 5), (5, 1, 0, 6), math.inf),
        ("TE", (5, 1, 0, 6), (5, 1, 1, 5), -math.inf),
        ("TE", (5, 1, 0, 6), (5, 2, 0, 5), 0.0),
        ("TE", (5, 0, 0, 6), (5, 3, 1, 3), 3.0),
        ("KL", (5, 0, 0, 5), (10, 0, 0, 0), math.inf),
        ("KL", (10, 0, 0, 0), (5, 0, 0, 5), math.log(2)),
        ("JS", (10, 0, 0, 0), (0, 0, 0, 10), math.log(2)),
        ("LP", (10, 0, 0, 0), (0, 0, 0, 10), math.sqrt(2)),
    ],
)
def test_ratios_without_a_denominator(metrics, name, a, d, expected):
    assert metrics(a, d)[name] == pytest.approx(expected)


def test_generalised_entropy_is_half_the_squared_coefficient_of_variation_of_the_benefits(metrics):
    benefits = [1] * 7 + [2] * 2 + [0] * 3
    mean = sum(benefits) / 12
    variance = sum((each - mean) ** 2 for each in benefits) / 12
    assert metrics((2, 1, 1, 2), (1, 2, 1, 2))["GE"] == pytest.approx(variance / mean**2 / 2)


def test_generalised_entropy_of_false_negatives_only_is_undefined(image):
    undefined = {"labels": [[0, 1], [0, 1]], "outcomes": [[[[0, 0], [1, 0]]]] * 2, "strata": False}
    with pytest.raises(Exception, match="UndefinedMetricError: every prediction is a false negative"):
        image(f"posttraining.METRICS['GE']({MADE})", **undefined)


def test_without_a_group_variable_there_is_no_conditional_disparity(image):
    counts = {"labels": [[5, 5], [5, 5]], "outcomes": [[outcomes(1, 4, 1, 4)]] * 2, "strata": False}
    with pytest.raises(Exception, match="Group variable is empty or not provided"):
        image(f"pretraining.METRICS['CDDL']({MADE})", **counts)


def test_simpson_s_paradox_is_seen_through(image):
    """Women apply where few are accepted: rejected more often overall, but in no department."""
    men = [outcomes(80, 0, 0, 20), outcomes(2, 0, 0, 18)]
    women = [outcomes(16, 0, 0, 4), outcomes(10, 0, 0, 90)]
    found = all_metrics(image, men, women)
    assert found["DPL"] > 0.4
    assert found["CDDL"] == pytest.approx(0.0)


def test_labels_with_more_than_two_values_have_distributions_over_all(image):
    counts = {
        "labels": [[60, 30, 10], [20, 40, 40]],
        "outcomes": [[[[40], [60]]], [[[80], [20]]]],
        "strata": False,
    }
    found = image(f"[pretraining.METRICS[name]({MADE}) for name in ('LP', 'TVD', 'KS')]", **counts)
    assert found == pytest.approx([math.sqrt(0.4**2 + 0.1**2 + 0.3**2), 0.4, 0.4])


cells = st.tuples(*[st.integers(1, 200)] * 4)
strata = st.integers(1, 3).flatmap(lambda n: st.tuples(*[st.lists(cells, min_size=n, max_size=n)] * 2))
LAW = settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@given(strata)
@LAW
def test_exchanging_the_groups_turns_signs_round(image, groups):
    a, d = [[outcomes(*each) for each in group] for group in groups]
    found, exchanged = all_metrics(image, a, d), all_metrics(image, d, a)
    for name in SIGNED:
        assert exchanged[name] == pytest.approx(-found[name], abs=1e-12), name
    for name in SYMMETRIC:
        assert exchanged[name] == pytest.approx(found[name], abs=1e-12), name
    assert exchanged["DI"] * found["DI"] == pytest.approx(1)


@given(st.lists(cells, min_size=1, max_size=3), st.integers(1, 5))
@LAW
def test_groups_that_are_alike_show_nothing(image, group, times):
    alike = [outcomes(*each) for each in group]
    found = all_metrics(image, alike, alike)
    larger = all_metrics(image, alike, [outcomes(*(times * cell for cell in each)) for each in group])
    neutral = {**dict.fromkeys(SIGNED | SYMMETRIC | {"KL"}, 0.0), "DI": 1.0}
    del neutral["GE"]
    assert {name: found[name] for name in neutral} == pytest.approx(neutral, abs=1e-12)
    del neutral["CI"]
    assert {name: larger[name] for name in neutral} == pytest.approx(neutral, abs=1e-12)


@given(strata)
@LAW
def test_values_stay_in_their_ranges(image, groups):
    found = all_metrics(image, *[[outcomes(*each) for each in group] for group in groups])
    for name in SIGNED - {"DCA", "DCR", "TE"}:
        assert -1 <= found[name] <= 1, name
    assert 0 <= found["JS"] <= math.log(2)
    assert found["TVD"] == pytest.approx(abs(found["DPL"]))
    assert found["KS"] <= found["LP"] <= math.sqrt(2)
    assert min(found["KL"], found["GE"], found["DI"]) >= 0
