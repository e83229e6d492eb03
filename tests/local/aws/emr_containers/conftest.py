from pathlib import Path

import pytest

from tests.local.aws.emr_containers.account import Account

SOURCES = Path(__file__).parents[3] / "images"
PYSCRIPT = "123456789012.dkr.ecr.us-east-1.amazonaws.com/millrace/pyscript:1"


@pytest.fixture(scope="module")
def variables():
    """An image that runs scripts by Python alone."""
    return {"MILLRACE_IMAGE_SOURCES": SOURCES}


@pytest.fixture(scope="module")
def account(server):
    return Account(server.endpoint_url, PYSCRIPT).furnish()
