"""The check of users by variant, and what an experiment of a size can see."""

import pytest

RATIO = "sample_ratio.sample_ratio(observed, shares)"
HALVES = {"control": 0.5, "treatment": 0.5}


def test_the_p_value_is_that_of_the_definition(image):
    found = image(RATIO, observed={"control": 5000, "treatment": 5200}, shares=HALVES)
    statistic = 2 * 100**2 / 5100
    assert found["expected"] == {"control": 5100, "treatment": 5100}
    assert found["p_value"] == pytest.approx(image("float(scipy.stats.chi2.sf(x, 1))", x=statistic))


@pytest.mark.parametrize(
    ("control", "treatment", "sound"), [(5000, 5000, True), (5000, 5200, True), (5000, 5400, False)]
)
def test_what_chance_hardly_makes_stops_the_reading(image, control, treatment, sound):
    observed = {"control": control, "treatment": treatment}
    assert image(f"{RATIO}.is_sound", observed=observed, shares=HALVES) is sound


def test_shares_that_leave_some_users_out_are_compared_with_each_other(image):
    shares = {"control": 0.1, "treatment": 0.05}
    found = image(RATIO, observed={"control": 200, "treatment": 100}, shares=shares)
    assert found["p_value"] == pytest.approx(1)


def test_nobody_is_no_mismatch(image):
    assert image(f"{RATIO}.is_sound", observed={"control": 0, "treatment": 0}, shares=HALVES)


def test_one_in_a_thousand_sound_experiments_is_lost(image):
    code = """[
        sample_ratio.sample_ratio({"control": int(k), "treatment": 10000 - int(k)}, shares).is_sound
        for k in numpy.random.default_rng(8).binomial(10000, 0.5, 4000)
    ].count(False)"""
    lost = image(code, shares=HALVES)
    assert image("float(scipy.stats.binomtest(k, 4000, 0.001).pvalue)", k=lost) > 1e-3, lost


GROUPS = "uplift.Sample(4000, 10.0, 100.0), uplift.Sample(4000, 10.0, 100.0)"


def test_the_detectable_effect_is_that_of_the_textbook(image):
    """(1.960 + 0.842) times the standard error of the difference, as a share of the mean."""
    found = image(f"sensitivity.minimal_detectable_effect({GROUPS}, 0.05, 0.8)")
    assert found == pytest.approx((1.959964 + 0.841621) * (2 / 4000) ** 0.5 * 10 / 10, rel=1e-3)


def test_power_is_its_inverse(image):
    code = f"sensitivity.power_of(sensitivity.minimal_detectable_effect({GROUPS}, 0.05, 0.9), {GROUPS}, 0.05)"
    assert image(code) == pytest.approx(0.9, abs=1e-4)
