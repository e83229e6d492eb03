import math

import pytest

PASS = "passes.completion(numpy.zeros(2), numpy.array(ends, float), numpy.array(others, float)).tolist()"
OFFSIDE = (
    "passes.offside(numpy.array(ball, float), numpy.array(mates, float), numpy.array(others, float)).tolist()"
)


def test_a_pass_arrives_where_nobody_is_near(image):
    [chance] = image(PASS, ends=[[10, 0]], others=[[10, 40], [math.nan, math.nan]])
    assert chance > 0.99


def test_the_chance_is_that_of_the_first_to_be_there(image):
    """An opponent 4.3 m beside the end of a pass of 15 m is there 0.4 s after the ball."""
    [chance] = image(PASS, ends=[[15, 0]], others=[[15, 4.3]])
    late = 0.7 + (4.3 - 0.8) / 5 - 1
    assert chance == pytest.approx(1 / (1 + math.exp(-math.pi / 3**0.5 * late / 0.45)), abs=0.01)


def test_who_stands_in_the_way_takes_it(image):
    free, blocked = image(PASS, ends=[[10, 0], [0, 10]], others=[[0.0, 6.0]])
    assert blocked < 0.2
    assert free > 0.9


def test_offside_is_nearer_than_the_ball_and_the_last_but_one(image):
    others = [[1, 0], [10, 0], [30, 0]]
    assert image(OFFSIDE, ball=[20, 0], mates=[[9, 3], [11, 3], [25, 3]], others=others) == [
        True,
        False,
        False,
    ]
    # Level with the ball, nobody is.
    assert image(OFFSIDE, ball=[5, 0], mates=[[5, 3], [4, 3]], others=others) == [False, True]


def test_of_passes_the_one_that_is_worth_most_is_the_best(image):
    options = "[passes.Option(name, chance, None) for name, chance in (('a', 0.9), ('b', 0.4))]"
    best = f"(lambda found: [found[0].to, found[1]])(passes.best({options}, [0.1, 0.5]))"
    assert image(best) == ["b", pytest.approx(0.2)]
    assert image("passes.best([], [])") is None
