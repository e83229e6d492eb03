"""Uplifts and their intervals against SciPy's own tests, against numbers by hand, and by simulation."""

import pytest

from tests.include.jobs.speech.in_image import RaisedError

SAMPLE = "uplift.Sample.of_values(numpy.array({}, float))"
UPLIFT = f"uplift.relative_uplift({SAMPLE.format('control')}, {SAMPLE.format('treatment')})"
COVERED = """[
    (lambda found: (found.interval(0.95), found.p_value))(uplift.relative_uplift(
        uplift.Sample.of_values(rng.gamma(0.5, 2.0, 300)),
        uplift.Sample.of_values(rng.gamma(0.5, 2.0 * (1 + true), 900)),
    ))
    for rng in [numpy.random.default_rng(5)] for _ in range(2000)
]"""


def test_an_uplift_is_the_relative_difference_of_the_means(image):
    found = image(UPLIFT, control=[1, 2, 3, 4], treatment=[2, 3, 4, 5, 6])
    assert found["estimate"] == pytest.approx(4 / 2.5 - 1)


def test_its_standard_error_is_that_of_the_delta_method(image):
    found = image(UPLIFT, control=[1, 2, 3, 4], treatment=[2, 3, 4, 5, 6])
    control, treatment, ratio = 5 / 3 / 4, 2.5 / 5, 4 / 2.5
    assert found["standard_error"] == pytest.approx(((treatment + ratio**2 * control) / 2.5**2) ** 0.5)


def test_with_equal_means_the_p_value_is_welch_s(image):
    """Where the ratio is 1 the linearisation is the difference itself, to the last digit."""
    values = {"control": [1.0, 5.0, 3.0, 3.0], "treatment": [2.9, 3.3, 3.0, 3.1, 2.7]}
    found = image(f"{UPLIFT}.degrees_of_freedom", **values)
    welch = image("float(scipy.stats.ttest_ind(treatment, control, equal_var=False).df)", **values)
    assert found == pytest.approx(welch)


def test_near_no_difference_the_p_value_is_close_to_welch_s(image):
    draw = "numpy.random.default_rng(1).gamma(0.5, 2.0, {}).tolist()"
    values = {"control": image(draw.format(3000)), "treatment": image(draw.format(4000))}
    found = image(f"{UPLIFT}.p_value", **values)
    welch = image("float(scipy.stats.ttest_ind(treatment, control, equal_var=False).pvalue)", **values)
    assert found == pytest.approx(welch, rel=0.05)


@pytest.mark.parametrize("true", [0.0, 0.1])
def test_the_interval_covers_the_truth_as_often_as_it_says(image, true):
    """Of skewed values and variants of different size and variance."""
    found = image(COVERED, true=true)
    covered = sum(low <= true <= high for (low, high), _ in found)
    p_value = image("float(scipy.stats.binomtest(k, n, 0.95).pvalue)", k=covered, n=len(found))
    assert p_value > 1e-3, f"{covered} of {len(found)}"


def test_interval_and_p_value_never_contradict_each_other(image):
    for (low, high), p_value in image(COVERED, true=0.1):
        assert (low <= 0 <= high) == (p_value >= 0.05)


def test_harm_is_one_sided(image):
    values = {"control": [1, 2, 3, 4], "treatment": [2, 3, 4, 5, 6]}
    more, less, both = (
        image(f"{UPLIFT}.{name}", **values) for name in ("p_value_of(1)", "p_value_of(-1)", "p_value")
    )
    assert more < 0.5 < less
    assert more + less == pytest.approx(1)
    assert both == pytest.approx(2 * more)


def test_a_ratio_is_that_of_the_sums_and_users_are_what_varies(image):
    numerators, denominators = [1, 0, 3, 2], [2, 5, 3, 10]
    found = image(
        "uplift.Sample.of_ratio(numpy.array(a, float), numpy.array(b, float))",
        a=numerators,
        b=denominators,
    )
    assert found["mean"] == pytest.approx(6 / 20)
    parts = [a - 0.3 * b for a, b in zip(numerators, denominators, strict=True)]
    assert found["variance"] == pytest.approx(sum(part**2 for part in parts) / 3 / 5**2)


def test_a_ratio_covers_although_sessions_of_a_user_depend_on_each_other(image):
    """Ten sessions of each user, all short or none: a test of sessions would find differences everywhere."""
    code = """[
        (lambda groups: uplift.relative_uplift(*[
            uplift.Sample.of_ratio(10.0 * short, 10.0 * numpy.ones(len(short))) for short in groups
        ]).p_value)([(rng.random(400) < 0.2) for _ in range(2)])
        for rng in [numpy.random.default_rng(6)] for _ in range(1000)
    ]"""
    false = sum(p_value < 0.05 for p_value in image(code))
    assert image("float(scipy.stats.binomtest(k, 1000, 0.05).pvalue)", k=false) > 1e-3, false


ADJUSTED = """(lambda rng: (lambda before: (lambda values: [
    uplift.adjusted(values, before), values, before
])(before * 3 + rng.normal(0, 1, 5000)))(rng.gamma(2.0, 1.0, 5000)))(numpy.random.default_rng(7))"""


def test_adjusting_keeps_the_mean_and_takes_what_was_foretold(image):
    means = image(f"[float(each.mean()) for each in {ADJUSTED}]")
    assert means[0] == pytest.approx(means[1])
    spreads = image(f"[float(each.var()) for each in {ADJUSTED}]")
    assert spreads[0] == pytest.approx(1.0, rel=0.1)
    assert spreads[1] > 15


def test_without_anything_before_nothing_is_adjusted(image):
    code = "uplift.adjusted(numpy.array([1.0, 2.0, 4.0]), numpy.zeros(3)).tolist()"
    assert image(code) == [1.0, 2.0, 4.0]


@pytest.mark.parametrize(
    ("control", "treatment", "message"),
    [([1], [1, 2], "1 users, 2 at least"), ([0, 0], [1, 2], "The control's mean is 0")],
)
def test_what_cannot_be_compared_is_told(image, control, treatment, message):
    with pytest.raises(RaisedError, match=message):
        image(UPLIFT, control=control, treatment=treatment)


def test_values_that_do_not_vary_are_surely_different_or_the_same(image):
    assert image(f"{UPLIFT}.p_value", control=[2, 2], treatment=[3, 3]) == 0
    assert image(f"{UPLIFT}.p_value", control=[2, 2], treatment=[2, 2]) == 1
