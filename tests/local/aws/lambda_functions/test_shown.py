"""What the page of a function shows of its variables."""

import pytest

from local.aws.pages.functions import HIDDEN, shown


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("COLOUR", "blue", "blue"),
        ("MILLRACE_CATALOG_TOKEN", "abc", HIDDEN),
        ("db_password", "abc", HIDDEN),
        ("MILLRACE_REDIS_URL", "redis://:p-w@host:6379/0", f"redis://:{HIDDEN}@host:6379/0"),
        ("MILLRACE_REDIS_URL", "unix://:p%2Fw@/run/redis.sock", f"unix://:{HIDDEN}@/run/redis.sock"),
        ("MILLRACE_CATALOG_URL", "http://127.0.0.1:4566/a", "http://127.0.0.1:4566/a"),
    ],
)
def test_secrets_are_hidden_and_nothing_else(name, value, expected):
    found = shown({"FunctionName": "f", "Environment": {"Variables": {name: value}}})
    assert found == {"FunctionName": "f", "Environment": {"Variables": {name: expected}}}
