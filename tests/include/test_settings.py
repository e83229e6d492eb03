"""Settings as a deployment's variables have them."""

import pytest

from include.settings import Settings


@pytest.mark.parametrize(
    ("given", "names"),
    [
        ("subnet-a,subnet-b", ("subnet-a", "subnet-b")),
        (" subnet-a, subnet-b ,", ("subnet-a", "subnet-b")),
        ("subnet-a", ("subnet-a",)),
        ("", ()),
    ],
)
def test_names_are_separated_by_commas(monkeypatch, given, names):
    monkeypatch.setenv("MILLRACE_SUBNETS", given)
    monkeypatch.setenv("MILLRACE_SECURITY_GROUPS", given)
    assert (Settings().subnets, Settings().security_groups) == (names, names)
