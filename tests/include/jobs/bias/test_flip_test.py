"""FT: neighbours, their majority, and the sign."""

import random

import pytest

FT = "flip_test.flip_test(numpy.array(features, float), numpy.array(d), numpy.array(predicted))"


@pytest.fixture
def flip(image):
    def ask(a, d):
        """Points as (feature, prediction) of both groups."""
        rows = [*a, *d]
        features = [[place] if isinstance(place, int | float) else list(place) for place, _ in rows]
        is_d = [False] * len(a) + [True] * len(d)
        return image(FT, features=features, d=is_d, predicted=[bool(each) for _, each in rows])

    return ask


def test_a_rejected_member_whose_neighbours_are_accepted_counts_for_bias(flip):
    assert flip([(0, 1), (9, 0)], [(1, 0), (8, 0)]) == 0.5


def test_an_accepted_member_whose_neighbours_are_rejected_counts_against(flip):
    assert flip([(0, 1), (9, 0)], [(1, 1), (8, 1)]) == -0.5


def test_both_kinds_cancel_out(flip):
    assert flip([(0, 1), (9, 0)], [(1, 0), (8, 1)]) == 0.0


def test_from_ten_members_on_five_neighbours_decide(flip):
    near = [(0, 0), (1, 1), (-1, 1), (2, 1), (-2, 0)]
    far = [(100 + place, 0) for place in range(5)]
    assert flip(near + far[:4], [(0, 0)]) == 0.0
    assert flip(near + far, [(0, 0)]) == 1.0


def test_members_at_the_same_point_share_their_votes(flip):
    """Six of eight there are accepted: whichever five of them are asked, most are on average."""
    here = [(0, 1)] * 6 + [(0, 0)] * 2
    assert flip([*here, (50, 0), (51, 0)], [(0, 0)]) == 1.0


def test_a_tie_flips_nobody(flip):
    assert flip([(0, 1), (0, 0)], [(0, 0), (0, 1)]) == 0.0


def test_identical_groups_show_nothing(flip):
    group = [((place, -place), place % 3 == 0) for place in range(40)]
    assert flip(group[::-1], group) != 1  # five neighbours may outvote one's own twin
    assert flip(group[:9], group[:9]) == 0.0


def test_the_order_of_the_rows_does_not_matter(flip):
    draw = random.Random(7)
    a, d = (
        [((draw.randrange(6), draw.randrange(6)), draw.random() < share) for _ in range(300)]
        for share in (0.6, 0.4)
    )
    found = flip(a, d)
    for group in (a, d):
        draw.shuffle(group)
    assert flip(a, d) == found
    assert found > 0.2


@pytest.mark.parametrize(
    ("features", "reason"),
    [([[], []], "no column of numbers"), ([[float("nan")], [1.0]], "no row of one of the two groups")],
)
def test_without_numbers_there_is_none(image, features, reason):
    with pytest.raises(Exception, match=f"UndefinedMetricError: .*{reason}"):
        image(
            FT.replace("float)", "float).reshape(2, -1)"),
            features=features,
            d=[False, True],
            predicted=[True, False],
        )
