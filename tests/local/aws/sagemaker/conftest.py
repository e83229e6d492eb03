import pytest

from tests.local.aws.conftest import IMAGE_SOURCES
from tests.local.aws.sagemaker.account import Account


@pytest.fixture(scope="module")
def variables():
    return {"MILLRACE_IMAGE_SOURCES": IMAGE_SOURCES}


@pytest.fixture(scope="module")
def account(server):
    return Account(server.endpoint_url).furnish()
