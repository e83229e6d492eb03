"""Numbers on the command line, from their lower to their upper bound."""

import argparse

import pytest

from include.jobs.shared.bounds import number


@pytest.mark.parametrize(
    ("options", "taken", "refused"),
    [
        (
            {},
            ("0", "0.5", "1"),
            {"-0.1": "at least 0 and at most 1", "nan": "at least 0", "x": "of type float"},
        ),
        ({"above": True}, ("0.1", "1"), {"0": "0 is not more than 0 and at most 1"}),
        ({"below": True}, ("0", "0.9"), {"1": "1 is not at least 0 and less than 1"}),
        (
            {"above": True, "below": True},
            ("0.5",),
            {"0": "more than 0", "1": "less than 1", "nan": "more than"},
        ),
    ],
)
def test_the_bounds_belong_to_it_unless_they_are_excluded(options, taken, refused):
    parse = number(float, 0, 1, **options)
    assert [parse(text) for text in taken] == [float(text) for text in taken]
    for text, says in refused.items():
        with pytest.raises(argparse.ArgumentTypeError, match=says):
            parse(text)


def test_without_an_upper_bound_every_larger_number_is_taken():
    assert number(int, 1)("1000000") == 1_000_000
    with pytest.raises(argparse.ArgumentTypeError, match=r"'1\.5' is not of type int"):
        number(int, 1)("1.5")
