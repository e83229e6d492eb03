"""Who is in which variant: the same for ever, in shares as asked for, and independent between experiments."""

import hashlib

import pytest

from tests.include.jobs.speech.in_image import RaisedError

USERS = [f"u{number:07d}" for number in range(20_000)]
HALVES = {"control": 0.5, "treatment": 0.5}
POSITIONS = "assignment.Experiment(name, shares, salt).positions(users).tolist()"


@pytest.fixture
def positions(image):
    def ask(name="ranking", shares=HALVES, salt="", users=USERS):
        return image(POSITIONS, name=name, shares=shares, salt=salt, users=users)

    return ask


def by_hand(name, salt, user):
    digest = hashlib.sha256(f"{name}\0{salt}\0{user}".encode()).digest()
    return (int.from_bytes(digest[:8], "big") >> 11) / 2**53


def test_a_fraction_is_the_first_bits_of_the_digest(image):
    asked = ["u0000001", "Zoë", ""]
    found = image("assignment.Experiment('a', {'x': 1}, 'b').fractions(users).tolist()", users=asked)
    assert found == [by_hand("a", "b", user) for user in asked]
    assert all(0 <= each < 1 for each in found)


def test_a_user_stays_whoever_else_is_asked_about_and_in_whatever_order(positions):
    every = positions()
    assert positions(users=USERS[::-1]) == every[::-1]
    assert positions(users=USERS[7:8]) == every[7:8]


def test_one_user_is_answered_as_many_are(image, positions):
    names = [*HALVES]
    for user, position in zip(USERS[:50], positions(users=USERS[:50]), strict=True):
        found = image("assignment.Experiment('ranking', shares).variant(user)", shares=HALVES, user=user)
        assert found == names[position]


@pytest.mark.parametrize(
    "shares", [HALVES, {"control": 0.9, "treatment": 0.1}, {"a": 0.2, "b": 0.3, "c": 0.1}]
)
def test_shares_are_as_asked_for_and_the_rest_is_outside(image, positions, shares):
    found = positions(shares=shares)
    counts = [found.count(position) for position in (*range(len(shares)), -1)]
    rest = 1 - sum(shares.values())
    for count, share in zip(counts, [*shares.values(), rest], strict=True):
        if share < 1e-9:
            assert count == 0
            continue
        p_value = image("float(scipy.stats.binomtest(k, n, p).pvalue)", k=count, n=len(USERS), p=share)
        assert p_value > 1e-4


@pytest.mark.parametrize("other", [{"name": "another"}, {"salt": "2"}])
def test_experiments_and_salts_are_independent(image, positions, other):
    table = [[0, 0], [0, 0]]
    for first, second in zip(positions(), positions(**other), strict=True):
        table[first][second] += 1
    p_value = image("float(scipy.stats.chi2_contingency(numpy.array(table)).pvalue)", table=table)
    assert p_value > 1e-4


def test_names_cannot_be_cut_otherwise_into_the_same_experiment(positions):
    assert positions(name="ab", salt="c") != positions(name="a", salt="bc")


@pytest.mark.parametrize(
    ("shares", "message"),
    [
        ({"control": 0.5, "treatment": 0.6}, "sum up to 1.1, which is over 1"),
        ({"control": 0}, "the share 0 of control is not over 0"),
        ({"control": 1.5}, "the share 1.5 of control"),
    ],
)
def test_shares_that_cannot_be_are_refused(positions, shares, message):
    with pytest.raises(RaisedError, match=message):
        positions(shares=shares)


def test_thirds_are_shares_too(positions):
    assert set(positions(shares={"a": 1 / 3, "b": 1 / 3, "c": 1 / 3})) == {0, 1, 2}
