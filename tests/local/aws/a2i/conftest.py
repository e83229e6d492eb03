import pytest

from tests.local.aws.a2i.account import ReviewAccount


@pytest.fixture(scope="module")
def account(server):
    return ReviewAccount(server.endpoint_url).furnish()
