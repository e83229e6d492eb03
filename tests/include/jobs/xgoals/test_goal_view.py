"""What a shooter sees of the goal: examples worked out by hand, and laws that hold wherever he stands."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

HALF = 7.32 / 2
positions = st.tuples(st.floats(1, 60), st.floats(-30, 30))
bodies = st.lists(st.tuples(st.floats(0, 60), st.floats(-30, 30)), min_size=1, max_size=11)


def view(image, function, ball, others=None, **more):
    values = ", numpy.array(others, float)" if others is not None else ""
    options = "".join(f", {name}={value}" for name, value in more.items())
    return image(
        f"float(goal_view.{function}(numpy.array(ball, float){values}{options}))", ball=ball, others=others
    )


def test_distance_is_to_the_middle_of_the_goal(image):
    assert view(image, "distance", [12, 5]) == 13


@pytest.mark.parametrize(
    ("ball", "radians"),
    [
        ([11, 0], 2 * math.atan(HALF / 11)),
        ([HALF, 0], math.pi / 2),
        ([5, HALF], math.atan(7.32 / 5)),  # in front of a post
        ([1e-9, 0], math.pi),
    ],
)
def test_the_angle_is_that_between_the_posts(image, ball, radians):
    assert view(image, "angle", ball) == pytest.approx(radians)


@pytest.mark.parametrize(
    ("others", "share"),
    [
        ([[20, 0]], 1),  # behind the ball
        ([[-1, 0]], 1),  # behind the goal line
        ([[5.5, 20]], 1),  # far aside
        ([[5.5, 0]], 1 - math.asin(0.25 / 5.5) / math.atan(HALF / 11)),
        ([[5.5, 0], [2, 0]], 1 - math.asin(0.25 / 5.5) / math.atan(HALF / 11)),  # one behind the other
        ([[5.5, 1], [5.5, -1]], 1 - 2 * math.asin(0.25 / math.hypot(5.5, 1)) / math.atan(HALF / 11)),
        ([[math.nan, math.nan]], 1),
    ],
)
def test_bodies_hide_what_is_behind_them(image, others, share):
    assert view(image, "visible_share", [11, 0], others) == pytest.approx(share)


def test_who_stands_at_the_ball_hides_all(image):
    assert view(image, "visible_share", [11, 0], [[10.9, 0]]) == 0


def test_a_goalkeeper_with_his_arms_out_hides_more(image):
    assert view(image, "visible_share", [11, 0], [[1, 0]], width=2.0) == pytest.approx(
        1 - math.asin(1 / 10) / math.atan(HALF / 11)
    )


@pytest.mark.parametrize(
    ("others", "count"),
    [
        ([[5.5, HALF / 2 - 0.01], [5.5, HALF / 2 + 0.01]], 1),  # on both sides of the edge, half way
        ([[0, HALF - 0.01], [12, 0], [-1, 0]], 1),
        ([[math.nan, math.nan]], 0),
    ],
)
def test_defenders_in_line_are_in_the_triangle_of_ball_and_posts(image, others, count):
    assert view(image, "bodies_in_triangle", [11, 0], others) == count


@settings(max_examples=60, deadline=None)
@given(ball=positions, others=bodies)
def test_left_and_right_are_the_same(image, ball, others):
    mirrored = {"ball": [ball[0], -ball[1]], "others": [[x, -y] for x, y in others]}
    for function in ("visible_share", "bodies_in_triangle"):
        assert view(image, function, ball, others) == pytest.approx(
            view(image, function, **mirrored), abs=1e-9
        )
    assert view(image, "angle", ball) == pytest.approx(view(image, "angle", mirrored["ball"]))


@settings(max_examples=60, deadline=None)
@given(ball=positions, others=bodies)
def test_one_more_body_shows_no_more_and_the_order_is_nothing(image, ball, others):
    share = view(image, "visible_share", ball, others)
    assert 0 <= share <= 1
    assert share <= view(image, "visible_share", ball, others[1:] or [[99, 0]]) + 1e-9
    assert share == pytest.approx(view(image, "visible_share", ball, others[::-1]), abs=1e-9)


@settings(max_examples=40, deadline=None)
@given(ball=positions)
def test_the_angle_is_less_from_farther_away_in_the_same_direction(image, ball):
    assert view(image, "angle", [2 * each for each in ball]) < view(image, "angle", ball)
