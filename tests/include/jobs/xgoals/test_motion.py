import pytest

TRACK = "numpy.arange(-6, 7)[:, None] / 25"


def test_speed_is_that_of_even_running_in_any_direction(image):
    found = image(f"float(motion.speed({TRACK} * [3, -4] + [10, 20]))")
    assert found == pytest.approx(5)


def test_under_acceleration_it_is_that_of_the_middle(image):
    assert image(f"float(motion.speed({TRACK} * [4, 0] + ({TRACK}) ** 2 * [3, 0]))") == pytest.approx(4)


def test_noise_of_two_centimetres_is_a_few_centimetres_a_second(image):
    noise = f"motion.speed(numpy.random.default_rng(0).normal(0, 0.02, (1000, 13, 2)) + {TRACK} * [5, 0])"
    assert image(f"float(({noise}).std())") == pytest.approx(0.02 * 25 / 182**0.5, rel=0.1)


def test_a_gap_leaves_it_unknown(image):
    assert image(f"bool(numpy.isnan(motion.speed(numpy.where({TRACK} == 0, numpy.nan, {TRACK}) * [1, 1])))")
