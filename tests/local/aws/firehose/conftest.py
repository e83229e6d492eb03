"""A running local AWS with Firehose."""

import zlib

import pytest

from tests.local.aws.firehose.account import Account


@pytest.fixture(scope="module")
def account(server):
    return Account(server.endpoint_url).furnish()


@pytest.fixture
def name(request):
    """A name for what this test makes, good for buckets too."""
    plain = "".join(c if c.isalnum() else "-" for c in request.node.name.removeprefix("test_").lower())
    return f"{plain[:40].strip('-')}-{zlib.crc32(plain.encode()):08x}"
